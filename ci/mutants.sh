#!/usr/bin/env bash
# Changes src/raw in small ways, one at a time (cargo-mutants), and sees whether a test fails: a change that none notices is in
# code that does nothing, or that no test knows of.
#
#     ci/mutants.sh                       all; some hours
#     ci/mutants.sh src/raw/remove.rs     these files
#
# In three rounds, each with those that are left: a few quick tests and then most of the suite with buckets of two slots, where
# rare paths are common; then with buckets of seven, for the vector probe and for what depends on sizes. tests/README.md explains
# those that are left in the end.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo mutants --version >/dev/null 2>&1; then
    echo 'no cargo-mutants here, so NOTHING WAS CHECKED (cargo install cargo-mutants)' >&2
    exit 1
fi
files=("$@")
if [ ${#files[@]} -eq 0 ]; then
    files=('src/raw/**/*.rs')
fi
out=${MUTANTS_OUT:-target/mutants/out}
mkdir -p "$out"

# Most of the time is the compiler's.
export CARGO_PROFILE_TEST_OPT_LEVEL=0 CARGO_PROFILE_TEST_DEBUG=0 CARGO_PROFILE_TEST_INCREMENTAL=true
export CARGO_TARGET_DIR=$PWD/target/mutants/build
# Many a change makes a loop endless. Processor time tells that on a busy machine too; what waits for ever is left to --timeout.
host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
export "CARGO_TARGET_${host}_RUNNER=prlimit --cpu=${CPU_LIMIT:-20} --core=0"
# Not what is tested but what tests, and what is for people only.
args=(--exclude 'src/raw/check.rs' --exclude 'src/raw/hooks.rs' --exclude 'src/raw/guards.rs' --exclude-re 'Debug')
for file in "${files[@]}"; do
    args+=(--file "$file")
done

# round OPTIONS ARGUMENTS...: the mutants that earlier rounds have not caught. Those that are left are the result, not an error.
round() {
    RUSTFLAGS="$1 ${RUSTFLAGS:-}" cargo mutants --output "$out" --iterate --jobs 1 --baseline skip --no-shuffle \
        --timeout 300 --build-timeout 900 --colors never "${args[@]}" "${@:2}" || [ $? -le 3 ]
}

narrow='--cfg loxley_hooks --cfg loxley_slots="2"'
quick=(--lib --test fuzz_corpus)
most=(--test api --test model --test bad_hash --test drops --test owned --test compute --test entry --test reserve --test batch
    --test iteration --test register --test wraparound --test panics --test scan --test miri)
round "$narrow" --exclude 'src/raw/probe/sse2.rs' -- "${quick[@]}"
round "$narrow" --exclude 'src/raw/probe/sse2.rs' -- "${most[@]}"
round '--cfg loxley_hooks' -- "${quick[@]}" "${most[@]}" --test memory
echo "not caught: $(wc -l <"$out/mutants.out/missed.txt"), see $out/mutants.out/missed.txt"
