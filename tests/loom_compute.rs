//! Decisions on what a key has, against whatever changes that meanwhile: what is done is done to what was seen.
//!
//! Keys: the upper digit is the home in a table of eight buckets, half of it the home in one of four.
#![cfg(loom)]

mod loom_common;

use loom_common::*;

/// A is decided on; B has its home and is in the way; C lives next door.
const A: u8 = 0x00;
const B: u8 = 0x01;
const C: u8 = 0x20;

const NONE: Scenario = Scenario {
    log2: 2,
    layout: if cfg!(loxley_slots = "1") { ". . . ." } else { ".. .. .. .." },
    ..Scenario::DEFAULT
};

const ONE: Scenario = Scenario {
    log2: 2,
    setup: &[Put(A)],
    layout: if cfg!(loxley_slots = "1") { "0 . . ." } else { "0. .. .. .." },
    ..Scenario::DEFAULT
};

#[test]
fn two_toggles_of_an_entry() {
    Scenario { threads: &[&[Toggle(A), Get(A)], &[Toggle(A)]], ..ONE }.run();
}

#[test]
fn two_toggles_of_an_absent_key() {
    Scenario { threads: &[&[Toggle(A), Get(A)], &[Toggle(A)]], ..NONE }.run();
}

/// The removal that was decided on meets another entry of the key, and must not remove that without asking.
#[test]
fn toggled_and_replaced() {
    Scenario { threads: &[&[Toggle(A)], &[Put(A), Get(A)], &[Update(A)]], preemptions: 2, ..ONE }.run();
}

#[test]
fn toggled_and_removed() {
    Scenario {
        threads: &[&[Toggle(A)], &[Remove(A), Put(A)], &[Look(A)]],
        eager_collector: true,
        preemptions: 2,
        ..ONE
    }
    .run();
}

/// No increment is lost, whether it makes the entry or changes it.
#[test]
fn two_counters() {
    Scenario { threads: &[&[Upsert(A), Upsert(A)], &[Upsert(A)]], ..NONE }.run();
}

#[test]
fn a_counter_and_removals() {
    Scenario { threads: &[&[Upsert(A)], &[Put(A), Remove(A)], &[Remove(A)]], preemptions: 2, ..NONE }.run();
}

#[test]
fn replaced_or_not() {
    Scenario { threads: &[&[Replace(A), Look(A)], &[Remove(A), Try(A)]], ..ONE }.run();
}

/// Through the meta word: the node of an insertion that came to nothing has been PENDING, and is used again.
#[cfg(loxley_slots = "1")]
#[test]
fn on_a_tombstone() {
    Scenario {
        setup: &[Put(A), Remove(A)],
        layout: "x . . .",
        threads: &[&[Upsert(A)], &[Put(A), Remove(A)]],
        ..NONE
    }
    .run();
}

/// The same, and the node goes away without its value.
#[cfg(loxley_slots = "1")]
#[test]
fn given_up_on_a_tombstone() {
    Scenario {
        setup: &[Put(A), Remove(A)],
        layout: "x . . .",
        threads: &[&[Adopt(A)], &[Adopt(A), Toggle(A)]],
        eager_collector: true,
        ..NONE
    }
    .run();
}

#[cfg(loxley_slots = "1")]
#[test]
fn two_toggles_on_a_tombstone() {
    Scenario {
        setup: &[Put(A), Remove(A)],
        layout: "x . . .",
        threads: &[&[Toggle(A)], &[Toggle(A), Upsert(A)]],
        ..NONE
    }
    .run();
}

#[cfg(loxley_slots = "1")]
#[test]
fn displaced() {
    Scenario {
        setup: &[Put(B), Put(C), Remove(C)],
        layout: "0 x . .",
        threads: &[&[Toggle(A)], &[Try(A), Remove(B)], &[Upsert(A)]],
        preemptions: 2,
        ..NONE
    }
    .run();
}

/// One bucket that holds A, about to become two: the entry that was seen is frozen, and the same still.
#[cfg(loxley_slots = "1")]
#[test]
fn against_growth() {
    Scenario {
        setup: &[Put(A)],
        layout: "0",
        threads: &[&[Toggle(A)], &[Begin(1), Upsert(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

#[cfg(loxley_slots = "1")]
#[test]
fn two_in_a_growing_table() {
    Scenario {
        setup: &[Put(A)],
        layout: "0",
        resize_to: Some(1),
        threads: &[&[Toggle(A)], &[Upsert(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// An insertion is under way when the growth begins.
#[cfg(loxley_slots = "1")]
#[test]
fn pending_against_growth() {
    Scenario {
        setup: &[Put(A), Remove(A)],
        layout: "x",
        threads: &[&[Upsert(A), Look(A)], &[Begin(1), Toggle(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// The entry that was seen is moved out of the way of an insertion.
#[cfg(loxley_slots = "1")]
#[test]
fn against_an_eviction() {
    Scenario {
        setup: &[Put(B), Put(C)],
        layout: "0 0 . .",
        threads: &[&[Put(A)], &[Toggle(C)], &[Replace(C)]],
        preemptions: 2,
        ..NONE
    }
    .run();
}
