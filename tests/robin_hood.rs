//! Robin Hood order, as the slots show it: an insertion that finds no free slot near its home takes that of the entry that
//! is nearest to its own. Lookups are right without that, only slower, so no other test would notice.
#![cfg(all(loxley_hooks, loxley_slots = "2", not(loom)))]

mod common;

use common::hashing::Hashing;
use loxley::{HashMap, hooks};

/// The slots of a table of eight buckets after insertions of keys with these homes; see [`hooks::layout`].
fn layout(homes: &[u64]) -> String {
    let map: HashMap<u64, (), Hashing> = hooks::with_buckets(3, Hashing::Identity);
    for (rest, home) in (0..).zip(homes) {
        map.pin().insert(hooks::hash_for(*home, 3, rest), ());
    }
    hooks::check(&map);
    hooks::layout(&map)
}

#[test]
fn an_entry_at_home_makes_way_for_one_that_is_not() {
    assert_eq!(layout(&[0, 0, 1, 0]), "00 01 .. .. .. .. .. ..");
    assert_eq!(layout(&[0, 0, 1, 0, 0]), "00 11 1. .. .. .. .. ..");
    assert_eq!(layout(&[7, 7, 0, 7, 7]), "11 1. .. .. .. .. .. 00", "around the end of the table");
}

#[test]
fn the_nearest_to_its_home_makes_way() {
    assert_eq!(layout(&[0, 0, 0, 0, 1, 2]), "00 11 10 .. .. .. .. ..");
    assert_eq!(layout(&[0, 0, 0, 0, 1, 2, 0]), "00 11 12 1. .. .. .. ..");
    assert_eq!(layout(&[0, 0, 0, 0, 2, 1, 0]), "00 11 21 1. .. .. .. ..");
}
