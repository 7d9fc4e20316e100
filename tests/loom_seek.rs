//! A writer's search: an EMPTY slot of the home bucket proves that a key is absent only if it is EMPTY after the probe as well.
#![cfg(all(loom, loxley_slots = "2"))]

mod loom_common;

use loom_common::*;

const K: u8 = 0x20;

/// The bucket of K gets full by one insertion, and the next one evicts K.
#[test]
fn a_bucket_that_fills_up() {
    Scenario {
        log2: 2,
        setup: &[Put(0x00), Put(0x01), Put(K)],
        layout: "00 0. .. ..",
        threads: &[&[Put(0x21), Put(0x02)], &[Remove(K)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}
