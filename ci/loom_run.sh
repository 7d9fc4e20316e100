# For ci/guards.sh and ci/orderings.sh: builds the loom tests once, with buckets of one slot and of two, and runs them under a
# changed environment.

# How long a run may take, in seconds of processor time: others may need the processors too. One that takes longer has no result.
: "${LIMIT:=600}"
# As ci/loom.sh, so that nothing is built twice.
export CARGO_PROFILE_TEST_OPT_LEVEL=3
loom_log=$(mktemp -d)
trap 'rm -rf "$loom_log"' EXIT
# "slots file binary" lines.
loom_binaries=""

build_loom() {
    local slots file binary
    for slots in 1 2; do
        while read -r file binary; do
            # A copy, for somebody may build meanwhile.
            cp "$binary" "$loom_log/$slots-$file"
            loom_binaries+="$slots $file $loom_log/$slots-$file"$'\n'
        done < <(
            RUSTFLAGS="--cfg loom --cfg loxley_slots=\"$slots\" ${RUSTFLAGS:-}" \
                cargo test --target-dir "target/loom-$slots" --test 'loom_*' --no-run 2>&1 |
                tee "$loom_log/build-$slots" |
                sed -nE 's|^ *Executable tests/(loom_[a-z]+)\.rs \((.*)\)$|\1 \2|p'
        )
        if ! grep -q 'Finished' "$loom_log/build-$slots"; then
            cat "$loom_log/build-$slots" >&2
            exit 1
        fi
    done
}

# run_loom FILE ARGUMENTS…: runs the tests of a file that the arguments select, and sets `result` to `passed`, to the tests that
# failed, or to `timeout`. The environment is the caller's.
run_loom() {
    local file=$1 slots name binary status
    shift
    result=passed
    while read -r slots name binary; do
        [ "$name" = "$file" ] || continue
        status=0
        (ulimit -St "$LIMIT" && exec "$binary" "$@") >"$loom_log/run" 2>&1 || status=$?
        case $status in
        0) ;;
        152) [ "$result" != passed ] || result=timeout ;;
        *)
            # A test that brings the process down leaves no list of failures.
            result=$(sed -nE 's/^test ([a-z_]+) \.\.\. FAILED$/\1/p' "$loom_log/run" | sort | paste -sd ' ')
            result="${result:-crash, status $status}"
            return
            ;;
        esac
    done <<<"$loom_binaries"
}
