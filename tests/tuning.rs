//! The builder's settings, statistics, and migrations that are helped along.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::{TINY_BUCKETS, assert_same, mix, scaled};
use loxley::{Decision, HashMap, HashSet, Stats};
use std::collections::HashMap as StdMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

type Map = HashMap<u64, u64, Hashing>;

const FULL: f64 = 5.0 / 7.0;

fn insert(map: &Map, keys: std::ops::Range<u64>) {
    for key in keys {
        map.pin().insert(mix(key), key);
    }
}

fn stats(map: &Map) -> Stats {
    map.pin().stats()
}

/// Stops in the middle of the next growth: one group is migrated, of many.
fn growing(copy_budget: usize) -> Map {
    let map = HashMap::builder().hasher(Hashing::Ahash).copy_budget(copy_budget).capacity(5000).build();
    let mut n = map.capacity() as u64;
    insert(&map, 0..n);
    while stats(&map).migration.is_none() {
        insert(&map, n..n + 1);
        n += 1;
    }
    map
}

#[test]
fn settings() {
    let map: HashMap<String, u8> = HashMap::builder().build();
    assert_eq!((map.capacity(), stats_of_new(&map)), (0, (0, 0)));
    let map: Map = HashMap::builder().capacity(1000).hasher(Hashing::Ahash).build();
    assert!(map.capacity() >= 1000);
    let set: HashSet<u64, _> = HashSet::builder().hasher(Hashing::Ahash).capacity(77).max_load(0.5).build();
    assert!(set.capacity() >= 77 && set.pin().insert(3) && set.pin().contains(&3));
    assert_eq!(Map::with_capacity_and_hasher(500, Hashing::Ahash).capacity(), with_load(FULL, 500).capacity());
    for load in [0.0, 0.2499, 0.72, 1.0, f64::NAN] {
        assert!(panics(|| _ = HashMap::<u8, u8>::builder().max_load(load)), "{load}");
    }
    for groups in [0, 65] {
        assert!(panics(|| _ = HashMap::<u8, u8>::builder().copy_budget(groups)));
    }
    assert!(panics(|| _ = HashMap::<u8, u8>::builder().capacity(usize::MAX).build()));
}

fn stats_of_new(map: &HashMap<String, u8>) -> (usize, u64) {
    let stats = map.pin().stats();
    (stats.table_bytes, stats.growths)
}

fn panics(f: impl FnOnce()) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).is_err()
}

fn with_load(max_load: f64, capacity: usize) -> Map {
    HashMap::builder().hasher(Hashing::Ahash).max_load(max_load).capacity(capacity).build()
}

/// The load stays under its limit, through growth, reservation, shrinking and cloning, and above half of it where the map has grown
/// of itself.
#[test]
fn loads() {
    let mut bytes = Vec::new();
    for max_load in [0.25, 0.3, 0.5, 0.6, FULL] {
        // A counter that is spread notices a little late.
        let late = 1.0 + 1.0 / 8.0;
        let map = with_load(max_load, 0);
        let n = scaled(60_000, 6_000) as u64;
        for i in 0..n {
            insert(&map, i..i + 1);
            if i > 100 && i % 97 == 0 {
                let stats = stats(&map);
                assert!(stats.load <= max_load * late, "{} of {max_load}", stats.load);
                assert!(stats.load >= max_load / 2.1, "{} of {max_load}", stats.load);
            }
        }
        assert!(map.capacity() >= map.len());
        while map.pin().help_resize() {}
        bytes.push(stats(&map).table_bytes);
        for copy in [map.clone(), map] {
            copy.pin().shrink_to_fit();
            assert!((max_load / 2.1..=max_load * late).contains(&stats(&copy).load), "{:?}", stats(&copy).load);
            copy.pin().retain(|_, value| value % 8 == 0);
            copy.pin().shrink_to_fit();
            let load = stats(&copy).load;
            assert!((max_load / 2.1..=max_load).contains(&load), "{load} of {max_load} when shrunk");
            copy.pin().reserve(10_000);
            assert!(copy.capacity() >= copy.len() + 10_000);
            assert!(copy.pin().iter().all(|(&key, &value)| key == mix(value)));
        }
    }
    assert!(bytes.is_sorted_by(|a, b| a >= b) && bytes[0] > bytes[4], "{bytes:?}");
}

/// So it does where keys come by `compute`, which does not begin with the home bucket's EMPTY slots as `insert` does.
#[test]
fn loads_by_computation() {
    for max_load in [0.25, FULL] {
        let map = with_load(max_load, 0);
        for i in 0..scaled(10_000, 1_000) as u64 {
            map.pin().compute::<()>(mix(i), |_| Decision::Insert(i));
            if i > 100 && i % 97 == 0 {
                let load = stats(&map).load;
                assert!((max_load / 2.1..=max_load * 9.0 / 8.0).contains(&load), "{load} of {max_load}");
            }
        }
    }
}

/// A low limit is no reason to take a bad hash for a full table, nor the other way round.
#[test]
fn the_lowest_load_with_bad_hashes() {
    for hashing in [Hashing::Values(2), Hashing::Identity, Hashing::Values(16)] {
        let map: Map = HashMap::builder().hasher(hashing).max_load(0.25).copy_budget(1).build();
        let twin: StdMap<u64, u64> = (0..scaled(800, 300) as u64).map(|i| (i, i + 1)).collect();
        twin.iter().for_each(|(&key, &value)| _ = map.pin().insert(key, value));
        assert_same(&map, &twin);
    }
}

/// An insertion into the new table migrates that many, too, and not all that is left.
#[test]
fn insertions_migrate_no_more_than_their_part() {
    let map = growing(1);
    let before = stats(&map).migration.unwrap();
    assert!(before.total >= 512, "{before:?}");
    for i in 1..=20 {
        let n = map.len() as u64;
        insert(&map, n..n + 1);
        let now = stats(&map).migration.expect("most groups are left");
        // One, and its own; and again where it starts again because a group is in its way.
        assert!((i..=16 * i).contains(&(now.done - before.done)), "{now:?} after {i}");
    }
}

/// Up to 64 groups are not given out in parts: each call migrates one of them, and the last one ends the migration.
#[test]
fn helping_completes_a_migration_of_few_groups() {
    for capacity in [5, 20, 40] {
        let map: Map = HashMap::builder().hasher(Hashing::Ahash).capacity(capacity).build();
        insert(&map, 0..map.capacity() as u64 + 1);
        let total = stats(&map).migration.expect("it has begun").total;
        assert!(total <= 64);
        for done in 1..total {
            assert!(map.pin().help_resize());
            assert_eq!(stats(&map).migration.map(|now| now.done), Some(done));
        }
        assert!(!map.pin().help_resize());
        assert!(stats(&map).migration.is_none());
    }
}

/// How many groups each operation migrates.
#[test]
fn copy_budgets() {
    for budget in [1, 2, 16, 64] {
        let map = growing(budget);
        let before = stats(&map).migration.unwrap();
        assert!(before.total >= 128 && before.done <= 1, "{before:?}");
        for i in 1..=5 {
            map.pin().remove(&i); // absent, but it helps
            let now = stats(&map).migration.map_or(before.total, |now| now.done);
            let done = now - before.done;
            // What a key needs may have been migrated already.
            assert!(
                (i as usize * budget..=i as usize * (budget + 1)).contains(&done) || now == before.total,
                "{done}"
            );
        }
    }
}

#[test]
fn helping_completes_a_migration() {
    for budget in [1, 16, 64] {
        let map = growing(budget);
        let (mut calls, mut last) = (1, 0);
        while map.pin().help_resize() {
            let migration = stats(&map).migration.expect("something is left");
            assert!(migration.done > last && migration.done < migration.total, "{migration:?}");
            (calls, last) = (calls + 1, migration.done);
        }
        let quiet = stats(&map);
        assert_eq!((quiet.migration, quiet.displacements.iter().sum::<usize>()), (None, map.len()));
        assert!(!map.pin().help_resize(), "nothing is left");
        assert!(calls >= 5000 / 5 / 7 / budget, "bounded parts: {calls} of {budget}");
    }
    let empty = Map::with_hasher(Hashing::Ahash);
    assert!(!empty.pin().help_resize());
    assert_eq!(empty.capacity(), 0, "no table is made for that");
}

/// Threads that do nothing else help, while others write.
#[test]
fn helpers_and_writers() {
    let map: Map = HashMap::builder().hasher(Hashing::Ahash).copy_budget(1).build();
    let over = AtomicBool::new(false);
    let n = scaled(100_000, 10_000) as u64;
    thread::scope(|s| {
        let (map, over) = (&map, &over);
        let helpers: Vec<_> = (0..2)
            .map(|_| {
                s.spawn(move || {
                    while !over.load(SeqCst) {
                        while map.pin().help_resize() {}
                        let stats = stats(map);
                        assert!(stats.migration.is_none_or(|m| m.done <= m.total));
                        thread::yield_now();
                    }
                })
            })
            .collect();
        let writers: Vec<_> = (0..2).map(|t| s.spawn(move || insert(map, t * n..(t + 1) * n))).collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        map.pin().shrink_to_fit();
        over.store(true, SeqCst);
        helpers.into_iter().for_each(|helper| helper.join().unwrap());
    });
    while map.pin().help_resize() {}
    let stats = stats(&map);
    assert_eq!((stats.entries, stats.displacements.iter().sum::<usize>()), (2 * n as usize, 2 * n as usize));
}

#[test]
fn figures() {
    let map = Map::with_hasher(Hashing::Ahash);
    let empty = stats(&map);
    assert_eq!((empty.entries, empty.capacity, empty.load), (0, 0, 0.0));
    assert_eq!((empty.displacements.len(), empty.tombstones), (0, 0));
    assert_eq!((empty.table_bytes, empty.entry_bytes, empty.growths, empty.shrinks), (0, 0, 0, 0));
    insert(&map, 0..1);
    assert_eq!((stats(&map).growths, stats(&map).displacements), (0, vec![1]));
    for n in 1..scaled(20_000, 3_000) as u64 {
        insert(&map, n..n + 1);
        if n % 101 == 0 {
            let stats = stats(&map);
            // Entries of a group that is half migrated, for its place was wanted, may be missing.
            let counted = stats.displacements.iter().sum::<usize>();
            assert!(counted == map.len() || stats.migration.is_some() && counted < map.len(), "{stats:?}");
            assert_eq!((stats.entries, stats.capacity), (map.len(), map.capacity()));
            assert_eq!(stats.entry_bytes, 16 * map.len());
            assert!(stats.table_bytes * 7 >= map.capacity() * 64 || TINY_BUCKETS);
        }
    }
    while map.pin().help_resize() {}
    let full = stats(&map);
    // From one bucket on.
    assert_eq!(full.capacity, Map::with_capacity_and_hasher(full.capacity, Hashing::Ahash).capacity());
    assert!(TINY_BUCKETS || full.capacity == 5 << full.growths);
    assert!(TINY_BUCKETS || (full.displacements[0] * 10 > full.entries * 8 && full.displacements.len() < 8));
    // Removal leaves tombstones, which the next insertions use again, and migrations leave behind.
    map.pin().retain(|_, value| value % 2 == 0);
    let half = stats(&map);
    assert!(half.tombstones >= full.entries / 2 - 1, "{half:?}");
    assert_eq!((half.table_bytes, half.shrinks), (full.table_bytes, 0));
    map.pin().retain(|_, value| value % 100 == 0);
    map.pin().shrink_to_fit();
    let few = stats(&map);
    assert!(few.shrinks > 0 && few.table_bytes * 8 < full.table_bytes && few.tombstones < few.entries, "{few:?}");
    assert_eq!(few.growths, full.growths);
}

/// Everything at one home: displacements are those of a line of buckets.
#[test]
fn displacements_of_a_constant_hash() {
    let map = Map::with_capacity_and_hasher(200, Hashing::Constant);
    insert(&map, 0..70);
    while map.pin().help_resize() {}
    let displacements = stats(&map).displacements;
    if !TINY_BUCKETS {
        assert_eq!(displacements, [7; 10]);
    }
    assert_eq!(displacements.iter().sum::<usize>(), 70);
}

/// Of a growth that has just begun: the load is the newer table's, the bytes are both tables'.
#[test]
fn figures_of_a_growth() {
    let before = stats(&with_load(FULL, 5000)).table_bytes;
    let begun = stats(&growing(1));
    assert!((0.35..0.4).contains(&begun.load), "{begun:?}");
    assert!((before * 29 / 10..before * 31 / 10).contains(&begun.table_bytes), "{begun:?}, {before} B before");
}
