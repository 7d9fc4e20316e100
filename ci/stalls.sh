#!/usr/bin/env bash
# Lock-freedom: a thread is stopped at every atomic access of every kind of operation, and others must finish all the same.
#
#     ci/stalls.sh                                  all
#     ci/stalls.sh copies_in_the_way -- --ignored   one test; arguments go to cargo test
#
# ci/narrow.sh runs this too, among the other tests. Here with the numbers of points and runs.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -eq 0 ]; then
    set -- -- --nocapture
fi
for slots in 1 2; do
    RUSTFLAGS="--cfg loxley_slots=\"$slots\" --cfg loxley_hooks ${RUSTFLAGS:-}" \
        cargo test --target-dir "target/narrow-$slots" --test stalls "$@"
done
