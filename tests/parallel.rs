//! The feature `rayon`: each key that stays once, references that outlive the removal of their entries, and parallel collection.
#![cfg(all(not(loom), feature = "rayon"))]

mod common;

use common::hashing::Hashing;
use common::ledger::{Item, Ledger};
use common::{Rng, StopOnDrop, assert_same, collect_some, injected, panic_on_purpose, scaled};
use loxley::{HashMap, HashSet};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap as StdMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

type Map = HashMap<u64, u64, Hashing>;

fn filled(n: u64, hashing: Hashing) -> Map {
    let map = Map::with_hasher(hashing);
    (&map).extend((0..n).map(|key| (key, !key)));
    map
}

#[test]
fn every_entry_once() {
    for hashing in Hashing::ALL_BUT_CONSTANT {
        for n in [0, 1, 100, scaled(100_000, 3_000) as u64] {
            let n = if hashing == Hashing::Values(4) { n.min(2000) } else { n };
            let map = filled(n, hashing);
            let pinned = map.pin();
            let mut entries: Vec<(&u64, &u64)> = pinned.par_iter().collect();
            entries.sort_unstable();
            assert_eq!(entries.len() as u64, n);
            assert!(entries.iter().zip(0..n).all(|((key, value), n)| **key == n && **value == !n));
            assert!(pinned.par_iter().clone().count() as u64 == n);
        }
    }
}

#[test]
fn the_work_is_shared() {
    assert!(parts(scaled(200_000, 20_000) as u64) >= 4);
}

/// A few buckets are left to one thread, whatever others have time.
#[test]
fn small_maps_are_not_shared_out() {
    assert_eq!(parts(5), 1);
}

/// How many parts a map of `n` entries is iterated over in, by four threads.
fn parts(n: u64) -> usize {
    let map = filled(n, Hashing::Ahash);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    let parts = AtomicUsize::new(0);
    pool.install(|| {
        let pinned = map.pin();
        let sums = pinned.par_iter().fold(
            || {
                parts.fetch_add(1, Relaxed);
                0_u64
            },
            |sum, (key, _)| sum + key,
        );
        assert_eq!(sums.sum::<u64>(), (0..n).sum());
    });
    parts.into_inner()
}

/// Stops early, and passes panics on.
#[test]
fn short_circuits_and_panics() {
    let map = filled(scaled(50_000, 5_000) as u64, Hashing::Ahash);
    let pinned = map.pin();
    assert_eq!(pinned.par_iter().find_any(|(key, _)| **key == 77), Some((&77, &!77)));
    assert!(pinned.par_iter().all(|(key, value)| *value == !*key));
    assert!(injected(|| pinned.par_iter().for_each(|(key, _)| {
        if *key == 1234 {
            panic_on_purpose();
        }
    })));
    assert_eq!(pinned.par_iter().count(), map.len());
}

/// The references that workers have gathered live as long as the view, on every thread, though all entries are removed
/// meanwhile, the workers have long dropped their guards, and the collector is made to run.
#[test]
fn references_outlive_removal() {
    for round in 0..scaled(20, 10) {
        let n = 2000;
        let ledger = Ledger::new(8 * n as usize);
        let map: HashMap<Item, Item> = HashMap::new();
        for key in 0..n {
            map.pin().insert(ledger.item(key), ledger.item(key));
        }
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (pinned, stop) = (map.pin(), StopOnDrop(&done));
            let remover = scope.spawn(|| {
                let mut rng = Rng::new(round as u64);
                while !done.load(Relaxed) {
                    map.pin().remove(&rng.below(n));
                    if rng.one_in(64) {
                        map.guard().flush();
                    }
                    if rng.one_in(500) {
                        map.pin().shrink_to_fit();
                    }
                }
                map.pin().clear();
                (0..100).for_each(|_| map.guard().flush());
            });
            let entries: Vec<(&Item, &Item)> = pinned
                .par_iter()
                .map(|(key, value)| {
                    assert_eq!(key.check(), value.check());
                    (key, value)
                })
                .collect();
            drop(stop);
            remover.join().unwrap();
            let distinct: BTreeSet<u64> = entries.par_iter().map(|(key, _)| key.check()).collect();
            assert_eq!(distinct.len(), entries.len());
            assert!(entries.par_iter().all(|(key, value)| key.check() == value.check()));
        });
        collect_some();
        drop(map);
        ledger.assert_balanced();
    }
}

#[test]
fn keys_that_stay_are_there_once_under_churn() {
    let stable = scaled(5000, 500) as u64;
    let map = filled(stable, Hashing::Ahash);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut rng = Rng::new(5);
            while !stop.load(Relaxed) {
                let key = stable + rng.below(stable);
                match rng.below(1000) {
                    0 => map.pin().shrink_to_fit(),
                    1 => map.pin().reserve(4 * stable as usize),
                    2 => map.pin().retain(|key, _| *key < stable),
                    _ => drop(map.pin().insert(key, !key).is_some()),
                }
            }
        });
        let _stop = StopOnDrop(&stop);
        for _ in 0..scaled(100, 40) {
            let pinned = map.pin();
            let keys: Vec<u64> = pinned.par_iter().map(|(key, _)| *key).collect();
            let distinct: BTreeSet<u64> = keys.iter().copied().collect();
            assert_eq!(distinct.len(), keys.len());
            assert!((0..stable).all(|key| distinct.contains(&key)));
        }
    });
}

#[test]
fn collections() {
    let n = scaled(50_000, 3_000) as u64;
    let expected: StdMap<u64, u64> = (0..n).map(|key| (key, !key)).collect();
    let mut map: HashMap<u64, u64> = (0..n).into_par_iter().map(|key| (key, !key)).collect();
    assert_same(&map, &expected);
    map.par_extend((0..2 * n).into_par_iter().map(|key| (key, !key)));
    assert_eq!(map.len() as u64, 2 * n);
    map.par_iter_mut().for_each(|(key, value)| *value = *key);
    assert!(map.pin().par_iter().all(|(key, value)| key == value));
    assert_eq!(map.into_par_iter().map(|(key, _)| key).sum::<u64>(), (0..2 * n).sum());

    let mut set: HashSet<u64> = (0..n).into_par_iter().map(|i| i / 2).collect();
    assert_eq!((set.len() as u64, set.pin().par_iter().count() as u64), (n / 2, n / 2));
    set.par_extend((0..n).into_par_iter());
    assert_eq!(set.pin().par_iter().copied().sum::<u64>(), (0..n).sum());
    assert_eq!(set.into_par_iter().count() as u64, n);
}
