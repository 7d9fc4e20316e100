//! A writer's search: an EMPTY slot of the home bucket proves that a key is absent only if it is EMPTY after the probe as well.
#![cfg(all(loom, loxley_slots = "2"))]

mod loom_common;

use loom_common::*;

/// In the next table, K's bucket gets full by one insertion, and the next one evicts K. (In a table that is not being filled, K would
/// be found at first sight, before anybody looks for EMPTY slots; unless another entry looks like it, for which two slots are
/// not enough.)
#[test]
fn a_bucket_that_fills_up() {
    const K: u8 = 0x10;
    Scenario {
        log2: 2,
        setup: &[Put(0x00), Put(0x01), Put(K), Begin(3), Migrate(0)],
        layout: "00 1. .. ..",
        threads: &[&[Put(0x11), Put(0x02)], &[Remove(K)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}
