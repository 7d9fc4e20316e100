//! Every key and value is dropped exactly once: not while a guard from before its removal lives, and by
//! the end of the map at the latest, in whatever state a growth or a shrink was then.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::ledger::{Item, Ledger};
use common::{Rng, collect_some, finish_resizing, scaled};
use loxley::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;

type Map = HashMap<Item, Item, Hashing>;

/// `0..n`, each mapped to itself.
fn filled(ledger: &'static Ledger, n: u64, hashing: Hashing) -> Map {
    let map = Map::with_hasher(hashing);
    insert_all(&map, ledger, 0..n);
    map
}

fn insert_all(map: &Map, ledger: &'static Ledger, keys: impl IntoIterator<Item = u64>) {
    for key in keys {
        map.pin().insert(ledger.item(key), ledger.item(key));
    }
}

/// Dropping a quiet map that nothing was ever removed from frees everything at once: no collector needed.
#[test]
fn a_map_drops_its_entries_with_itself() {
    for hashing in Hashing::ALL_BUT_CONSTANT {
        for n in [0, 1, 7, 100, 2000] {
            let ledger = Ledger::new(2 * n as usize);
            let map = filled(ledger, n, hashing);
            ledger.assert_alive(2 * n as usize);
            drop(map);
            ledger.assert_alive(0);
        }
    }
}

/// What an operation on a map of `0..100` leaves behind, and how many entries remain.
type Case = (&'static str, fn(&Map, &'static Ledger), usize);

const CASES: [Case; 13] = [
    ("replace", |map, ledger| insert_all(map, ledger, 0..50), 100),
    ("replace one often", |map, ledger| insert_all(map, ledger, [7; 1000]), 100),
    (
        "update",
        |map, ledger| {
            for key in 0..50 {
                let pinned = map.pin();
                assert!(pinned.update(ledger.item(key), |old| ledger.item(old.check() + 1)).is_some());
                assert!(pinned.update(ledger.item(key + 1000), |_| unreachable!()).is_none());
            }
        },
        100,
    ),
    (
        "remove",
        |map, _| assert!((0..30).all(|key| map.pin().remove(&key).is_some_and(|value| value.check() == key))),
        70,
    ),
    (
        "remove_entry",
        |map, _| {
            for key in 0..30 {
                let pinned = map.pin();
                let (removed, value) = pinned.remove_entry(&key).unwrap();
                assert_eq!((removed.check(), value.check()), (key, key));
            }
        },
        70,
    ),
    ("clear", |map, _| map.pin().clear(), 0),
    ("retain", |map, _| map.pin().retain(|key, value| key.check() + value.check() < 50), 25),
    (
        "failed try_insert",
        |map, ledger| {
            for key in 0..100 {
                let pinned = map.pin();
                let value = ledger.item(1);
                let id = value.id;
                let error = pinned.try_insert(ledger.item(key), value).unwrap_err();
                assert_eq!((error.current.check(), error.not_inserted.id), (key, id));
                assert!(error.not_inserted.is_alive(), "the value was handed back");
            }
        },
        100,
    ),
    (
        "lost get_or_insert_with",
        |map, ledger| {
            for key in 0..100 {
                assert_eq!(map.pin().get_or_insert_with(ledger.item(key), || unreachable!()).check(), key);
            }
        },
        100,
    ),
    (
        // The closure's own insert of the key wins, so that its result must be dropped.
        "get_or_insert_with that loses after its closure",
        |map, ledger| {
            for key in 100..150 {
                let pinned = map.pin();
                let value = pinned.get_or_insert_with(ledger.item(key), || {
                    pinned.insert(ledger.item(key), ledger.item(key + 1));
                    ledger.item(key + 2)
                });
                assert_eq!(value.check(), key + 1);
            }
        },
        150,
    ),
    (
        // Every first result of the closure is out of date when it returns.
        "update that reruns",
        |map, ledger| {
            for key in 0..50 {
                let pinned = map.pin();
                let mut first = true;
                pinned.update(ledger.item(key), |old| {
                    if std::mem::take(&mut first) {
                        pinned.insert(ledger.item(key), ledger.item(old.check() + 10));
                    }
                    ledger.item(old.check() + 1)
                });
                assert_eq!(pinned.get(&key).map(Item::check), Some(key + 11));
            }
        },
        100,
    ),
    (
        "grow and shrink",
        |map, ledger| {
            insert_all(map, ledger, 100..1000);
            (50..1000).for_each(|key| assert!(map.pin().remove(&key).is_some()));
            map.pin().shrink_to_fit();
        },
        50,
    ),
    (
        "clones",
        |map, _| {
            let clone = map.clone();
            clone.pin().clear();
            assert_eq!(map.clone().len(), 100);
        },
        100,
    ),
];

#[test]
fn removed_entries_are_dropped_by_the_collector_and_the_rest_with_the_map() {
    for hashing in Hashing::ALL_BUT_CONSTANT {
        for (name, operate, left) in CASES {
            println!("{name}, {hashing:?}");
            let ledger = Ledger::new(8000);
            let map = filled(ledger, 100, hashing);
            operate(&map, ledger);
            assert_eq!(map.len(), left);
            finish_resizing(&map);
            ledger.assert_settles_at(2 * left);
            for (key, value) in &map.pin() {
                key.check();
                value.check();
            }
            drop(map);
            ledger.assert_balanced();
        }
    }
}

/// Growth is incremental, so that the map can end in any phase of it: at each number of entries from the
/// first to beyond several thresholds; with removals under way too, whose nodes both tables may name.
#[test]
fn a_map_can_end_in_the_middle_of_a_growth() {
    for hashing in [Hashing::Ahash, Hashing::BottomByte, Hashing::Values(4)] {
        for n in 1..scaled(600, 200) as u64 {
            let ledger = Ledger::new(4 * n as usize);
            drop(filled(ledger, n, hashing));
            ledger.assert_alive(0);

            let map = filled(ledger, n, hashing);
            let removed = (0..n).rev().step_by(3).filter(|key| map.pin().remove(key).is_some()).count();
            assert_eq!(map.len() as u64, n - removed as u64);
            drop(map);
            if n % 20 == 0 {
                ledger.assert_balanced(); // the collector has the rest: waiting for it each time is slow
            }
        }
    }
}

/// The same with a guard that lives through it all: nothing removed may be dropped before.
#[test]
fn nothing_removed_is_dropped_under_a_guard_in_any_phase_of_a_growth() {
    for n in (1..scaled(600, 200) as u64).step_by(7) {
        let ledger = Ledger::new(4 * n as usize);
        let map = filled(ledger, n, Hashing::BottomByte);
        let guard = map.guard();
        let removed: Vec<_> = (0..n).step_by(2).map(|key| map.remove_entry(&key, &guard).unwrap()).collect();
        insert_all(&map, ledger, n..n + n / 2);
        thread::scope(|scope| scope.spawn(|| (0..20).for_each(|_| map.guard().flush())).join()).unwrap();
        for (key, value) in removed {
            assert_eq!(key.check(), value.check());
        }
        drop((guard, map));
        ledger.assert_balanced();
    }
}

#[test]
fn a_map_can_end_after_any_shrink() {
    for hashing in Hashing::ALL_BUT_CONSTANT {
        for left in [0, 1, 5, 50, 300] {
            let ledger = Ledger::new(4000);
            let map = filled(ledger, 1000, hashing);
            map.pin().retain(|key, _| key.check() < left);
            map.pin().shrink_to_fit();
            ledger.assert_settles_at(2 * left as usize);
            insert_all(&map, ledger, 0..left + 20); // some growth again
            drop(map);
            ledger.assert_balanced();
        }
    }
}

#[test]
fn values_live_as_long_as_the_guard_that_saw_them() {
    type Removal = (&'static str, fn(&Map, &'static Ledger));
    let removals: [Removal; 7] = [
        ("remove", |map, _| assert!(map.pin().remove(&5).is_some())),
        ("remove_entry", |map, _| assert!(map.pin().remove_entry(&5).is_some())),
        ("insert", |map, ledger| assert!(map.pin().insert(ledger.item(5), ledger.item(6)).is_some())),
        ("update", |map, ledger| assert!(map.pin().update(ledger.item(5), |_| ledger.item(6)).is_some())),
        ("clear", |map, _| map.pin().clear()),
        ("retain", |map, _| map.pin().retain(|key, _| key.check() != 5)),
        ("remove and shrink", |map, _| {
            map.pin().clear();
            map.pin().shrink_to_fit();
        }),
    ];
    for (name, remove) in removals {
        println!("{name}");
        let ledger = Ledger::new(1000);
        let map = filled(ledger, 200, Hashing::Ahash);
        let guard = map.guard();
        let (key, value) = map.get_key_value(&5, &guard).unwrap();
        // On another thread, whose own guards come and go, so that only ours can hold the collector back.
        thread::scope(|scope| {
            scope.spawn(|| {
                remove(&map, ledger);
                collect_some();
            });
        });
        assert_eq!((key.check(), value.check()), (5, 5));
        assert!(key.is_alive() && value.is_alive());
        let (key, value) = (key.id, value.id);
        drop(guard);
        finish_resizing(&map);
        assert!(common::collect_until(|| !ledger.is_alive(key) && !ledger.is_alive(value)), "{name}: leaked");
        drop(map);
        ledger.assert_balanced();
    }
}

/// References that readers on other threads hold while a writer replaces, removes and resizes.
#[test]
fn readers_on_other_threads_never_see_a_dropped_value() {
    const KEYS: u64 = 16;
    let turns = scaled(30_000, 5_000) as u64;
    let ledger = Ledger::new(200_000);
    let map = filled(ledger, KEYS, Hashing::Values(4));
    let writing = AtomicBool::new(true);
    thread::scope(|scope| {
        for reader in 0..2 {
            let (map, writing) = (&map, &writing);
            scope.spawn(move || {
                let mut rng = Rng::new(reader);
                while writing.load(SeqCst) {
                    let pinned = map.pin();
                    let held: Vec<_> = (0..8).filter_map(|_| pinned.get_key_value(&rng.below(KEYS))).collect();
                    thread::yield_now();
                    assert!(held.iter().all(|(key, value)| key.check() == value.check()));
                }
            });
        }
        let mut rng = Rng::new(99);
        for turn in 0..turns {
            let key = rng.below(KEYS);
            match turn % 4 {
                0 => drop(map.pin().remove(&key)),
                _ => insert_all(&map, ledger, [key]),
            }
            if turn % 1000 == 0 {
                map.pin().reserve(200);
                map.pin().shrink_to_fit();
            }
        }
        writing.store(false, SeqCst);
    });
    finish_resizing(&map);
    ledger.assert_settles_at(2 * map.len());
    drop(map);
    ledger.assert_balanced();
}

#[test]
fn everything_is_dropped_after_a_mixed_concurrent_workload() {
    const THREADS: u64 = 4;
    for hashing in Hashing::ALL_BUT_CONSTANT {
        let (ledger, map) = (Ledger::new(400_000), Map::with_hasher(hashing));
        let start = Barrier::new(THREADS as usize);
        thread::scope(|scope| {
            for seed in 0..THREADS {
                let (map, start) = (&map, &start);
                scope.spawn(move || {
                    let mut rng = Rng::new(seed);
                    start.wait();
                    for _ in 0..scaled(10_000, 2_000) {
                        mixed_operation(map, ledger, &mut rng);
                    }
                });
            }
        });
        finish_resizing(&map);
        ledger.assert_settles_at(2 * map.len());
        drop(map);
        ledger.assert_balanced();
    }
}

fn mixed_operation(map: &Map, ledger: &'static Ledger, rng: &mut Rng) {
    let (pinned, key) = (map.pin(), rng.below(400));
    match rng.below(40) {
        0 => pinned.shrink_to_fit(),
        1 => pinned.retain(|key, _| key.check() % 3 != 0),
        2 if rng.one_in(50) => pinned.clear(),
        3..14 => drop(pinned.insert(ledger.item(key), ledger.item(key))),
        14..19 => drop(pinned.try_insert(ledger.item(key), ledger.item(key))),
        19..23 => drop(pinned.update(ledger.item(key), |old| ledger.item(old.check()))),
        23..28 => drop(pinned.get_or_insert_with(ledger.item(key), || ledger.item(key)).check()),
        _ => drop(pinned.remove(&key).map(Item::check)),
    }
}

#[test]
fn a_guard_may_outlive_its_map() {
    let ledger = Ledger::new(1000);
    let map = filled(ledger, 100, Hashing::Ahash);
    let guard = map.guard();
    map.clear(&guard);
    insert_all(&map, ledger, 0..10);
    drop(map);
    guard.flush();
    drop(guard);
    ledger.assert_balanced();
}

/// A value whose drop uses a map (this one even): the collector runs it inside some operation's pin.
#[test]
fn drops_may_use_the_map() {
    struct Busy(Arc<HashMap<u64, u64>>, u64);
    impl Drop for Busy {
        fn drop(&mut self) {
            let log = self.0.pin();
            assert_eq!(log.insert(self.1, 0), None, "dropped twice");
            log.shrink_to_fit();
        }
    }
    const N: u64 = 3000;
    let log = Arc::new(HashMap::new());
    let map = HashMap::new();
    for i in 0..N {
        map.pin().insert(i % 100, Busy(log.clone(), i));
        map.pin().remove(&(i % 70));
    }
    drop(map);
    assert!(common::collect_until(|| log.len() as u64 == N), "{} of {N} dropped", log.len());
}
