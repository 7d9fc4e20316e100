//! EMPTY slots of a home that is being frozen. What is EMPTY still says that nothing of the home is frozen: lookups and
//! direct insertions rely on it, so a migrator seals EMPTY slots before it freezes entries.
#![cfg(all(loom, loxley_slots = "2"))]

mod loom_common;

use loom_common::*;

/// In one home bucket.
const A: u8 = 0x00;
const B: u8 = 0x01;

/// Two buckets, about to become four. The home of A has an EMPTY slot.
const HALF_FULL: Scenario =
    Scenario { log2: 1, setup: &[Put(A)], layout: "0. ..", resize_to: Some(2), ..Scenario::DEFAULT };

#[test]
fn lookup_against_freezing() {
    Scenario { threads: &[&[Update(A)], &[Get(A), Get(B)]], ..HALF_FULL }.run();
}

/// A successor that is linked meanwhile, for the insertion does not enter a table that has one at first sight.
#[test]
fn reinsertion_against_freezing() {
    Scenario {
        log2: 1,
        setup: &[Put(A)],
        layout: "0. ..",
        threads: &[&[Try(A)], &[Begin(2), Update(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

#[test]
fn two_insertions_against_freezing() {
    Scenario {
        log2: 1,
        setup: &[Put(A)],
        layout: "0. ..",
        threads: &[&[Try(B)], &[Begin(2), Try(B)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}
