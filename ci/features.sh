#!/usr/bin/env bash
# The crate compiles without warnings with each combination of its features: none of them needs another, or stands in its way.
#
# With cargo-hack, or by a loop where there is none. (`cargo install cargo-hack`; it also leaves the dev-dependencies out, whose
# features would otherwise be unified with ours.)
set -euo pipefail
cd "$(dirname "$0")/.."

export RUSTFLAGS="-D warnings ${RUSTFLAGS:-}"
export CARGO_TARGET_DIR=target/features
if cargo hack --version >/dev/null 2>&1; then
    cargo hack check --lib --feature-powerset --no-dev-deps
    exit
fi

echo 'no cargo-hack here: by a loop, with the dev-dependencies in the lock'
mapfile -t features < <(
    # The table `[features]` of the manifest, up to the next one.
    sed -n '/^\[features\]/,/^\[/s/^\([a-z_]*\) *=.*/\1/p' Cargo.toml
)
for ((set = 0; set < 1 << ${#features[@]}; set++)); do
    names=()
    for i in "${!features[@]}"; do
        if ((set >> i & 1)); then names+=("${features[i]}"); fi
    done
    echo "== features: ${names[*]:-none}"
    cargo check --quiet --lib --no-default-features --features "${names[*]}"
done
