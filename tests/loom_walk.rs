//! Iteration: a key that stays is yielded once, and none twice, whatever moves meanwhile.
//!
//! An iteration counts as one lookup of each key, at any moments between its beginning and its end.
#![cfg(loom)]

mod loom_common;

use loom_common::*;

const B: u8 = 0x00;
const X: u8 = 0x01;
const Y: u8 = 0x20;

/// X is inserted next door, and Y has to move.
#[cfg(loxley_slots = "1")]
#[test]
fn against_a_move() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(Y)],
        layout: "0 0 . .",
        threads: &[&[Iterate], &[Put(X)]],
        ..Scenario::DEFAULT
    }
    .run();
}

/// The first keeps the home from being simple, the second goes beyond its bound.
#[cfg(loxley_slots = "1")]
#[test]
fn against_two_moves() {
    Scenario {
        log2: 2,
        setup: &[Put(B)],
        layout: "0 . . .",
        threads: &[&[Iterate], &[Evict(B), Evict(B)]],
        ..Scenario::DEFAULT
    }
    .run();
}

/// The moved entry is removed, so that its move is all that happens to it while it is there.
#[cfg(loxley_slots = "1")]
#[test]
fn against_a_move_and_a_removal() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(Y)],
        layout: "0 0 . .",
        threads: &[&[Iterate], &[Put(X)], &[Remove(Y)]],
        preemptions: 1,
        ..Scenario::DEFAULT
    }
    .run();
}

/// B leaves, and is inserted again further right, for X has taken its place.
#[cfg(loxley_slots = "1")]
#[test]
fn against_removal_and_reinsertion() {
    Scenario {
        log2: 2,
        setup: &[Put(B)],
        layout: "0 . . .",
        threads: &[&[Iterate], &[Remove(B), Put(X), Put(B)]],
        ..Scenario::DEFAULT
    }
    .run();
}

#[cfg(loxley_slots = "1")]
#[test]
fn against_replacement() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(X)],
        layout: "0 1 . .",
        threads: &[&[Iterate], &[Update(X), Remove(B), Put(B)]],
        ..Scenario::DEFAULT
    }
    .run();
}

#[cfg(loxley_slots = "1")]
#[test]
fn against_growth() {
    Scenario {
        log2: 1,
        setup: &[Put(B), Put(X)],
        layout: "0 1",
        threads: &[&[Iterate], &[Remove(Y), Update(X)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// The first of two homes is visited in the larger table, the second after they have been merged.
#[cfg(loxley_slots = "1")]
#[test]
fn against_shrinking() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(Y)],
        layout: "0 0 . .",
        resize_to: Some(1),
        threads: &[&[Iterate], &[Update(Y)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// The removal has looked where Y is inserted afterwards, and finds it where it is moved. Another entry of the home is
/// displaced as well.
#[cfg(loxley_slots = "1")]
#[test]
fn against_an_insertion_a_move_and_a_removal() {
    Scenario {
        log2: 3,
        setup: &[Put(Y), Put(0x30), Put(Y + 1), Remove(Y), Remove(0x30)],
        layout: ". . x 1 x . . .",
        threads: &[&[Remove(Y), Iterate], &[Put(Y), Evict(Y)]],
        ..Scenario::DEFAULT
    }
    .run();
}

/// B is read in the second slot, or in the first.
#[cfg(loxley_slots = "2")]
#[test]
fn against_reinsertion_on_a_tombstone() {
    Scenario {
        log2: 1,
        setup: &[Put(B), Put(X), Remove(B)],
        layout: "x0 ..",
        threads: &[&[Iterate], &[Remove(X), Put(X)]],
        ..Scenario::DEFAULT
    }
    .run();
}

/// The same to the right, where no meta word changes.
#[cfg(loxley_slots = "2")]
#[test]
fn against_direct_reinsertion() {
    Scenario {
        log2: 1,
        setup: &[Put(B)],
        layout: "0. ..",
        threads: &[&[Iterate], &[Remove(B), Put(B)]],
        ..Scenario::DEFAULT
    }
    .run();
}

#[cfg(loxley_slots = "2")]
#[test]
fn against_a_direct_insertion_and_a_move() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(X), Put(Y)],
        layout: "00 0. .. ..",
        threads: &[&[Iterate], &[Put(0x21), Put(0x02)]],
        ..Scenario::DEFAULT
    }
    .run();
}

/// The moved entry is replaced where it is now, and its mover has not cleared up where it was.
#[cfg(loxley_slots = "1")]
#[test]
fn against_a_move_and_a_replacement() {
    Scenario {
        log2: 2,
        setup: &[Put(B)],
        layout: "0 . . .",
        threads: &[&[Update(B), Iterate], &[Evict(B)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// The entry of another home moves, out of a bucket that B's home reaches over.
#[cfg(loxley_slots = "1")]
#[test]
fn against_a_move_in_a_neighbouring_home() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(Y), Evict(B)],
        layout: "x 0 2 .",
        threads: &[&[Iterate], &[Evict(Y)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}
