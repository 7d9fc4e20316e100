#!/usr/bin/env bash
# The test suite with buckets of one and of two slots, where displaced entries, evictions and overflow are common.
set -euo pipefail
cd "$(dirname "$0")/.."
for width in one_slot two_slots; do
    echo "== $width"
    RUSTC_WORKSPACE_WRAPPER="$PWD/ci/rustc/$width" cargo test --all-features --lib --tests
done
