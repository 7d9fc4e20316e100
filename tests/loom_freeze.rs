//! Homes that are being frozen, in buckets of two slots: one entry is frozen, or one slot sealed, and the other is not.
//!
//! What is EMPTY still says that nothing of its home is frozen: lookups and direct insertions rely on it.
#![cfg(all(loom, loxley_slots = "2"))]

mod loom_common;

use loom_common::*;

const A: u8 = 0x00;
const B: u8 = 0x01;

/// A is at home in a bucket with an EMPTY slot.
const HALF: Scenario =
    Scenario { log2: 1, setup: &[Put(A)], layout: "0. ..", resize_to: Some(2), ..Scenario::DEFAULT };

/// A must not be frozen as long as the slot behind it is EMPTY.
#[test]
fn against_lookups() {
    Scenario { threads: &[&[Get(A), Get(A)], &[Migrate(0)]], ..HALF }.run();
}

#[test]
fn against_a_lookup_and_a_removal() {
    Scenario { threads: &[&[Get(A)], &[Remove(A), Get(A)]], ..HALF }.run();
}

#[test]
fn against_a_direct_insertion() {
    Scenario {
        resize_to: None,
        threads: &[&[Put(B), Get(B)], &[Begin(2), Migrate(0), Get(A)]],
        preemptions: 2,
        ..HALF
    }
    .run();
}

#[test]
fn against_iteration() {
    Scenario { threads: &[&[Iterate], &[Update(A), Put(B)]], preemptions: 2, ..HALF }.run();
}

/// Neither of them takes the EMPTY slot for a sign that the key is absent.
#[test]
fn against_reinsertion() {
    Scenario { resize_to: None, threads: &[&[Try(A)], &[Begin(2), Update(A)]], preemptions: 2, ..HALF }.run();
}

#[test]
fn against_two_insertions() {
    Scenario { resize_to: None, threads: &[&[Try(B)], &[Begin(2), Try(B)]], preemptions: 2, ..HALF }.run();
}

/// The second of two displaced entries is not found at first sight, for the first one looks like it. A writer's search meets it when it
/// is FROZEN and its home is not migrated: it is in the map all the same.
#[test]
fn of_a_displaced_entry_against_its_removal() {
    Scenario {
        log2: 2,
        setup: &[Put(A), Put(B), Put(0x10), Put(0x11)],
        layout: "00 11 .. ..",
        threads: &[&[Remove(0x11)], &[Begin(3), Migrate(0)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}
