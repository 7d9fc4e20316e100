#!/usr/bin/env bash
# Which lines of src/raw the tests run: a table of the ordinary tests alone, and one together with those of narrow buckets. Unit
# tests' own lines are not counted, nor what is for tests only.
#
#     ci/coverage.sh         the tables, and for the last the lines that are not run
#
# Needs cargo-llvm-cov and the component llvm-tools.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo llvm-cov --version >/dev/null 2>&1; then
    echo 'no cargo-llvm-cov here, so NOTHING WAS MEASURED (cargo install cargo-llvm-cov; rustup component add llvm-tools)' >&2
    exit 1
fi

# Without those that take long, which instrumented take too long, and find nothing here that others do not.
mapfile -t tests < <(
    for file in tests/*.rs; do
        case $(basename "$file" .rs) in
        loom_* | shuttle | stress | linearizability | stalls | churn | memory | bad_hash | types) ;;
        *) printf -- '--test\n%s\n' "$(basename "$file" .rs)" ;;
        esac
    done
)

measure() {
    RUSTFLAGS="$1 ${RUSTFLAGS:-}" cargo llvm-cov --no-report --lib "${tests[@]}"
}

# table NAME
table() {
    local lcov=target/llvm-cov-target/$1.lcov
    cargo llvm-cov report --lcov --output-path "$lcov" >/dev/null 2>&1
    echo "== $1"
    awk -v root="$PWD/" '
        function close_range() {
            if (from != "") missed = missed (from == to ? " " from : " " from "-" to)
            from = ""
        }
        /^SF:/ {
            file = substr($0, 4); sub(root, "", file)
            counted = file ~ /^src\/raw\// && file !~ /\/(check|hooks|guards)\.rs$/
            if (!counted) next
            # Where the unit tests begin.
            tests = 1e9; n = 0
            while ((getline line < file) > 0) { n++; if (line ~ /^mod tests/) { tests = n; break } }
            close(file)
            lines = run = 0; missed = from = ""
        }
        counted && /^DA:/ {
            split(substr($0, 4), da, ",")
            if (da[1] >= tests) next
            lines++
            if (da[2] > 0) { run++; close_range() } else { if (from == "") from = da[1]; to = da[1] }
        }
        counted && /^end_of_record/ {
            close_range()
            printf "%-28s %4d of %4d  %5.1f %% %s\n", file, run, lines, 100 * run / lines, missed
            all += lines; all_run += run
        }
        END { printf "%-28s %4d of %4d  %5.1f %%\n", "together", all_run, all, 100 * all_run / all }
    ' "$lcov"
}

cargo llvm-cov clean --workspace
measure ''
table seven
for slots in 2 1; do
    measure "--cfg loxley_slots=\"$slots\" --cfg loxley_hooks"
done
table all-widths
