#!/usr/bin/env bash
# Atomics come through src/sync.rs only (so that loom sees them), the collector through src/reclaim only.
set -euo pipefail
cd "$(dirname "$0")/.."
outside() { grep -rnE "$1" src --include='*.rs' | grep -vE "$2" | grep -vE '^[^:]+:[0-9]+:\s*//[/!]' || true; }
found=$(
    # Stamps and thread numbers are no part of the protocol, nor is the figure of what has been retired.
    outside '(std|core)::sync::(atomic|Mutex|RwLock|Condvar)|parking_lot|spin_loop' '^src/(sync|raw/local|reclaim/garbage)\.rs:'
    outside 'crossbeam_epoch' '^src/reclaim/mod\.rs:'
)
if [ -n "$found" ]; then
    printf 'not through src/sync.rs or src/reclaim:\n%s\n' "$found" >&2
    exit 1
fi
