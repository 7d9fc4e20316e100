//! Insertions of one key against each other and against its removal: never two entries, none lost.
//!
//! Keys: the upper digit is the home in a table of eight buckets, half of it the home in one of four.
#![cfg(loom)]

mod loom_common;

use loom_common::*;

/// A is inserted; B has its home and is in the way; C lives next door.
const A: u8 = 0x00;
const B: u8 = 0x01;
const C: u8 = 0x20;

/// Of A's home, but not with its fingerprint.
#[cfg(loxley_slots = "2")]
const UNLIKE: u8 = 0x0C;
#[cfg(loxley_slots = "2")]
const UNLIKE_TOO: u8 = 0x0D;

/// The home bucket has tombstones only: both go through the meta word.
#[cfg(loxley_slots = "2")]
#[test]
fn two_on_tombstones() {
    Scenario {
        log2: 1,
        setup: &[Put(A), Put(B), Remove(A), Remove(B)],
        layout: "xx ..",
        threads: &[&[Put(A)], &[Put(A)]],
        ..Scenario::DEFAULT
    }
    .run();
}

#[cfg(loxley_slots = "2")]
#[test]
fn two_on_tombstones_and_a_removal() {
    Scenario {
        log2: 1,
        setup: &[Put(A), Put(B), Remove(A), Remove(B)],
        layout: "xx ..",
        threads: &[&[Put(A)], &[Put(A)], &[Remove(A), Get(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// One by `compute`, which does not try EMPTY slots first, beside one that does.
#[cfg(loxley_slots = "2")]
#[test]
fn on_a_tombstone_and_direct() {
    Scenario {
        log2: 1,
        setup: &[Put(A), Remove(A)],
        layout: "x. ..",
        threads: &[&[Adopt(A)], &[Put(A), Get(A)]],
        ..Scenario::DEFAULT
    }
    .run();
}

/// The insertion that meta names is displaced, and not published yet when the home gets a tombstone.
#[cfg(loxley_slots = "2")]
#[test]
fn displaced_pending_and_on_a_tombstone() {
    Scenario {
        log2: 2,
        setup: &[Put(UNLIKE), Put(UNLIKE_TOO)],
        layout: "00 .. .. ..",
        threads: &[&[Put(A)], &[Remove(UNLIKE_TOO), Put(A), Get(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// The only tombstone is the slot that a stale `pend` names.
#[cfg(loxley_slots = "2")]
#[test]
fn stale_pend_and_on_a_tombstone() {
    Scenario {
        log2: 2,
        setup: &[Put(A), Put(UNLIKE), Remove(A), Put(A), Remove(A)],
        layout: "x0 .. .. ..",
        threads: &[&[Put(A)], &[Put(B), Get(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// An entry is moved out of its home bucket, which gets a tombstone.
#[cfg(loxley_slots = "2")]
#[test]
fn moved_and_on_a_tombstone() {
    Scenario {
        log2: 2,
        setup: &[Put(A), Put(UNLIKE), Put(C), Put(C + 0x0C)],
        layout: "00 00 .. ..",
        threads: &[&[Put(B)], &[Remove(C + 0x0C), Put(C), Get(C)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

#[cfg(loxley_slots = "2")]
#[test]
fn on_a_tombstone_against_growth() {
    Scenario {
        log2: 1,
        setup: &[Put(A), Put(UNLIKE), Remove(A)],
        layout: "x0 ..",
        threads: &[&[Put(A), Get(A)], &[Begin(2), Get(A), Update(UNLIKE)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// An EMPTY slot in the home bucket: one exchange. Two of one key must meet at the same slot.
#[cfg(loxley_slots = "2")]
#[test]
fn two_direct() {
    Scenario {
        log2: 1,
        layout: ".. ..",
        threads: &[&[Put(A), Remove(A)], &[Try(A), Get(A)]],
        ..Scenario::DEFAULT
    }
    .run();
}

#[cfg(loxley_slots = "2")]
#[test]
fn direct_and_a_neighbour() {
    Scenario {
        log2: 1,
        layout: ".. ..",
        threads: &[&[Put(A), Remove(A)], &[Put(A)], &[Put(B), Get(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// The last EMPTY slot goes to another key: one of them ends up displaced.
#[cfg(loxley_slots = "2")]
#[test]
fn direct_becomes_displaced() {
    Scenario {
        log2: 1,
        setup: &[Put(C)],
        layout: "0. ..",
        threads: &[&[Put(A), Get(B)], &[Put(B), Try(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

#[cfg(loxley_slots = "1")]
#[test]
fn direct_becomes_displaced() {
    Scenario {
        log2: 2,
        layout: ". . . .",
        threads: &[&[Put(A), Remove(B)], &[Put(B), Put(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

#[cfg(loxley_slots = "1")]
#[test]
fn two_displaced() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(C), Remove(C)],
        layout: "0 x . .",
        threads: &[&[Put(A)], &[Try(A), Get(A)]],
        ..Scenario::DEFAULT
    }
    .run();
}

/// The home's slot becomes free while the others are looking further right.
#[cfg(loxley_slots = "1")]
#[test]
fn two_displaced_and_one_at_home() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(C), Remove(C)],
        layout: "0 x . .",
        threads: &[&[Put(A)], &[Remove(B), Put(A)], &[Put(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// `pend` is stale and names the slot that the last insertion takes.
#[cfg(loxley_slots = "1")]
#[test]
fn displaced_and_reinserted() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(C), Remove(C)],
        layout: "0 x . .",
        threads: &[&[Put(A)], &[Remove(A), Put(A)], &[Put(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

#[cfg(loxley_slots = "1")]
#[test]
fn stale_pend_two_threads() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(C), Remove(C), Put(A), Remove(A)],
        layout: "0 x . .",
        threads: &[&[Put(A), Remove(A)], &[Put(A)]],
        ..Scenario::DEFAULT
    }
    .run();
}

/// The same, with an entry of another home in the slot that `pend` names.
#[cfg(loxley_slots = "1")]
#[test]
fn displaced_and_another_home_takes_the_slot() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(C), Remove(C)],
        layout: "0 x . .",
        threads: &[&[Put(A)], &[Remove(A), Put(C)], &[Put(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

#[cfg(loxley_slots = "1")]
#[test]
fn stale_pend_another_home_two_threads() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(C), Remove(C), Put(A), Remove(A)],
        layout: "0 x . .",
        threads: &[&[Put(C), Remove(C)], &[Put(A), Get(C)]],
        ..Scenario::DEFAULT
    }
    .run();
}

/// Different keys of one home compete for the slot next door.
#[cfg(loxley_slots = "1")]
#[test]
fn two_keys_one_slot() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(C), Remove(C)],
        layout: "0 x . .",
        threads: &[&[Put(A)], &[Put(0x02), Remove(A)]],
        ..Scenario::DEFAULT
    }
    .run();
}

#[cfg(loxley_slots = "1")]
#[test]
fn around_the_end_of_the_table() {
    Scenario {
        log2: 2,
        setup: &[Put(0x61), Put(A), Remove(A)],
        layout: "x . . 0",
        threads: &[&[Put(0x60), Remove(0x61)], &[Try(0x60), Put(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// No slot left: both must make the table grow.
#[cfg(loxley_slots = "1")]
#[test]
fn into_a_full_table() {
    Scenario {
        setup: &[Put(B)],
        layout: "0",
        threads: &[&[Put(A)], &[Try(A), Remove(B)]],
        preemptions: 1,
        ..Scenario::DEFAULT
    }
    .run();
}

#[test]
fn get_or_insert_has_one_winner() {
    Scenario {
        log2: 2,
        layout: if cfg!(loxley_slots = "1") { ". . . ." } else { ".. .. .. .." },
        threads: &[&[GetOrPut(A)], &[GetOrPut(A)], &[GetOrPut(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

#[cfg(loxley_slots = "1")]
#[test]
fn get_or_insert_on_a_tombstone_has_one_winner() {
    Scenario {
        log2: 2,
        setup: &[Put(A), Remove(A)],
        layout: "x . . .",
        threads: &[&[GetOrPut(A)], &[GetOrPut(A), Remove(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}
