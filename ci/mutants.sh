#!/usr/bin/env bash
# Changes src/raw in small ways, one at a time, and sees whether a test fails: a change that none notices is in code that does
# nothing, or that no test knows of.
#
#     ci/mutants.sh                       all, by the ordinary tests: with buckets of two slots, of one, of seven
#     ci/mutants.sh src/raw/remove.rs     those of these files
#     SETUPS=shuttle-2,loom-1 ci/mutants.sh   what is left then, by random schedules and by model checking
#     SETUPS=list ci/mutants.sh           only names them
#     SETUPS=none ci/mutants.sh           only says what became of them
#     COST=60 ci/mutants.sh               leaves out the tests that take over 60 s of processor time (the default is 10)
#     TESTS=loxley,api ci/mutants.sh      runs only the unit tests (they have the crate's name) and tests/api.rs
#
# All changes are compiled into one crate, and the environment chooses one of them (ci/mutants/src): they cost no compiler's time,
# and each is tried only by the tests that run its code, until one fails. What earlier calls found stays in
# target/mutants/out/verdicts.txt, and is not tried again; remove the file, or the lines of a file of src, when that has changed.
# ci/mutants/left.txt has the reasons for those that are left in the end; what is neither caught nor there is named.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${MUTANTS_OUT:-target/mutants/out}
cargo build --quiet --release --manifest-path ci/mutants/Cargo.toml --target-dir target/mutants/tool
target/mutants/tool/release/loxley-mutants "$PWD" "$out" "${SETUPS:-two,one,seven}" "$@"
