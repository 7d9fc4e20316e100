//! Evictions: an entry moves right while others read it, replace it, remove it, or move it too.
//!
//! In all of these Y is at home in the bucket that an insertion of X (or Z) wants, B being in theirs.
#![cfg(all(loom, loxley_slots = "1"))]

mod loom_common;

use loom_common::*;

const B: u8 = 0x00;
const X: u8 = 0x01;
const Z: u8 = 0x02;
const Y: u8 = 0x10;

/// B and Y at home, and tombstones for Y to move to.
const ROOM: Scenario = Scenario {
    log2: 3,
    setup: &[Put(B), Put(Y), Put(0x20), Remove(0x20), Put(0x30), Remove(0x30)],
    layout: "0 0 x x . . . .",
    ..Scenario::DEFAULT
};

/// B and Y at home, and one tombstone.
const TIGHT: Scenario = Scenario {
    log2: 3,
    setup: &[Put(B), Put(Y), Put(0x20), Remove(0x20)],
    layout: "0 0 x . . . . .",
    ..Scenario::DEFAULT
};

#[test]
fn against_lookups() {
    Scenario { threads: &[&[Put(X)], &[Get(Y), Get(X), Get(Y)]], ..ROOM }.run();
}

#[test]
fn against_a_removal() {
    Scenario { threads: &[&[Put(X)], &[Remove(Y), Get(Y)]], ..ROOM }.run();
}

#[test]
fn against_an_update() {
    Scenario { threads: &[&[Put(X), Get(Y)], &[Update(Y)]], ..ROOM }.run();
}

#[test]
fn against_an_update_and_lookups() {
    Scenario { threads: &[&[Put(X)], &[Update(Y)], &[Get(Y), Get(Y)]], preemptions: 2, ..ROOM }.run();
}

#[test]
fn against_reinsertion_of_the_victim() {
    Scenario { threads: &[&[Put(X)], &[Remove(Y), Put(Y)]], ..ROOM }.run();
}

/// With everything freed as soon as no operation is under way.
#[test]
fn against_a_removal_and_a_lookup() {
    Scenario { threads: &[&[Put(X)], &[Remove(Y)], &[Get(Y)]], preemptions: 2, eager_collector: true, ..ROOM }
        .run();
}

#[test]
fn two_of_one_entry() {
    Scenario { threads: &[&[Put(X)], &[Put(Z), Get(Y)]], preemptions: 2, ..ROOM }.run();
}

#[test]
fn two_of_one_entry_and_a_lookup() {
    Scenario { threads: &[&[Put(X)], &[Put(Z)], &[Get(Y)]], preemptions: 2, ..ROOM }.run();
}

#[test]
fn two_of_one_entry_and_its_removal() {
    Scenario { threads: &[&[Put(X)], &[Put(Z)], &[Remove(Y), Get(Y)]], preemptions: 2, ..TIGHT }.run();
}

/// The removal by the second mover itself takes one thread less to find a flaw.
#[test]
fn one_moves_and_removes_what_the_other_moves() {
    Scenario { threads: &[&[Put(X)], &[Put(Z), Remove(Y), Get(Y)]], preemptions: 2, ..TIGHT }.run();
}

/// The target of the move is wanted by an entry that is at home there.
#[test]
fn against_an_insertion_at_the_target() {
    Scenario { threads: &[&[Put(X), Get(Y)], &[Put(0x20), Get(Y)]], ..TIGHT }.run();
}

/// A chain of homes: the move of one entry passes over another that is removed and inserted again.
#[test]
fn past_an_entry_that_comes_and_goes() {
    Scenario {
        log2: 3,
        setup: &[Put(B), Put(Y), Put(0x20), Put(0x30), Remove(0x30)],
        layout: "0 0 0 x . . . .",
        threads: &[&[Put(X)], &[Remove(0x20), Put(0x20)], &[Get(Y)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// The insertion that evicts is withdrawn again at once.
#[test]
fn and_undone() {
    Scenario { threads: &[&[Put(X), Remove(X)], &[Put(Y), Remove(Y)]], preemptions: 2, ..ROOM }.run();
}

/// A mover decides and stalls; the entry is moved on by its removal, and the slot that it had is taken by another mover, who
/// has found the entry where it was before.
#[test]
fn two_movers_and_a_removal() {
    Scenario { threads: &[&[Evict(Y)], &[Evict(Y)], &[Remove(Y)]], ..TIGHT }.run();
}

/// The removal has looked where Y is inserted afterwards, and finds it where it is moved: so the source still says that it
/// has moved when it is gone.
#[test]
fn inserted_moved_and_removed() {
    Scenario {
        log2: 3,
        setup: &[Put(B), Put(Y), Remove(Y), Put(0x20), Remove(0x20)],
        layout: "0 x x . . . . .",
        threads: &[&[Remove(Y), Get(Y)], &[Put(Y), Evict(Y)]],
        ..Scenario::DEFAULT
    }
    .run();
}
