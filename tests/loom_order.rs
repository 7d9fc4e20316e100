//! The order of operations on different keys is that of real time, for all threads: what the sequentially consistent accesses
//! are for. Nothing but the map tells the threads of each other.
#![cfg(all(loom, loxley_slots = "1"))]

mod loom_common;

use loom_common::*;

const A: u8 = 0x00;
const B: u8 = 0x40;
/// Of the same homes.
const A1: u8 = 0x01;
const B1: u8 = 0x41;

/// Each thread inserts one key and looks for the other's: one of them must find it.
#[test]
fn insertions_and_lookups_crosswise() {
    Scenario { log2: 2, layout: ". . . .", threads: &[&[Put(A), Get(B)], &[Put(B), Get(A)]], ..Scenario::DEFAULT }
        .run();
}

/// The same through the meta words.
#[test]
fn displaced_insertions_and_lookups_crosswise() {
    Scenario {
        log2: 3,
        setup: &[Put(A), Put(B)],
        layout: "0 . . . 0 . . .",
        threads: &[&[Put(A1), Get(B1)], &[Put(B1), Get(A1)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// Two threads must not see two insertions in different orders.
#[test]
fn two_insertions_seen_by_two_threads() {
    Scenario {
        log2: 2,
        layout: ". . . .",
        threads: &[&[Put(A)], &[Put(B)], &[Get(A), Get(B)], &[Get(B), Get(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// One insertion goes to a new table, the other to where it was.
#[test]
fn insertions_and_lookups_in_two_tables() {
    Scenario {
        log2: 1,
        layout: ". .",
        threads: &[&[Begin(2), Put(A), Get(B)], &[Put(B), Get(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}
