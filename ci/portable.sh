#!/usr/bin/env bash
# What other machines compile and run, as far as that can be tried on this one.
#
# * The suite with the scalar probe, which all but x86-64 use.
# * The crate compiles for other 64-bit systems, and says why it does not for a 32-bit one.
# * It compiles with the oldest Rust that it promises.
# * On request (`ci/portable.sh aarch64`), for it takes long: the suite on aarch64 under qemu: other alignments and another word of the hardware's on atomics, in compiled code.
#
# Targets whose standard library is not installed (`rustup target add`), and toolchains likewise, are skipped, with a line each.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() { printf '%s: SKIPPED, NOTHING CHECKED: %s\n' "$1" "$2"; }
has_target() { [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ]; }

scalar() {
    echo '== scalar probe'
    RUSTFLAGS="--cfg loxley_scalar ${RUSTFLAGS:-}" cargo test --target-dir target/scalar --lib --tests
}

compiles() {
    local target
    for target in x86_64-pc-windows-gnu aarch64-apple-darwin aarch64-unknown-linux-gnu; do
        if has_target "$target"; then
            echo "== $target"
            cargo check --target-dir target/portable --target "$target"
        else
            skip "$target" 'its standard library is not installed'
        fi
    done
}

refuses() {
    local target=i686-unknown-linux-gnu
    if ! has_target "$target"; then
        skip "$target" 'its standard library is not installed'
        return
    fi
    echo "== $target"
    local output
    if output=$(cargo check --target-dir target/portable --target "$target" 2>&1); then
        echo "compiles for $target, where words are too narrow" >&2
        exit 1
    fi
    if ! grep -q 'supports 64-bit targets only' <<<"$output"; then
        printf 'does not compile for %s, and does not say why:\n%s\n' "$target" "$output" >&2
        exit 1
    fi
}

oldest() {
    local version
    version=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    if ! cargo "+$version" --version >/dev/null 2>&1; then
        skip "Rust $version" 'it is not installed'
        return
    fi
    echo "== Rust $version"
    # Without `proptest`, which asks for a newer one.
    cargo "+$version" check --target-dir target/portable --lib --features arbitrary,rayon,serde
}

aarch64() {
    local target=aarch64-unknown-linux-gnu gcc=aarch64-linux-gnu-gcc qemu=qemu-aarch64
    if ! has_target "$target"; then
        skip "$target under qemu" 'its standard library is not installed'
    elif ! command -v "$gcc" >/dev/null || ! command -v "$qemu" >/dev/null; then
        skip "$target under qemu" "no $gcc or no $qemu"
    else
        echo "== $target under qemu"
        # As slow as a sanitizer.
        RUSTFLAGS="--cfg loxley_sanitize ${RUSTFLAGS:-}" \
            CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$gcc \
            CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="$qemu -L /usr/aarch64-linux-gnu" \
            cargo test --target-dir target/portable --target "$target" --lib \
            --test api --test drops --test panics --test stress --test iteration --test types --test fuzz_corpus
    fi
}

if [ $# -eq 0 ]; then
    set -- scalar compiles refuses oldest
fi
for part in "$@"; do
    "$part"
done
