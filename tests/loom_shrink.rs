//! Shrinking: homes are merged, and the new size is decided while insertions go on.
#![cfg(all(loom, loxley_slots = "1"))]

mod loom_common;

use loom_common::*;

const A: u8 = 0x00;
const C: u8 = 0x10;
const E: u8 = 0x40;

/// Eight buckets, about to become four: the homes of A and C are merged.
const MERGING: Scenario = Scenario {
    log2: 3,
    setup: &[Put(A), Put(C)],
    layout: "0 0 . . . . . .",
    resize_to: Some(2),
    preemptions: 2,
    ..Scenario::DEFAULT
};

#[test]
fn merging_against_a_removal() {
    Scenario { threads: &[&[Remove(A)], &[Update(C)]], preemptions: 1, ..MERGING }.run();
}

#[test]
fn merging_against_reinsertion() {
    Scenario { threads: &[&[Remove(A), Put(A)], &[Remove(C)]], preemptions: 1, ..MERGING }.run();
}

#[test]
fn merging_against_lookups() {
    Scenario { threads: &[&[Remove(A), Get(C)], &[Get(A), Get(C)]], ..MERGING }.run();
}

/// The table shrinks to one bucket for nothing, unless the insertions are counted.
#[test]
fn announcement_against_insertion() {
    Scenario {
        log2: 2,
        setup: &[Put(E), Remove(E)],
        layout: ". . x .",
        threads: &[&[Shrink], &[Put(A), Get(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

#[test]
fn announcement_against_two_insertions() {
    Scenario {
        log2: 2,
        setup: &[Put(E), Remove(E)],
        layout: ". . x .",
        threads: &[&[Shrink], &[Put(A)], &[Put(C)]],
        preemptions: 1,
        ..Scenario::DEFAULT
    }
    .run();
}

/// Two buckets, which an insertion fills.
const FILLING: Scenario =
    Scenario { log2: 1, setup: &[Put(A)], layout: "0 .", preemptions: 2, ..Scenario::DEFAULT };

#[test]
fn announcement_against_an_insertion_that_fills_the_table() {
    Scenario { threads: &[&[Shrink], &[Put(E)]], ..FILLING }.run();
}

/// By a computation, which does not try an EMPTY slot first.
#[test]
fn announcement_against_a_computation_that_fills_the_table() {
    Scenario { threads: &[&[Shrink], &[Adopt(E)]], ..FILLING }.run();
}

/// By an entry that is displaced.
#[test]
fn announcement_against_a_displaced_insertion_that_fills_the_table() {
    Scenario { threads: &[&[Shrink], &[Put(C)]], ..FILLING }.run();
}

/// A migrator that stalls before it has decided a move keeps the only free slot: the other one goes on with its COPY. The map
/// would make this table larger; with the size that it chooses, it takes one stalled thread more.
#[test]
fn a_stalled_migrator_and_a_tight_table() {
    Scenario {
        log2: 2,
        setup: &[Put(A), Put(0x20)],
        layout: "0 0 . .",
        resize_to: Some(1),
        threads: &[&[Remove(A)], &[Update(0x20)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}
