#!/usr/bin/env bash
# Takes the guards of the protocol out, one by one, and sees that a loom test fails: the one that tests/README.md names, or
# else another.
#
#     ci/guards.sh                 all guards of the table; some minutes
#     ci/guards.sh m0_evict limbo  these
#     LIMIT=60 ci/guards.sh        seconds that a test may take (the default is 600)
#
# Fails if nothing notices that a guard is missing, unless the table says why, and if the table and src/raw/guards.rs do not
# have the same guards.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/loom_run.sh

# "guard file::test" for each row of the table; "guard -" where no test is named.
table=$(
    sed -nE '/^\| `[a-z0-9_]+` \|/p' tests/README.md |
        sed -E 's/^\| `([a-z0-9_]+)` \|.*\| *`(loom_[a-z]+::[a-z0-9_]+)`.*$/\1 \2/; s/^\| `([a-z0-9_]+)` \|.*$/\1 -/'
)
in_source=$(sed -n '/^guards! {/,/^}/p' src/raw/guards.rs | grep -vE '^ *//|[{}]' | tr -s ' ' '\n' | grep . | sort)
in_table=$(cut -d ' ' -f 1 <<<"$table" | sort)
if [ "$in_source" != "$in_table" ]; then
    echo 'src/raw/guards.rs and the table in tests/README.md differ:' >&2
    diff <(echo "$in_source") <(echo "$in_table") >&2 || true
    exit 1
fi

if [ $# -gt 0 ]; then
    table=$(grep -E "^($(IFS='|' && echo "$*")) " <<<"$table")
fi
build_loom

files=$(cut -d ' ' -f 2 <<<"$loom_binaries" | grep . | sort -u)
missed=0
while read -r guard test; do
    if [ "$test" = - ]; then
        printf '%-20s %s\n' "$guard" 'explained in tests/README.md'
        continue
    fi
    file=${test%%::*}
    # A test that fails anyway would say nothing.
    unset LOXLEY_WITHOUT
    run_loom "$file" --exact "${test##*::}"
    if [ "$result" != passed ]; then
        missed=$((missed + 1))
        printf '%-20s %s: %s WITH the guard\n' "$guard" "$test" "$result"
        continue
    fi
    export LOXLEY_WITHOUT=$guard
    run_loom "$file" --exact "${test##*::}"
    caught=$result
    for other in "$file" $files; do
        [ "$caught" = passed ] || [ "$caught" = timeout ] || break
        echo "$guard: $test $caught, trying all of $other" >&2
        run_loom "$other"
        caught=$result
    done
    case $caught in
    passed | timeout)
        missed=$((missed + 1))
        printf '%-20s NOT CAUGHT (%s)\n' "$guard" "$caught"
        ;;
    *) printf '%-20s %s\n' "$guard" "$caught" ;;
    esac
done <<<"$table"
if [ "$missed" -gt 0 ]; then
    echo "$missed guards without a test that fails just when they are taken out" >&2
    exit 1
fi
