//! Short walks through every part with unsafe code, for Miri (`ci/sanitizers.sh miri`), where the other tests would take
//! hours. Keys and values are allocations, so that it sees each access to what was freed; values are written in place, freed and
//! handed out wherever other pointers to them are, or were, about.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::{Rng, collect_some, injected, panic_on_purpose};
use loxley::{Computed, Decision, Equivalent, HashMap};
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

type Key = Box<u64>;
type Value = Box<u64>;
type Map = HashMap<Key, Value, Hashing>;

const SHAPES: [Hashing; 2] = [Hashing::Ahash, Hashing::Values(2)];

/// Numbers of entries in one bucket, and during and after migrations.
const SIZES: [u64; 3] = [0, 6, 13];

fn filled(n: u64, hashing: Hashing) -> Map {
    let map = Map::with_hasher(hashing);
    for key in 0..n {
        map.pin().insert(Box::new(key), Box::new(key));
    }
    map
}

fn at_every_size(test: impl Fn(u64, Map)) {
    for hashing in SHAPES {
        for n in SIZES {
            test(n, filled(n, hashing));
        }
    }
}

fn sum(map: &Map) -> u64 {
    map.pin().values().map(|value| **value).sum()
}

#[test]
fn references_outlive_removal_and_resizing() {
    at_every_size(|n, map| {
        let guard = map.guard();
        let held: Vec<_> = (0..n).map(|key| map.get_key_value(&key, &guard).unwrap()).collect();
        // Some through the newer table while the older one is the root: into limbo.
        for key in (0..n).step_by(2) {
            assert_eq!(map.remove(&key, &guard).map(|value| **value), Some(key));
        }
        for key in 0..2 * n {
            map.insert(Box::new(key), Box::new(key + 1), &guard);
        }
        map.clear(&guard);
        map.shrink_to_fit(&guard);
        assert!(held.iter().all(|(key, value)| key == value));
        drop(guard);
        collect_some();
    });
}

#[test]
fn closures_whose_value_comes_to_nothing() {
    at_every_size(|n, map| {
        for key in 0..n + 2 {
            let pinned = map.pin();
            // Absent, then there: the value is taken out of the node. There, then absent: it is put into it again.
            for present in [false, true, false] {
                let mut calls = 0;
                let computed = pinned.compute::<()>(Box::new(key), |current| {
                    calls += 1;
                    match calls {
                        1 if present => _ = pinned.remove(&key),
                        1 => _ = pinned.insert(Box::new(key), Box::new(100)),
                        _ => {}
                    }
                    Decision::Insert(Box::new(current.map_or(0, |(_, value)| **value) + calls))
                });
                match computed {
                    Computed::Inserted { value, .. } | Computed::Replaced { new: (_, value), .. } => {
                        assert!(**value > 0);
                    }
                    other => panic!("{other:?}"),
                }
            }
            let mut first = true;
            let updated = pinned.update(Box::new(key), |old| {
                if std::mem::take(&mut first) {
                    pinned.insert(Box::new(key), Box::new(7));
                }
                Box::new(**old + 1)
            });
            assert_eq!(updated.map(|value| **value), Some(8));
            assert_eq!(**pinned.get_or_insert_with(Box::new(key), || unreachable!()), 8);
            let error = pinned.try_insert(Box::new(key), Box::new(9)).unwrap_err();
            assert_eq!((**error.current, *error.not_inserted), (8, 9));
            assert!(pinned.remove_if(&key, |_, value| **value == 8).is_some());
            let inserted = pinned.get_or_insert_with(Box::new(key), || {
                pinned.insert(Box::new(key), Box::new(1));
                Box::new(2)
            });
            assert_eq!(**inserted, 1);
            assert!(injected(|| _ = pinned.compute::<()>(Box::new(key), |_| panic_on_purpose())));
        }
        assert_eq!(sum(&map), n + 2);
    });
}

#[test]
fn values_change_in_place() {
    at_every_size(|n, mut map| {
        let before = sum(&map);
        map.values_mut().for_each(|value| **value += 1);
        assert_eq!(sum(&map), before + n);
        // All references live together, and after a shared view of the same nodes.
        let mut values: Vec<&mut Value> = map.iter_mut().map(|(_, value)| value).collect();
        values.iter_mut().rev().reduce(|a, b| {
            std::mem::swap(*a, *b);
            b
        });
        for key in 0..n {
            **map.get_mut(&key).unwrap() = key;
            let (found, value) = map.get_key_value_mut(&key).unwrap();
            **value += **found;
            **map.entry_mut(Box::new(key)).and_modify(|value| **value += 1).or_default() += 1;
        }
        assert_eq!(sum(&map), n * n.saturating_sub(1) + 2 * n);
        assert_eq!(**map.entry_mut(Box::new(n)).or_insert(Box::new(5)), 5);
        let mut entry = map.entry_mut(Box::new(n + 1)).insert_entry(Box::new(6));
        **entry.get_mut() += 1;
        assert_eq!((entry.key(), entry.get()), (&Box::new(n + 1), &Box::new(7)));
        assert_eq!(entry.remove_entry(), (Box::new(n + 1), Box::new(7)));
        assert_eq!(map.insert_mut(Box::new(n), Box::new(8)), Some(Box::new(5)));
        if let [Some(a), Some(b)] = map.get_disjoint_mut([&n, &n.wrapping_sub(1)]) {
            std::mem::swap(a, b);
        }
        // What is left is shown while what was yielded is written to.
        let mut entries = map.iter_mut();
        let first = entries.next().unwrap().1;
        let shown = format!("{entries:?}");
        **first = 1;
        assert_eq!(shown, format!("{:?}", entries.collect::<Vec<_>>()));
        let mut entries = map.into_iter();
        let _first = entries.next();
        assert_eq!(format!("{entries:?}"), format!("{:?}", entries.collect::<Vec<_>>()));
    });
}

#[test]
fn entries_are_taken_out() {
    at_every_size(|n, mut map| {
        let guard = map.guard();
        drop(map.iter(&guard).map(|(key, _)| key).collect::<Vec<_>>());
        drop(guard);
        let thirds = map.extract_if(|key, value| {
            **value += 1;
            **key % 3 == 0
        });
        assert!(thirds.map(|(key, value)| *value - *key).all(|difference| difference == 1));
        map.retain_mut(|key, value| {
            *value = key.clone();
            **key % 3 == 1
        });
        assert_eq!(map.len() as u64, (n + 1) / 3);
        if let Some((key, value)) = map.remove_entry_mut(&1) {
            assert_eq!(key, value);
        }
        let drained = map.drain().take(1).count() as u64;
        assert_eq!((map.len(), drained), (0, u64::from(n > 4)));
        for key in 0..n {
            map.pin().insert(Box::new(key), Box::new(key));
        }
        let leaked = map.drain();
        std::mem::forget(leaked);
        for key in 0..n {
            map.pin().insert(Box::new(key), Box::new(key));
        }
        assert!(map.clone().into_iter().take(4).all(|(key, value)| key == value));
        assert_eq!(map.into_values().map(|value| *value).sum::<u64>(), n * n.saturating_sub(1) / 2);
    });
}

#[test]
fn batches_pages_entries_and_sets() {
    let map = filled(6, Hashing::Values(2));
    let pinned = map.pin();
    assert_eq!(pinned.insert_many((3..20).map(|key| (Box::new(key), Box::new(key)))), 14);
    let keys: Vec<Key> = (0..40).map(Box::new).collect();
    assert_eq!(pinned.get_many(&keys).flatten().count(), 20);
    assert_eq!(pinned.scan(0, 1000).entries.len(), 20);
    for key in 15..25 {
        assert!(**pinned.entry(Box::new(key)).and_modify(|value| Box::new(**value + 1)).or_default() < 21);
    }
    pinned.retain(|key, _| **key % 2 == 0);
    assert_eq!(pinned.len(), 13);
    let set: loxley::HashSet<Key> = keys.into_iter().collect();
    assert_eq!(set.pin().iter().filter(|key| pinned.contains_key(*key)).count(), 13);
}

/// Views go to other threads, are shared there and dropped there, while the thread that made them goes on.
#[test]
fn owned_and_shared_views() {
    let map = filled(6, Hashing::Ahash);
    for round in 0..3 {
        let (owned, guard, local) = (map.pin_owned(), map.owned_guard(), map.pin());
        thread::scope(|scope| {
            let (map, local) = (&map, &local);
            scope.spawn(move || {
                let held: Vec<_> = owned.iter().collect();
                owned.remove(&round);
                map.insert(Box::new(9), Box::new(9), &guard);
                collect_some();
                assert!(held.iter().all(|(key, value)| key == value));
            });
            scope.spawn(move || {
                let held = local.get(&round);
                local.insert(Box::new(round), Box::new(round));
                assert!(held.is_none_or(|value| **value == round));
            });
            (0..4).for_each(|_| _ = map.pin_owned().remove(&round));
        });
    }
    collect_some();
}

/// Two threads, few keys: growth, shrinking, removal, computation, iteration at once.
fn two_threads(hashing: Hashing, seed: u64, operations: usize) {
    let map = Map::with_hasher(hashing);
    let disagreements = AtomicUsize::new(0);
    thread::scope(|scope| {
        for t in 0..2 {
            let (map, disagreements) = (&map, &disagreements);
            scope.spawn(move || {
                let mut rng = Rng::new(seed << 1 | t);
                for _ in 0..operations {
                    let (key, pinned) = (rng.below(12), map.pin());
                    match rng.below(16) {
                        0..5 => _ = pinned.insert(Box::new(key), Box::new(key)),
                        5..8 => _ = pinned.remove(&key).map(|value| assert_eq!(**value, key)),
                        8 => _ = pinned.update(Box::new(key), Clone::clone),
                        9..11 => {
                            let decision = if rng.one_in(3) { None } else { Some(key) };
                            pinned.compute::<()>(Box::new(key), |_| {
                                thread::yield_now();
                                decision.map_or(Decision::Remove, |value| Decision::Insert(Box::new(value)))
                            });
                        }
                        11 => _ = pinned.get_or_insert_with(Box::new(key), || Box::new(key)),
                        12 => pinned.reserve(rng.below(30) as usize),
                        13 => pinned.shrink_to_fit(),
                        14 => {
                            let wrong = pinned.iter().filter(|(key, value)| key != value).count();
                            disagreements.fetch_add(wrong, SeqCst);
                        }
                        _ => _ = pinned.get(&key).map(|value| assert_eq!(**value, key)),
                    }
                }
            });
        }
    });
    assert_eq!(disagreements.into_inner(), 0);
    assert_eq!(map.pin().iter().count(), map.len());
    collect_some();
}

#[test]
fn threads() {
    for hashing in SHAPES {
        for seed in 0..6 {
            two_threads(hashing, seed, 40);
        }
    }
}

/// Asks for whatever comes first under a key's hash: what waits in limbo, too.
struct Anything(u64);

impl Hash for Anything {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Equivalent<Key> for Anything {
    fn equivalent(&self, _: &Key) -> bool {
        true
    }
}

impl From<&Anything> for Key {
    fn from(anything: &Anything) -> Self {
        Self::new(anything.0 + 1000)
    }
}

/// In the middle of a migration, with keys that equal everything: what is found is whole, and nothing is given out twice.
#[test]
fn owners_who_are_lied_to() {
    for hashing in SHAPES {
        // The last insertion has begun a migration, and an older table's entries are removed from the newer one.
        let mut map = filled(82, hashing);
        for key in (0..82).step_by(3) {
            map.pin().remove(&key);
        }
        for key in (0..82).step_by(27) {
            let (a, b) = (Anything(key), Anything(key + 1));
            _ = catch_unwind(AssertUnwindSafe(|| {
                let mut found = map.get_disjoint_mut([&a, &b]).into_iter().flatten().collect::<Vec<_>>();
                found.iter_mut().rev().for_each(|value| ***value += 1);
                found.into_iter().map(|value| **value).sum::<u64>()
            }));
            **map.entry_ref_mut(&a).or_default() += 1;
            let mut entries = map.iter_mut();
            let first = entries.next().unwrap().1;
            let shown = format!("{entries:?}");
            **first += shown.len() as u64;
        }
        let before = map.len();
        let entry = map.entry_ref_mut(&Anything(1)).insert_entry(Box::new(7));
        _ = catch_unwind(AssertUnwindSafe(|| entry.remove_entry()));
        assert!(before.abs_diff(map.len()) <= 1);
        map.pin().update_ref(&Anything(2), |value| Box::new(**value));
        map.pin().compute_ref::<_, ()>(&Anything(4), |_| Decision::Remove);
        let mut rest = map.into_iter();
        assert!(rest.next().is_some());
        assert_eq!(format!("{rest:?}").matches("(").count(), rest.len());
    }
    collect_some();
}
