//! The bound of a home is lowered after a removal, while others rely on it.
#![cfg(all(loom, loxley_slots = "1"))]

mod loom_common;

use loom_common::*;

/// A is the displaced entry whose removal lowers the bound, B is in its home bucket.
const A: u8 = 0x01;
const B: u8 = 0x00;

const DISPLACED: Scenario =
    Scenario { log2: 3, setup: &[Put(B), Put(A)], layout: "0 1 . . . . . .", ..Scenario::DEFAULT };

#[test]
fn against_an_insertion_at_the_bound() {
    Scenario { threads: &[&[Remove(A), Get(0x02)], &[Put(0x02), Get(0x02)]], ..DISPLACED }.run();
}

#[test]
fn against_reinsertion() {
    Scenario { threads: &[&[Remove(A)], &[Put(A)], &[Get(A)]], preemptions: 2, ..DISPLACED }.run();
}

/// An entry of the same home is evicted to the bucket that the bound is to leave.
#[test]
fn against_a_move_to_the_bound() {
    Scenario {
        log2: 3,
        setup: &[Put(B), Put(A), Put(0x70)],
        layout: "0 1 . . . . . 0",
        threads: &[&[Remove(A), Get(B)], &[Put(0x71), Get(B)]],
        ..Scenario::DEFAULT
    }
    .run();
}

/// A removal in the home bucket, and one at the bound.
#[test]
fn against_an_insertion_at_home() {
    Scenario { threads: &[&[Remove(A)], &[Remove(B), Put(0x02)]], ..DISPLACED }.run();
}

/// What is at the bound by now has been frozen there.
#[test]
fn against_freezing() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(A)],
        layout: "0 1 . .",
        threads: &[&[Remove(A), Get(0x02)], &[Put(0x02), Begin(3), Update(B)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// A lookup that has read the higher bound.
#[test]
fn twice_against_lookups() {
    Scenario {
        log2: 3,
        setup: &[Put(B), Put(A), Put(0x02)],
        layout: "0 1 2 . . . . .",
        threads: &[&[Remove(0x02), Remove(A)], &[Get(0x02), Put(0x03), Get(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}
