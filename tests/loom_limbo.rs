//! Reclamation: everything that has been retired is freed as soon as no operation is under way, and whoever looks at it
//! after that fails.
#![cfg(all(loom, loxley_slots = "1"))]

mod loom_common;

use loom_common::*;

/// Four buckets, about to become eight. B1 is displaced, and its group, of home 1, overflows in the new table too.
const B0: u8 = 0x20;
const B1: u8 = 0x21;
/// At home in the bucket that holds B1, hence displaced.
const C: u8 = 0x40;

const NEIGHBOURS: Scenario = Scenario {
    log2: 2,
    setup: &[Put(B0), Put(B1), Put(C)],
    layout: ". 0 1 1",
    resize_to: Some(3),
    eager_collector: true,
    preemptions: 2,
    ..Scenario::DEFAULT
};

/// A node that has been removed through the newer table is still named by the older one, where a lookup passes it.
#[test]
fn removal_in_the_new_table_against_a_lookup_in_the_old_one() {
    Scenario { threads: &[&[Remove(B1)], &[Get(C), Get(C)]], ..NEIGHBOURS }.run();
}

#[test]
fn replacement_in_the_new_table_against_a_lookup_in_the_old_one() {
    Scenario { threads: &[&[Update(B1), Remove(B1)], &[Get(C), Get(C)]], ..NEIGHBOURS }.run();
}

/// The other one migrates the neighbour, and so looks at all that is in its reach.
#[test]
fn removal_in_the_new_table_against_migration() {
    Scenario { threads: &[&[Remove(B1)], &[Update(C)]], preemptions: 1, ..NEIGHBOURS }.run();
}

/// The root moves on between a removal and its retirement.
#[test]
fn removal_while_the_root_moves_on() {
    Scenario {
        log2: 1,
        setup: &[Put(0x00)],
        layout: "0 .",
        resize_to: Some(2),
        threads: &[&[Remove(0x00)], &[Remove(0x40), Get(0x00)]],
        eager_collector: true,
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// The same, where the removal has helped with the first two groups only, so that it is told of the root by nobody: it must not
/// take the older table, which has been retired already, for the root.
#[test]
fn removal_after_the_root_has_moved_on() {
    Scenario {
        log2: 2,
        setup: &[Put(0x00)],
        layout: "0 . . .",
        resize_to: Some(3),
        threads: &[&[Remove(0x00)], &[Migrate(2), Migrate(3), Get(0x00)]],
        eager_collector: true,
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// An insertion that comes to nothing has been PENDING: helpers may look at its key.
#[test]
fn insertion_that_was_withdrawn() {
    Scenario {
        log2: 2,
        setup: &[Put(0x01), Put(0x20), Remove(0x20)],
        layout: "0 x . .",
        threads: &[&[Try(0x00)], &[Try(0x00), Remove(0x00)]],
        eager_collector: true,
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}
