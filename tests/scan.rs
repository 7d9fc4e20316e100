//! Scans by cursor: each key that stays once, over all pages, however often the table changes between them.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::{Rng, StopOnDrop, fresh_seed, scaled};
use loxley::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

type Map = HashMap<u64, u64, Hashing>;

fn filled(keys: impl IntoIterator<Item = u64>, hashing: Hashing) -> Map {
    let map = Map::with_hasher(hashing);
    for key in keys {
        map.pin().insert(key, !key);
    }
    map
}

/// A whole scan; `between` is called after each page.
fn scan(map: &Map, limit: usize, mut between: impl FnMut(usize)) -> Vec<u64> {
    let (mut keys, mut cursor, mut last) = (Vec::new(), Some(0), None);
    for page in 0.. {
        let Some(position) = cursor else { break };
        assert!(last.is_none_or(|last| last < position), "cursors ascend");
        last = cursor;
        let pinned = map.pin();
        let found = pinned.scan(position, limit);
        assert!(found.next.is_none() || found.entries.len() >= limit);
        assert!(found.entries.iter().all(|(key, value)| **value == !**key));
        keys.extend(found.entries.iter().map(|(key, _)| **key));
        cursor = found.next;
        drop(pinned);
        between(page);
    }
    keys
}

fn assert_once(keys: &[u64], expected: impl IntoIterator<Item = u64>) {
    let distinct: BTreeSet<u64> = keys.iter().copied().collect();
    assert_eq!(distinct.len(), keys.len(), "a key twice");
    assert!(expected.into_iter().all(|key| distinct.contains(&key)), "a key is missing");
}

#[test]
fn quiet_maps() {
    for hashing in Hashing::ALL_BUT_CONSTANT {
        for n in [0, 1, 10, scaled(3000, 500) as u64] {
            let map = filled(0..n, hashing);
            for limit in [0, 1, 7, 100, usize::MAX] {
                let keys = scan(&map, limit, |_| {});
                assert_eq!(keys.len() as u64, n);
                assert_once(&keys, 0..n);
            }
        }
    }
    assert_eq!(Map::default().pin().scan(12345, 1).next, None);
}

#[test]
fn pages_are_of_the_size_that_was_asked_for() {
    let map = filled(0..10_000, Hashing::Ahash);
    let pinned = map.pin();
    let page = pinned.scan(0, 100);
    assert!((100..130).contains(&page.entries.len()), "{}", page.entries.len());
    let again = pinned.scan(0, 100);
    assert_eq!((page.next, &page.entries), (again.next, &again.entries));
    assert_eq!(pinned.scan(page.next.unwrap(), usize::MAX).entries.len(), 10_000 - page.entries.len());
    assert!(format!("{:?}", pinned.scan(u64::MAX, 1)).starts_with("Page"));
}

/// Any partition of the cursors is one of the keys: pages that begin within a home have their part of it.
#[test]
fn cursors_split_the_keys() {
    let mut rng = Rng::new(fresh_seed("cursors_split_the_keys"));
    for hashing in Hashing::ALL_BUT_CONSTANT {
        let map = filled(0..500, hashing);
        let pinned = map.pin();
        let mut positions: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for cursor in (0..200).map(|_| rng.next()).chain([0, u64::MAX]) {
            let keys = pinned.scan(cursor, usize::MAX).entries.iter().map(|(key, _)| **key).collect();
            positions.insert(cursor, keys);
        }
        let suffixes: Vec<&BTreeSet<u64>> = positions.values().collect();
        assert_eq!(suffixes[0].len(), 500);
        assert!(suffixes.windows(2).all(|pair| pair[0].is_superset(pair[1])), "{hashing:?}");
        if hashing == Hashing::Ahash {
            let sizes: BTreeSet<usize> = suffixes.iter().map(|keys| keys.len()).collect();
            assert!(sizes.len() > 100, "homes are not split");
        }
    }
}

#[test]
fn tables_that_change_between_pages() {
    let mut rng = Rng::new(fresh_seed("tables_that_change_between_pages"));
    for hashing in Hashing::ALL_BUT_CONSTANT {
        for _ in 0..scaled(20, 8) {
            let stable = 300;
            let map = filled(0..stable, hashing);
            let keys = scan(&map, 1 + rng.below(20) as usize, |_| match rng.below(8) {
                0 => (stable..stable + rng.below(2000)).for_each(|key| {
                    map.pin().insert(key, !key);
                }),
                1 => map.pin().retain(|key, _| *key < stable),
                2 => map.pin().shrink_to_fit(),
                3 => map.pin().reserve(rng.below(3000) as usize),
                _ => {
                    let key = stable + rng.below(2000);
                    map.pin().insert(key, !key);
                }
            });
            assert_once(&keys, 0..stable);
        }
    }
}

#[test]
fn tables_that_change_within_pages() {
    let stable = scaled(2000, 400) as u64;
    let map = filled(0..stable, Hashing::Ahash);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (map, stop) = (&map, &stop);
            scope.spawn(move || {
                let mut rng = Rng::new(fresh_seed("tables_that_change_within_pages") + thread);
                while !stop.load(Relaxed) {
                    let key = stable + rng.below(stable);
                    match rng.below(1000) {
                        0 => map.pin().shrink_to_fit(),
                        1 => map.pin().reserve(8 * stable as usize),
                        2 => map.pin().retain(|key, _| *key < stable),
                        3..500 => drop(map.pin().remove(&key).is_some()),
                        _ => drop(map.pin().insert(key, !key).is_some()),
                    }
                }
            });
        }
        let _stop = StopOnDrop(&stop);
        for round in 0..scaled(200, 60) {
            assert_once(&scan(&map, round, |_| {}), 0..stable);
        }
    });
}
