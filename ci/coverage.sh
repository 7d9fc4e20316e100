#!/usr/bin/env bash
# Which lines and regions of src/ the tests run. Needs llvm-tools (`rustup component add llvm-tools`).
#
#     ci/coverage.sh                         all test files
#     ci/coverage.sh --lib --test model      some; arguments go to cargo test
#
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$(dirname "$(rustc --print target-libdir)")/bin
if ! [ -x "$bin/llvm-cov" ]; then
    echo 'skipped: no llvm-tools here, so NOTHING WAS MEASURED (rustup component add llvm-tools)'
    exit 0
fi
if [ $# -eq 0 ]; then
    set -- --lib --tests
fi

target=target/coverage
export RUSTFLAGS="-Cinstrument-coverage ${RUSTFLAGS:-}"
rm -rf "$target/raw"
LLVM_PROFILE_FILE="$PWD/$target/raw/%p-%m.profraw" cargo test --target-dir "$target" "$@"
"$bin/llvm-profdata" merge --sparse "$target/raw" -o "$target/tests.profdata"

# The test programs, as cargo names them when it is asked again.
mapfile -t programs < <(cargo test --target-dir "$target" --no-run --message-format=json "$@" 2>/dev/null |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
others=("${programs[@]:1}")
llvm_cov() {
    "$bin/llvm-cov" "$1" -instr-profile "$target/tests.profdata" "${programs[0]}" "${others[@]/#/-object=}" "${@:2}" -sources src
}
llvm_cov report
llvm_cov show -show-instantiations=false > "$target/lines.txt"
echo "each line with how often it ran: $target/lines.txt"
