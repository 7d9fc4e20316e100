//! Robin Hood order, as the slots show it: an insertion that finds no free slot near its home takes that of the entry that
//! is nearest to its own. And bounds, which are lowered when the entries that they were raised for are gone. Lookups are right
//! without that, only slower, so no other test would notice.
#![cfg(all(loxley_hooks, loxley_slots = "2", not(loom)))]

mod common;

use common::hashing::Hashing;
use loxley::{HashMap, hooks};
use std::cell::Cell;
use std::rc::Rc;

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

/// How many atomic accesses a lookup of an absent key makes, which has not the fingerprint of one that is there.
fn accesses_of_a_miss(map: &HashMap<u64, (), Hashing>, home: u64) -> usize {
    let accesses = Rc::new(Cell::new(0));
    let counted = Rc::clone(&accesses);
    let key = hooks::hash_for(home, 3, 1 << 52);
    hooks::on_access(move |_| counted.set(counted.get() + 1));
    let found = map.pin().contains_key(&key);
    hooks::ignore_accesses();
    assert!(!found);
    accesses.get()
}

#[test]
fn the_bound_is_lowered_when_its_last_entry_is_removed() {
    let map: HashMap<u64, (), Hashing> = hooks::with_buckets(3, Hashing::Identity);
    let key = |home, rest| hooks::hash_for(home, 3, rest);
    let insert = |home, rest| _ = map.pin().insert(key(home, rest), ());
    let mut costs = Vec::new();
    for rest in 0..5 {
        insert(0, rest);
        costs.push(accesses_of_a_miss(&map, 0));
    }
    insert(2, 0);
    assert_eq!(hooks::layout(&map), "00 11 20 .. .. .. .. ..");
    assert!(costs[0] < costs[1] && costs[1] < costs[2] && costs[3] < costs[4], "{costs:?}");
    // Bucket 2, then bucket 1, which has one more.
    for rest in [4, 3, 2] {
        assert!(map.pin().remove(&key(0, rest)).is_some());
        hooks::check(&map);
        assert_eq!(accesses_of_a_miss(&map, 0), costs[rest as usize - 1], "{}", hooks::layout(&map));
    }
}

/// What overflows in a migration makes an entry at home make way, too, if the helper who moves it, counted as well, is within the
/// capacity: eleven for eight buckets. Without that it goes on to where there is room.
#[test]
fn what_overflows_in_a_migration_evicts_within_the_capacity() {
    let shrunk = |homes: &[u64]| {
        let map: HashMap<u64, (), Hashing> = hooks::with_buckets(4, Hashing::Identity);
        for (rest, home) in (0..).zip(homes) {
            map.pin().insert(hooks::hash_for(*home, 4, rest), ());
        }
        hooks::begin_resize(&map, 3);
        map.pin().reserve(0);
        hooks::check(&map);
        hooks::layout(&map)
    };
    // Of sixteen homes; of eight, three entries are at home 0, and two at home 1.
    let homes = [0, 0, 1, 2, 3, 8, 9, 10, 11, 12, 13];
    assert_eq!(shrunk(&homes[..10]), "00 10 1. .. 00 00 0. ..");
    assert_eq!(shrunk(&homes), "00 00 2. .. 00 00 00 ..");
}
