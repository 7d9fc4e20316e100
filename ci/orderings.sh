#!/usr/bin/env bash
# Weakens the orderings of the atomic accesses in src, one by one, and sees that a loom test fails.
#
#     ci/orderings.sh                        all; half an hour
#     ci/orderings.sh src/raw/progress.rs    those of a file, or of a line: src/raw/bucket.rs:20
#
# One that is sequentially consistent is made acquire and release first; only where nothing notices that, weaker. Loom tells
# the two apart by whether a load returns the latest store of its location. An ordering that nothing notices must
# have a reason that says why it is there: a comment with the word ORDERING in the same function or on its type.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/loom_run.sh

# The tests that are tried, in this order: of each subject those that are quick.
tests_of() {
    case $1 in
    src/raw/count.rs | src/raw/progress.rs) echo loom_parts ;;
    src/raw/pool/*) echo loom_pool ;;
    src/raw/limbo.rs) echo loom_limbo::removal_in_the_new_table_against_a_lookup_in_the_old_one ;;
    src/raw/table.rs) echo loom_shrink::announcement_against_an_insertion_that_fills_the_table ;;
    src/raw/resize.rs) echo loom_order ;;
    *)
        echo loom_order::insertions_and_lookups_crosswise loom_order::displaced_insertions_and_lookups_crosswise \
            loom_order::insertions_and_lookups_in_two_tables loom_migrate::lookups_during_a_migration \
            loom_limbo::removal_after_the_root_has_moved_on loom_shrink::announcement_against_insertion loom_freeze \
            loom_evict::against_a_removal loom_walk::against_growth
        ;;
    esac
}

# weaken LINE FAILURE ORDERING: tries the tests with that ordering there. Sets `result`.
weaken() {
    local test
    export LOXLEY_WEAKEN="$1$2=$3"
    for test in $(tests_of "${1%:*}"); do
        case $test in
        *::*) run_loom "${test%%::*}" --exact "${test##*::}" ;;
        *) run_loom "$test" ;;
        esac
        if [ "$result" != passed ]; then
            result="$test: $result"
            return
        fi
    done
}

build_loom
grep -nE 'Ordering::(SeqCst|AcqRel|Acquire|Release)' -r src --include='*.rs' |
    grep -vE '^src/(sync\.rs|reclaim/[a-z]+\.rs):|^[^:]+:[0-9]+: *//|use ' | sort -t : -k 1,1 -k 2,2n >"$loom_log/sites"
while IFS=: read -r file line code; do
    if [ $# -gt 0 ] && ! printf '%s\n' "$@" | grep -qxE "$file(:$line)?"; then
        continue
    fi
    side=""
    for now in $(grep -oE 'Ordering::[A-Za-z]+' <<<"$code" | cut -d : -f 3); do
        case "$now$side,$code" in
        SeqCst*.load\(* | SeqCst:failure*) chain='Acquire Relaxed' ;;
        Acquire*) chain='Relaxed' ;;
        SeqCst*.store\(*) chain='Release Relaxed' ;;
        Release*) chain='Relaxed' ;;
        # A read-modify-write: what it publishes and what it sees, apart.
        SeqCst*) chain='AcqRel Acquire Release' ;;
        AcqRel*) chain='Acquire Release' ;;
        *) chain='' ;;
        esac
        for weaker in $chain; do
            weaken "$file:$line" "$side" "$weaker"
            printf '%-32s %-8s-> %-8s%s\n' "$file:$line$side" "$now" "$weaker" "${result/#passed/NOT NOTICED}"
            # What breaks without the total order breaks without the rest.
            if [ "$now" = SeqCst ] && [ "$result" != passed ]; then
                break
            fi
        done
        side=":failure"
    done
done <"$loom_log/sites"
