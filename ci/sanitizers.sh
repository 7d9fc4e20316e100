#!/usr/bin/env bash
# The tests under AddressSanitizer with LeakSanitizer, ThreadSanitizer and Miri, in smaller sizes (tests/common, `scaled`).
#
#     ci/sanitizers.sh                address
#     ci/sanitizers.sh thread miri    these, which take long; a line for each that the toolchains cannot do
#     ci/sanitizers.sh planted        whether ThreadSanitizer reports races that are there: some orderings are taken away
#     ci/sanitizers.sh big_endian     Miri's part as a big-endian machine
set -euo pipefail
cd "$(dirname "$0")/.."

host=$(rustc -vV | sed -n 's/^host: //p')

skip() { printf '%s: SKIPPED, NOTHING CHECKED: %s\n' "$1" "$2"; }

# sanitizer NAME TOOLCHAIN OPTIONS ARGUMENTS...
sanitizer() {
    echo "== $1"
    RUSTFLAGS="-Zsanitizer=$1 --cfg loxley_sanitize $3 ${RUSTFLAGS:-}" \
        cargo $2 test --target "$host" --target-dir "target/$1" --test api --test drops --test stress --test owned_guards "${@:4}"
}

address() {
    case $host in
        x86_64-*-linux-gnu | aarch64-*-linux-gnu) ;;
        *) skip address "no AddressSanitizer for $host"; return ;;
    esac
    # A stable compiler will do; sanitizers are an unstable option of it.
    RUSTC_BOOTSTRAP=1 sanitizer address '' '' --lib --test panics --test iteration --test bad_hash --test owned --test by_ref --test fuzz_corpus --test churn
}

# The standard library must be instrumented as well, and so built: else each of its synchronisations is missed.
has_rust_src() {
    [ -e "$(rustc +nightly --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library/Cargo.lock" ]
}

thread() {
    if ! has_rust_src; then
        skip thread 'no nightly toolchain with rust-src'
        return
    fi
    # The scalar probe: a vector load is inline assembly, which the sanitizer does not see.
    sanitizer thread +nightly '--cfg loxley_scalar' -Zbuild-std --lib
}

# FILE:PATTERN: the first access that PATTERN finds is relaxed (an exchange: where it succeeds). What these find is read, or what they
# publish was written, without further synchronization.
planted_at=(
    'src/raw/bucket.rs:self.0.load(Ordering::SeqCst)'
    'src/raw/bucket.rs:self.0.compare_exchange('
    'src/raw/core.rs:self.root.load(Ordering::SeqCst)'
    'src/raw/table.rs:self.header().next.load(Ordering::SeqCst)'
)

planted() {
    if ! has_rust_src; then
        skip planted 'no nightly toolchain with rust-src'
        return
    fi
    local binary place line output
    binary=$(
        RUSTFLAGS="-Zsanitizer=thread --cfg loxley_sanitize --cfg loxley_hooks --cfg loxley_scalar ${RUSTFLAGS:-}" \
            cargo +nightly test --target "$host" --target-dir target/planted -Zbuild-std --test stress --no-run 2>&1 |
            tee >(cat >&2) | sed -nE 's|^ *Executable tests/stress.rs \((.*)\)$|\1|p'
    )
    echo '== as it is: no race'
    "$binary" few_keys
    for place in "${planted_at[@]}"; do
        line=$(grep -nF "${place#*:}" "${place%%:*}" | head -n 1 | cut -d : -f 1)
        echo "== relaxed: ${place%%:*}:$line"
        output=$(LOXLEY_WEAKEN="${place%%:*}:$line=Relaxed" "$binary" few_keys 2>&1 || true)
        if ! grep -m 1 'WARNING: ThreadSanitizer: data race' <<<"$output"; then
            printf 'no race reported:\n%s\n' "$output" >&2
            exit 1
        fi
    done
}

miri() {
    if ! cargo +nightly miri --version >/dev/null 2>&1; then
        skip miri 'no nightly toolchain with miri'
        return
    fi
    echo '== miri'
    # What is small: all else would take hours. crossbeam-epoch keeps tags in pointers by way of integers, is not clean under
    # Stacked Borrows, and never frees its global collector.
    export MIRIFLAGS="-Zmiri-tree-borrows -Zmiri-permissive-provenance -Zmiri-ignore-leaks -Zmiri-disable-isolation ${MIRIFLAGS:-}"
    cargo +nightly miri test --target-dir target/miri "$@" --lib -- raw::count raw::node raw::pool raw::walk
    cargo +nightly miri test --target-dir target/miri "$@" --test miri
}

# Words are pointers, and tags are read from their bytes nowhere; this is to see that it is so.
big_endian() { miri --target s390x-unknown-linux-gnu; }

if [ $# -eq 0 ]; then
    set -- address
fi
for tool in "$@"; do
    "$tool"
done
