//! The order of operations on different keys is that of real time, for all threads: what the sequentially consistent accesses
//! are for. Nothing but the map tells the threads of each other.
#![cfg(all(loom, loxley_slots = "1"))]

mod loom_common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use loom_common::*;
use loxley::{HashMap, hooks};

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

/// The same in a map that has no table yet.
#[test]
fn first_insertions_and_lookups_crosswise() {
    hooks::model(2, || {
        let map = Arc::new(HashMap::with_hasher(Homes));
        let insert_and_look = |map: &HashMap<u8, u8, Homes>, key: u8, other: u8| {
            let guard = &map.guard();
            map.insert(key, 0, guard);
            map.contains_key(&other, guard)
        };
        let other = map.clone();
        let other = loom::thread::spawn(move || insert_and_look(&other, A, B));
        let found = insert_and_look(&map, B, A);
        assert!(other.join().unwrap() || found, "both threads were first");
        hooks::collect();
    });
}

/// A lookup that begins when the first insertion is over, as a clock would have it.
#[test]
fn a_lookup_after_the_first_insertion() {
    hooks::model(2, || {
        let map = Arc::new(HashMap::with_hasher(Homes));
        // Not loom's: it tells the time, and orders nothing.
        let inserted = Arc::new(AtomicBool::new(false));
        let (there, done) = (map.clone(), inserted.clone());
        let insert = loom::thread::spawn(move || {
            there.insert(A, 0, &there.guard());
            done.store(true, Ordering::SeqCst);
        });
        let look = loom::thread::spawn(move || {
            let must_be_there = inserted.load(Ordering::SeqCst);
            assert!(map.contains_key(&A, &map.guard()) || !must_be_there, "an insertion that is over is not seen");
        });
        insert.join().unwrap();
        look.join().unwrap();
        hooks::collect();
    });
}
