//! Every method against std's map: over table sizes, over the ways a table got that size, in the pinned
//! form and in the explicit-guard form.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::{assert_same, mix, panic_of, panic_text, scaled};
use std::collections::{HashMap as StdMap, HashSet};

type Map<K, V> = loxley::HashMap<K, V, Hashing>;

const SIZES: [u64; 5] = [0, 1, 7, 100, scaled(10_000, 2_000) as u64];

/// How a table came to hold its entries: each leaves other tombstones, bounds and spare room behind.
#[derive(Clone, Copy, Debug)]
enum Growth {
    FromEmpty,
    Presized,
    Reserved,
    Shrunk,
    /// Grown and shrunk again and again.
    Bounced,
    /// A growth has just begun: the next writers carry it on.
    Unfinished,
}

const GROWTHS: [Growth; 6] =
    [Growth::FromEmpty, Growth::Presized, Growth::Reserved, Growth::Shrunk, Growth::Bounced, Growth::Unfinished];

/// Distinct keys in no order.
const fn key(i: u64) -> u64 {
    mix(i)
}

/// Keys that no map of these tests holds unless the test itself puts them there.
const fn absent(i: u64) -> u64 {
    mix(i + (1 << 40))
}

fn fill(map: &Map<u64, u64>, from: u64, to: u64) {
    let pinned = map.pin();
    for i in from..to {
        assert_eq!(pinned.insert(key(i), i), None);
    }
}

fn drain(map: &Map<u64, u64>, from: u64, to: u64) {
    let pinned = map.pin();
    for i in from..to {
        assert_eq!(pinned.remove(&key(i)), Some(&i));
    }
}

/// A map with `key(i) -> i` for the first `n` numbers (`Unfinished`: somewhat more), and its twin.
fn build(n: u64, growth: Growth) -> (Map<u64, u64>, StdMap<u64, u64>) {
    let mut n = n;
    let map = match growth {
        Growth::Presized => Map::with_capacity_and_hasher(n as usize, Hashing::Ahash),
        _ => Map::with_hasher(Hashing::Ahash),
    };
    match growth {
        Growth::FromEmpty | Growth::Presized => fill(&map, 0, n),
        Growth::Reserved => {
            fill(&map, 0, n / 2);
            map.pin().reserve((n - n / 2) as usize);
            fill(&map, n / 2, n);
        }
        Growth::Shrunk => {
            let peak = n * 4 + 64;
            fill(&map, 0, peak);
            drain(&map, n, peak);
            map.pin().shrink_to_fit();
        }
        Growth::Bounced => {
            for round in 1..=3 {
                let peak = n * round + 64;
                fill(&map, n / 2, peak);
                drain(&map, n / 2, peak);
                map.pin().shrink_to_fit();
                fill(&map, 0, n / 2);
                drain(&map, 0, n / 2);
            }
            fill(&map, 0, n);
        }
        Growth::Unfinished => {
            fill(&map, 0, n);
            let before = map.capacity();
            while map.capacity() == before {
                fill(&map, n, n + 1);
                n += 1;
            }
        }
    }
    (map, (0..n).map(|i| (key(i), i)).collect())
}

/// Runs `test` on every combination; it leaves map and twin the same again, which is then verified.
fn on_each_shape(test: impl Fn(&Map<u64, u64>, &mut StdMap<u64, u64>)) {
    for n in SIZES {
        for growth in GROWTHS {
            println!("{n} entries, {growth:?}");
            let (map, mut twin) = build(n, growth);
            test(&map, &mut twin);
            assert_same(&map, &twin);
        }
    }
}

#[test]
fn lookups() {
    on_each_shape(|map, twin| {
        assert_same(map, twin);
        let pinned = map.pin();
        for i in 0..twin.len() as u64 + 10 {
            assert_eq!(pinned.get(&absent(i)), None);
            assert_eq!(pinned.get_key_value(&absent(i)), None);
            assert!(!pinned.contains_key(&absent(i)));
        }
    });
}

#[test]
fn insert_returns_the_previous_value() {
    on_each_shape(|map, twin| {
        let pinned = map.pin();
        for i in 0..twin.len() as u64 + 10 {
            let old = twin.insert(key(i), i + 1);
            assert_eq!(pinned.insert(key(i), i + 1).copied(), old);
            assert_eq!(pinned.get(&key(i)), Some(&(i + 1)));
            assert_eq!(pinned.len(), twin.len());
        }
    });
}

#[test]
fn try_insert_never_replaces() {
    on_each_shape(|map, twin| {
        let pinned = map.pin();
        for i in 0..twin.len() as u64 + 10 {
            match (pinned.try_insert(key(i), i + 1), twin.get(&key(i))) {
                (Err(error), Some(value)) => {
                    assert_eq!((error.current, error.not_inserted), (value, i + 1));
                }
                (Ok(inserted), None) => {
                    assert_eq!(inserted, &(i + 1));
                    twin.insert(key(i), i + 1);
                }
                (outcome, expected) => panic!("{outcome:?}, but the value was {expected:?}"),
            }
        }
    });
}

#[test]
fn occupied_error_is_an_error() {
    let map = Map::with_hasher(Hashing::Ahash);
    let pinned = map.pin();
    assert!(pinned.try_insert("key", 1).is_ok());
    let error = pinned.try_insert("key", 2).unwrap_err();
    assert!(format!("{error:?}").contains('2'), "{error:?}");
    let error: Box<dyn std::error::Error + '_> = Box::new(error);
    assert!(!error.to_string().is_empty());
}

#[test]
fn update_replaces_only_what_is_there() {
    on_each_shape(|map, twin| {
        let pinned = map.pin();
        for (key, value) in twin.iter_mut() {
            *value = *value * 3 + 1;
            let updated = pinned.update(*key, |old| old * 3 + 1);
            assert_eq!(updated, Some(&*value));
        }
        for i in 0..10 {
            let updated = pinned.update(absent(i), |_| panic!("there is no value to update"));
            assert_eq!(updated, None);
            assert!(!pinned.contains_key(&absent(i)));
        }
    });
}

#[test]
fn get_or_insert_with_calls_the_closure_only_for_absent_keys() {
    on_each_shape(|map, twin| {
        let pinned = map.pin();
        for i in 0..twin.len() as u64 + 10 {
            let was_there = twin.contains_key(&key(i));
            let mut calls = 0;
            let value = pinned.get_or_insert_with(key(i), || {
                calls += 1;
                i + 1
            });
            assert_eq!(value, twin.entry(key(i)).or_insert(i + 1));
            assert_eq!(calls, u32::from(!was_there));
        }
    });
}

#[test]
fn removals_return_what_they_removed() {
    on_each_shape(|map, twin| {
        let pinned = map.pin();
        for i in 0..twin.len() as u64 {
            let (key, value) = twin.remove_entry(&key(i)).unwrap();
            match i % 3 {
                0 => assert_eq!(pinned.remove(&key), Some(&value)),
                1 => assert_eq!(pinned.remove_entry(&key), Some((&key, &value))),
                _ => {
                    twin.insert(key, value); // stays
                    continue;
                }
            }
            assert_eq!(pinned.get(&key), None);
            assert_eq!(pinned.remove(&key), None);
            assert_eq!(pinned.remove_entry(&key), None);
            assert_eq!(pinned.len(), twin.len());
        }
    });
}

#[test]
fn removed_keys_can_come_back() {
    on_each_shape(|map, twin| {
        for round in 0..3 {
            let n = twin.len() as u64;
            drain(map, 0, n);
            assert!(map.is_empty());
            fill(map, 0, n);
            assert_eq!(map.len() as u64, n, "round {round}");
        }
    });
}

#[test]
fn clear_removes_all_and_the_map_goes_on() {
    on_each_shape(|map, twin| {
        map.pin().clear();
        assert_same(map, &StdMap::new());
        for i in 0..twin.len() as u64 {
            assert_eq!(map.pin().get(&key(i)), None);
        }
        fill(map, 0, twin.len() as u64);
    });
}

#[test]
fn retain_sees_every_entry_once_and_removes_the_rejected() {
    on_each_shape(|map, twin| {
        let mut seen = HashSet::new();
        map.pin().retain(|key, value| {
            assert_eq!(twin.get(key), Some(value));
            assert!(seen.insert(*key));
            value % 3 == 0
        });
        assert_eq!(seen.len(), twin.len());
        twin.retain(|_, value| *value % 3 == 0);
        assert_same(map, twin);
        map.pin().retain(|_, _| true);
    });
}

#[test]
fn iterators_agree() {
    on_each_shape(|map, twin| {
        let pinned = map.pin();
        let entries: Vec<_> = pinned.iter().collect();
        assert_eq!(pinned.keys().collect::<Vec<_>>(), entries.iter().map(|entry| entry.0).collect::<Vec<_>>());
        assert_eq!(pinned.values().collect::<Vec<_>>(), entries.iter().map(|entry| entry.1).collect::<Vec<_>>());
        assert_eq!((&pinned).into_iter().collect::<Vec<_>>(), entries);
        assert_eq!(entries.into_iter().collect::<StdMap<_, _>>(), twin.iter().collect());
    });
}

#[test]
fn reserved_room_is_room() {
    on_each_shape(|map, twin| {
        let (n, more) = (twin.len() as u64, 777);
        map.pin().reserve(more);
        let capacity = map.capacity();
        assert!(capacity >= twin.len() + more, "{capacity}");
        fill(map, n, n + more as u64);
        assert_eq!(map.capacity(), capacity, "grew in spite of the reservation");
        twin.extend((n..n + more as u64).map(|i| (key(i), i)));
        map.pin().reserve(0);
    });
}

#[test]
fn presized_maps_do_not_grow() {
    for n in SIZES {
        let map = Map::with_capacity_and_hasher(n as usize, Hashing::Ahash);
        let capacity = map.capacity();
        assert!(capacity >= n as usize);
        fill(&map, 0, n);
        assert_eq!(map.capacity(), capacity, "{n} entries");
    }
    assert_eq!(Map::<u64, u64>::with_hasher(Hashing::Ahash).capacity(), 0);
    let empty = loxley::HashMap::<u64, u64>::new();
    empty.pin().reserve(0);
    assert_eq!(empty.capacity(), 0, "nothing is asked for");
}

#[test]
fn shrink_to_fit_fits() {
    on_each_shape(|map, twin| {
        let fitting = Map::<u64, u64>::with_capacity_and_hasher(twin.len(), Hashing::Ahash).capacity();
        map.pin().reserve(twin.len() * 10 + 1000);
        map.pin().shrink_to_fit();
        assert_same(map, twin);
        // Rounding up to a power of two, and once more where the entries did not fit the tighter table.
        assert!(map.capacity() <= fitting * 4 + 64, "{} left of {fitting}", map.capacity());
        map.pin().shrink_to_fit();
    });
}

#[test]
fn too_much_capacity_panics() {
    fn assert_overflows<R>(f: impl FnOnce() -> R) {
        let text = panic_text(panic_of(f).expect("this capacity cannot be had"));
        assert!(text.contains("capacity overflow"), "{text:?}");
    }
    for n in [usize::MAX, usize::MAX - 1, usize::MAX / 2, isize::MAX as usize, usize::MAX / 4] {
        assert_overflows(|| loxley::HashMap::<u64, u64>::with_capacity(n));
        assert_overflows(|| Map::<u64, u64>::with_capacity_and_hasher(n, Hashing::Ahash));
        for size in [0, 100] {
            let (map, twin) = build(size, Growth::FromEmpty);
            assert_overflows(|| map.pin().reserve(n));
            assert_overflows(|| map.reserve(n, &map.guard()));
            assert_same(&map, &twin);
        }
    }
}

/// The explicit-guard forms are the pinned forms with the guard named.
#[test]
fn explicit_guards() {
    on_each_shape(|map, twin| {
        let guard = map.guard();
        let n = twin.len() as u64;
        for i in 0..n {
            assert_eq!(map.get(&key(i), &guard), Some(&i));
            assert_eq!(map.get_key_value(&key(i), &guard), Some((&key(i), &i)));
            assert!(map.contains_key(&key(i), &guard));
        }
        let new = absent(0);
        assert_eq!(map.insert(new, 1, &guard), None);
        assert_eq!(map.insert(new, 2, &guard), Some(&1));
        assert_eq!(map.try_insert(new, 3, &guard).unwrap_err().current, &2);
        assert_eq!(map.update(new, |old| old + 10, &guard), Some(&12));
        assert_eq!(map.fetch_update(new, |old| Some(old + 1), &guard), Ok((&12, &13)));
        assert_eq!(map.fetch_update(new, |_| None, &guard), Err(Some(&13)));
        assert_eq!(map.update(new, |old| old - 1, &guard), Some(&12));
        assert_eq!(map.get_or_insert_with(new, || unreachable!(), &guard), &12);
        assert_eq!(map.remove(&new, &guard), Some(&12));
        assert_eq!(map.try_insert(new, 4, &guard).unwrap(), &4);
        assert_eq!(map.remove_entry(&new, &guard), Some((&new, &4)));
        assert_eq!(map.get_or_insert_with(new, || 5, &guard), &5);
        map.reserve(500, &guard);
        map.shrink_to_fit(&guard);
        assert_eq!(map.iter(&guard).count() as u64, n + 1);
        assert_eq!(map.keys(&guard).filter(|key| **key == new).count(), 1);
        assert_eq!(map.values(&guard).filter(|value| **value == 5).count(), 1 + usize::from(n > 5));
        map.retain(|key, _| *key != new, &guard);
        assert_same(map, twin);
        map.clear(&guard);
        assert_eq!((map.len(), map.is_empty()), (0, true));
        fill(map, 0, n);
    });
}

/// A closure may use the map it was given to; in a map with locks each of these would hang.
#[test]
fn closures_may_use_the_map() {
    on_each_shape(|map, twin| {
        let pinned = map.pin();
        let (new, inner) = (absent(0), absent(1));
        let value = pinned.get_or_insert_with(new, || {
            pinned.insert(inner, 1);
            *pinned.get_or_insert_with(new, || 2) + 10
        });
        assert_eq!(value, &2, "the inner call was first");
        let mut raced = false;
        let updated = pinned.update(new, |old| {
            if !std::mem::replace(&mut raced, true) {
                pinned.insert(new, old + 100); // so the first result is out of date
            }
            old * 2
        });
        assert_eq!(updated, Some(&204));
        let gone = pinned.update(new, |_| {
            pinned.remove(&new);
            0
        });
        assert_eq!(gone, None, "the entry went away before it could be updated");
        pinned.retain(|key, _| {
            pinned.remove(&inner);
            twin.contains_key(key)
        });
        for (key, _) in &pinned {
            pinned.insert(absent(2), *key);
            pinned.remove(&absent(2));
        }
    });
}
