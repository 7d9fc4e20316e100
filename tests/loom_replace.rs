//! Replacement of values: nothing is lost, and a key that is there is never seen absent.
#![cfg(loom)]

mod loom_common;

use loom_common::*;

const A: u8 = 0x00;

const ONE: Scenario = Scenario {
    log2: 2,
    setup: &[Put(A)],
    layout: if cfg!(loxley_slots = "1") { "0 . . ." } else { "0. .. .. .." },
    ..Scenario::DEFAULT
};

#[test]
fn two_updates() {
    Scenario { threads: &[&[Update(A), Update(A)], &[Update(A), Get(A)]], ..ONE }.run();
}

#[test]
fn two_updates_and_a_removal() {
    Scenario {
        threads: &[&[Update(A)], &[Update(A)], &[Remove(A), Get(A)]],
        eager_collector: true,
        preemptions: 2,
        ..ONE
    }
    .run();
}

/// No outcome of a sequential map has a lookup that finds nothing here.
#[test]
fn lookups_while_it_is_replaced() {
    Scenario { threads: &[&[Put(A), Put(A)], &[Get(A), Get(A), Get(A)]], ..ONE }.run();
}

#[test]
fn replaced_updated_and_removed() {
    Scenario { threads: &[&[Put(A)], &[Update(A)], &[Remove(A)]], eager_collector: true, preemptions: 2, ..ONE }
        .run();
}

#[test]
fn kept_or_removed() {
    Scenario { threads: &[&[GetOrPut(A), Try(A)], &[Remove(A), Remove(A)]], ..ONE }.run();
}

#[cfg(loxley_slots = "1")]
#[test]
fn displaced_against_growth() {
    Scenario {
        log2: 2,
        setup: &[Put(A), Put(0x01)],
        layout: "0 1 . .",
        threads: &[&[Put(0x01), Remove(0x01)], &[Begin(3), Put(0x01), Get(0x01)]],
        eager_collector: true,
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// A displaced entry.
#[cfg(loxley_slots = "1")]
#[test]
fn displaced() {
    Scenario {
        log2: 2,
        setup: &[Put(A), Put(0x01)],
        layout: "0 1 . .",
        threads: &[&[Update(0x01), Remove(A)], &[Put(0x01), Get(0x01)]],
        ..Scenario::DEFAULT
    }
    .run();
}
