#!/usr/bin/env bash
# The test suite with buckets of one and of two slots, where displaced entries, evictions and overflow are common.
set -euo pipefail
cd "$(dirname "$0")/.."
for slots in 1 2; do
    RUSTFLAGS="--cfg loxley_slots=\"$slots\" --cfg loxley_hooks ${RUSTFLAGS:-}" \
        cargo test --all-features --lib --tests --target-dir "target/narrow-$slots"
done
