//! Growth: what a table's entries go through on their way to its successor, while others work on them.
//!
//! Keys: the upper digit is the home in a table of eight buckets, and so on.
#![cfg(all(loom, loxley_slots = "1"))]

mod loom_common;

use loom_common::*;

/// Homes 0 and 1 of two buckets, 0 and 2 of four.
const A: u8 = 0x00;
const C: u8 = 0x40;
/// With the home of A in any table: the second of them overflows its new home.
const B: u8 = 0x01;

/// One bucket that holds A, about to become two.
const ONE: Scenario = Scenario { setup: &[Put(A)], layout: "0", resize_to: Some(1), ..Scenario::DEFAULT };

/// Two buckets; B in the home bucket of A, which is displaced. The second insertion has begun the growth.
const OVERFLOWING: Scenario =
    Scenario { log2: 1, setup: &[Put(B), Put(A)], layout: "0 1", preemptions: 2, ..Scenario::DEFAULT };

#[test]
fn two_migrators_of_one_entry() {
    Scenario { threads: &[&[Remove(A)], &[Update(A)]], ..ONE }.run();
}

#[test]
fn reinsertion_against_an_insertion_next_door() {
    Scenario { threads: &[&[Remove(A), Put(A)], &[Put(C)]], preemptions: 2, ..ONE }.run();
}

#[test]
fn lookups_during_a_migration() {
    Scenario { threads: &[&[Update(A), Remove(A)], &[Get(A), Get(A)]], ..ONE }.run();
}

/// Both work on a group of two entries, of which the second does not fit into its new home, and whose neighbour
/// has not been placed when that is found out.
#[test]
fn two_migrators_of_an_overflowing_group() {
    Scenario { threads: &[&[Remove(A)], &[Remove(B)]], ..OVERFLOWING }.run();
}

#[test]
fn lookups_in_an_overflowing_group() {
    Scenario { threads: &[&[Remove(A)], &[Get(A), Get(B)]], preemptions: 3, ..OVERFLOWING }.run();
}

#[test]
fn an_update_and_an_insertion_in_an_overflowing_group() {
    Scenario { threads: &[&[Update(A)], &[Put(C)]], preemptions: 1, ..OVERFLOWING }.run();
}

/// As before, with an entry next door that belongs where the overflowing one would like to go.
#[test]
fn an_overflowing_group_and_its_neighbour() {
    Scenario {
        log2: 2,
        setup: &[Put(0x10), Put(0x11), Put(0x20)],
        layout: "0 1 1 .",
        resize_to: Some(3),
        threads: &[&[Update(0x11)], &[Remove(0x20)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// The overflowing entry makes another move, which would like to go where one of an unplaced group belongs.
#[test]
fn an_eviction_in_the_new_table() {
    Scenario {
        log2: 3,
        setup: &[Put(0x00), Put(0x01), Put(0x0C), Put(0x10)],
        layout: "0 1 2 2 . . . .",
        resize_to: Some(4),
        threads: &[&[Update(0x01)], &[Remove(0x10)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// The overflow of the last home but one goes into the bucket of an unplaced group.
#[test]
fn overflow_into_an_unplaced_group() {
    Scenario {
        log2: 1,
        setup: &[Put(0x20), Put(0x21)],
        layout: "0 1",
        threads: &[&[Update(0x21)], &[Get(0x21), Remove(0x20)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// The home is being frozen while an insertion takes its EMPTY slot.
#[test]
fn direct_insertion_against_freezing() {
    Scenario {
        log2: 1,
        setup: &[Put(C)],
        layout: ". 0",
        resize_to: Some(2),
        threads: &[&[Put(A), Get(A)], &[Remove(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

#[test]
fn direct_insertion_against_the_beginning() {
    Scenario {
        log2: 1,
        setup: &[Put(C)],
        layout: ". 0",
        threads: &[&[Put(A), Get(A)], &[Begin(2), Remove(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// An insertion through the meta word is under way when the growth begins.
#[test]
fn pending_against_growth() {
    Scenario {
        setup: &[Put(A), Remove(A)],
        layout: "x",
        threads: &[&[Put(A), Get(A)], &[Begin(1), Remove(A)]],
        ..Scenario::DEFAULT
    }
    .run();
}

#[test]
fn displaced_pending_against_growth() {
    Scenario {
        log2: 1,
        setup: &[Put(C), Remove(C), Put(B)],
        layout: "0 x",
        threads: &[&[Put(A)], &[Begin(2), Remove(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// Y is moved out of the way of an insertion, and to the next table.
#[test]
fn eviction_against_migration() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(0x20)],
        layout: "0 0 . .",
        threads: &[&[Put(A)], &[Begin(3), Update(0x20)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// The last groups are migrated by both, and both find the migration complete.
#[test]
fn two_finishers() {
    Scenario {
        log2: 1,
        setup: &[Put(A), Remove(A)],
        layout: "x .",
        resize_to: Some(2),
        threads: &[&[Remove(A)], &[Remove(C)]],
        eager_collector: true,
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

#[test]
fn two_beginners() {
    Scenario {
        setup: &[Put(A)],
        layout: "0",
        threads: &[&[Begin(1), Remove(A)], &[Begin(1), Update(A)]],
        preemptions: 1,
        ..Scenario::DEFAULT
    }
    .run();
}

/// The bound that the migrator has read says nothing of where Y is moved.
#[test]
fn an_eviction_that_began_before() {
    Scenario {
        log2: 2,
        setup: &[Put(B), Put(0x20)],
        layout: "0 0 . .",
        threads: &[&[Put(A)], &[Begin(3), Migrate(1), Get(0x20)]],
        ..Scenario::DEFAULT
    }
    .run();
}

/// Insertions enter the new table while the old one is the root, and fill it beyond its capacity.
#[test]
fn insertions_into_a_table_that_is_being_filled() {
    Scenario {
        log2: 1,
        setup: &[Put(B), Put(A)],
        layout: "0 1",
        threads: &[&[Put(C)], &[Put(0x60), Get(A)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// A is in the new table only, and lookups still enter through the old one.
#[test]
fn an_insertion_into_a_table_that_is_being_filled() {
    Scenario {
        log2: 2,
        setup: &[Put(0x20)],
        layout: ". 0 . .",
        resize_to: Some(3),
        threads: &[&[Put(A), Get(A)], &[Get(A), Migrate(3)]],
        preemptions: 2,
        ..Scenario::DEFAULT
    }
    .run();
}

/// Eleven entries of the last of sixteen groups.
const LAST_GROUP: &[Op] = &[
    Put(0x70),
    Put(0x71),
    Put(0x72),
    Put(0x73),
    Put(0x74),
    Put(0x75),
    Put(0x76),
    Put(0x77),
    Put(0x78),
    Put(0x79),
    Put(0x7a),
];

/// Sixteen groups, the last of which has eleven entries, and eight insertions into the new table, which help with two groups
/// each. Were the migration not completed when the new table is as full as it may be, the eleven would find no room.
#[test]
fn a_table_that_is_filled_too_early() {
    Scenario {
        log2: 5,
        setup: LAST_GROUP,
        layout: "4 5 6 7 8 9 a . . . . . . . . . . . . . . . . . . . . . 0 1 2 3",
        resize_to: Some(4),
        threads: &[&[Put(0x00), Put(0x01), Put(0x02), Put(0x03)], &[Put(0x04), Put(0x05), Put(0x06), Put(0x07)]],
        preemptions: 0,
        ..Scenario::DEFAULT
    }
    .run();
}

/// Sixteen slots, of which eleven may be taken, and ten entries: two insertions both see that there is room for one more.
#[test]
fn insertions_into_a_table_with_room_for_one() {
    Scenario {
        log2: 5,
        setup: LAST_GROUP.split_at(10).0,
        layout: "4 5 6 7 8 9 . . . . . . . . . . . . . . . . . . . . . . 0 1 2 3",
        resize_to: Some(4),
        threads: &[&[Put(0x00)], &[Put(0x10)]],
        preemptions: 1,
        ..Scenario::DEFAULT
    }
    .run();
}
