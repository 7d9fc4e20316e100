#!/usr/bin/env bash
# Counts the instructions of loxley's operations (benches/instructions.rs) and fails if one takes 5 % more than ci/instructions.txt says.
#
#     ci/instructions.sh             compares
#     ci/instructions.sh --update    writes the counts of this tree to ci/instructions.txt
#     ci/instructions.sh get-hit     compares one operation
#
# The counts are exact for one compiler and one C library (its allocator counts too): with others nothing is compared.
set -euo pipefail
cd "$(dirname "$0")/.."
baseline=ci/instructions.txt
tolerance=5 # percent

if ! command -v valgrind >/dev/null; then
    echo 'skipped: no valgrind here, so NO INSTRUCTIONS WERE COUNTED (apt-get install valgrind)'
    exit 0
fi
made_by="$(rustc --version), $(rustc -vV | sed -n 's/^host: //p'), $(getconf GNU_LIBC_VERSION 2>/dev/null || echo 'another libc')"
update=
if [ "${1:-}" = --update ]; then
    update=1
    shift
fi
if [ -z "$update" ] && [ "$(sed -n 's/^made by //p' "$baseline")" != "$made_by" ]; then
    echo "skipped: $baseline was made by $(sed -n 's/^made by //p' "$baseline");"
    echo "this is $made_by, so NO INSTRUCTIONS WERE COMPARED (--update makes it anew)"
    exit 0
fi

program=$(cargo bench --bench instructions --no-run 2>&1 | tee >(cat >&2) | sed -n 's/^ *Executable .*(\(.*\))$/\1/p')
operations=("$@")
if [ ${#operations[@]} -eq 0 ]; then
    mapfile -t operations < <("$program")
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Instructions per operation. The loop around the operations is among them, all that comes before and after is not.
count() {
    local times total
    times=$(valgrind --tool=callgrind --callgrind-out-file="$scratch/out" --log-file="$scratch/log" \
        --collect-atstart=no --toggle-collect='*instructions*measured*' "$program" "$1") || {
        cat "$scratch/log" >&2
        return 1
    }
    total=$(sed -n 's/^\(summary\|totals\): //p' "$scratch/out" | head -n 1)
    awk -v total="$total" -v times="$times" 'BEGIN { printf "%.2f\n", total / times }'
}

counts=
worse=0
printf '%-18s %10s %10s %8s\n' 'per operation' baseline now change
for operation in "${operations[@]}"; do
    now=$(count "$operation")
    counts+=$(printf '%-18s %10s' "$operation" "$now")$'\n'
    before=$(awk -v operation="$operation" '$1 == operation { print $2 }' "$baseline" 2>/dev/null || true)
    verdict=$(awk -v now="$now" -v before="${before:-0}" -v tolerance="$tolerance" 'BEGIN {
        if (before == 0) { print "– new"; exit }
        change = 100 * (now / before - 1)
        word = (change > tolerance) ? "  WORSE" : (change < -tolerance) ? "  better" : ""
        printf "%+.1f%%%s\n", change, word
    }')
    printf '%-18s %10s %10s %8s\n' "$operation" "${before:-–}" "$now" "$verdict"
    case $verdict in *WORSE) worse=$((worse + 1)) ;; esac
done

if [ -n "$update" ]; then
    {
        echo '# Instructions per operation, by ci/instructions.sh --update.'
        echo "made by $made_by"
        printf '%s' "$counts"
    } >"$baseline"
    echo "$baseline is written"
elif [ "$worse" -gt 0 ]; then
    echo "$worse of ${#operations[@]} operations take over $tolerance % more instructions than in $baseline" >&2
    exit 1
fi
