#!/usr/bin/env bash
# Lock-freedom: a thread is stopped at every atomic access of every kind of operation, and others must finish all the same.
#
#     ci/stalls.sh                                  all
#     ci/stalls.sh copies_in_the_way -- --ignored   one test; arguments go to cargo test
#
# ci/narrow.sh runs this too, among the other tests, but for buckets of the ordinary width. Here with the numbers of points and
# runs.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -eq 0 ]; then
    set -- -- --nocapture
fi
for width in one_slot two_slots seven_slots; do
    echo "== $width"
    RUSTC_WORKSPACE_WRAPPER="$PWD/ci/rustc/$width" cargo test --test stalls "$@"
done
