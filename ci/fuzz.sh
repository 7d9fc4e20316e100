#!/usr/bin/env bash
# Runs each fuzz target for some seconds, on top of the corpus in the repository.
#
#     ci/fuzz.sh                60 seconds each
#     ci/fuzz.sh 1200 map_ops   one of them, 20 minutes
#
# LOXLEY_SLOTS=1 (or 2) makes buckets so narrow. What is found goes to fuzz/artifacts, new inputs to fuzz/found; after a run,
# `cargo fuzz cmin TARGET fuzz/found/TARGET` leaves those that are worth a place in fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo fuzz --version >/dev/null 2>&1; then
    echo 'skipped: no cargo-fuzz here, so NOTHING WAS FUZZED (cargo install cargo-fuzz)'
    exit 0
fi
seconds=${1:-60}
targets=("${@:2}")
if [ ${#targets[@]} -eq 0 ]; then
    mapfile -t targets < <(cargo fuzz list)
fi

export RUSTC_BOOTSTRAP=1 # sanitizers and coverage are unstable options
slots=${LOXLEY_SLOTS:+--cfg loxley_slots=\"$LOXLEY_SLOTS\"}
export RUSTFLAGS="--cfg loxley_hooks $slots ${RUSTFLAGS:-}"
for target in "${targets[@]}"; do
    mkdir -p "fuzz/found/$target"
    # Retired memory outlives an input, so the fuzzer would look for leaks after each; ci/sanitizers.sh looks for them.
    cargo fuzz run --target-dir "fuzz/target/slots-${LOXLEY_SLOTS:-7}" "$target" "fuzz/found/$target" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -max_len=512 -len_control=10 -detect_leaks=0 -timeout=60 -print_final_stats=1
done
