#!/usr/bin/env bash
# Explores the interleavings of the loom tests, with buckets of one slot and of two. A quarter of an hour on two processors.
#
#     ci/loom.sh                  all
#     ci/loom.sh --test loom_walk one file; further arguments go to cargo test
#     LOXLEY_PREEMPTIONS=2 ci/loom.sh  no scenario deeper than that: what .ci/run has time for
#     ci/loom.sh --test loom_walk -- --nocapture   says of each scenario how deep it was explored
#
# Not --release: cargo's test profile has the crate's debug assertions, and with this level is as fast.
set -euo pipefail
cd "$(dirname "$0")/.."
# Here it is the running that takes long.
export CARGO_PROFILE_TEST_OPT_LEVEL=3

tests=("$@")
if [ ${#tests[@]} -eq 0 ]; then
    echo '== the real collector'
    RUSTFLAGS="--cfg loom --cfg crossbeam_loom --cfg loxley_slots=\"1\" ${RUSTFLAGS:-}" \
        cargo test --target-dir target/loom-epoch --test loom_epoch
    for file in tests/loom_*.rs; do
        tests+=(--test "$(basename "$file" .rs)")
    done
fi

for slots in 1 2; do
    echo "== $slots slot(s) a bucket"
    RUSTFLAGS="--cfg loom --cfg loxley_slots=\"$slots\" ${RUSTFLAGS:-}" \
        cargo test --target-dir "target/loom-$slots" "${tests[@]}"
done
