#!/usr/bin/env bash
# Random schedules of random programs, with buckets of one slot and of two. Half a minute on two processors.
#
#     ci/shuttle.sh                             all tests
#     ci/shuttle.sh -- --exact turnover         one; arguments go to cargo test
#     LOXLEY_SCHEDULES=1000000 ci/shuttle.sh    so many schedules of each test (the default is 20,000)
#     ci/shuttle.sh without m0_carry limbo      takes these guards of the protocol out, one by one (src/raw/guards.rs), and says
#                                               at which schedule each test noticed. All guards if none is named
#
# A schedule that fails is written to a file, whose name is printed; LOXLEY_REPLAY=that-file repeats it:
#
#     LOXLEY_REPLAY=target/shuttle-1/tmp/schedule000.txt ci/shuttle.sh -- --exact turnover
#
# (The other width of buckets complains of a schedule that is not its own.)
#
# Every access is sequentially consistent here, whatever it asks for: memory orderings are loom's business (ci/orderings.sh).
set -euo pipefail
cd "$(dirname "$0")/.."
# Here it is the running that takes long.
export CARGO_PROFILE_TEST_OPT_LEVEL=3

# shuttle SLOTS ARGUMENTS…
shuttle() {
    local slots=$1
    shift
    RUSTFLAGS="--cfg shuttle --cfg loxley_slots=\"$slots\" ${RUSTFLAGS:-}" \
        cargo test --target-dir "target/shuttle-$slots" --test shuttle "$@"
}

if [ "${1:-}" != without ]; then
    for slots in 1 2; do
        echo "== $slots slot(s) a bucket"
        shuttle $slots "$@"
    done
    exit
fi

shift
if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046
    set -- $(sed -n '/^guards! {/,/^}/p' src/raw/guards.rs | grep -vE '^ *//|[{}]')
fi
for slots in 1 2; do
    shuttle $slots --no-run --quiet
done
for guard in "$@"; do
    noticed=""
    for slots in 1 2; do
        output=$(LOXLEY_WITHOUT=$guard RUST_BACKTRACE=0 shuttle $slots --quiet -- --nocapture 2>&1 || true)
        noticed+=$(sed -nE "s/^([a-z_]+): schedule ([0-9]+) failed.*/ \1($slots) \2,/p" <<<"$output")
        rm -f target/shuttle-$slots/tmp/schedule*.txt
    done
    # shellcheck disable=SC2086
    printf '%-20s %s\n' "$guard" "$(echo ${noticed:-not noticed,} | tr ',' '\n' | sed 's/^ *//; /^$/d' | sort -k 2n | paste -sd ',' | sed 's/,/, /g')"
done
