//! Operations with a hash that the caller has: the same as without, no call of the hasher, and with a wrong hash wrong answers
//! and nothing worse. And maps in statics.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::ledger::{Item, Ledger};
use common::{Rng, finish_resizing, mix, scaled};
use loxley::{Computed, Decision, HashMap, RandomState};
use std::cell::Cell;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::thread;

thread_local! {
    static HASHED: Cell<usize> = const { Cell::new(0) };
}

/// A number that counts how often it is hashed.
#[derive(PartialEq, Eq, Debug, Clone, Copy)]
struct Key(u64);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        HASHED.set(HASHED.get() + 1);
        self.0.hash(state);
    }
}

#[test]
fn nothing_is_hashed_again() {
    for hashing in Hashing::ALL_BUT_CONSTANT {
        // No growth: a migration does ask for the hashes of the keys that it moves.
        let map: HashMap<Key, u64, _> = HashMap::with_capacity_and_hasher(2000, hashing);
        let map = map.pin();
        for n in 0..500 {
            let key = Key(mix(n));
            let hash = map.hash_of(&key);
            assert_eq!(hash, hashing.hash_one(key));
            HASHED.set(0);
            let at = map.hashed(hash);
            assert_eq!(at.get(&key), None);
            assert_eq!(at.insert(key, 1), None);
            assert_eq!(at.insert(key, 2), Some(&1));
            assert_eq!((at.get(&key), at.contains_key(&key)), (Some(&2), true));
            assert_eq!(at.try_insert(key, 3).unwrap_err().current, &2);
            assert_eq!(at.update(key, |value| value + 1), Some(&3));
            assert_eq!(at.fetch_update(key, |value| (*value > 3).then_some(0)), Err(Some(&3)));
            assert_eq!(at.fetch_update(key, |value| Some(*value)), Ok((&3, &3)));
            assert_eq!(at.update_or_insert(key, |value| value + 1, 0), &4);
            assert_eq!(at.get_or_insert_with(key, || 0), &4);
            assert_eq!(at.get_or_try_insert_with(key, || Err(())), Ok(&4));
            assert_eq!(at.compare_exchange(key, &4, 5), Ok(&4));
            assert_eq!(at.replace(key, 6), Some(&5));
            assert_eq!(at.entry(key).and_modify(|value| value + 1).or_insert(0), &7);
            assert_eq!(at.remove_if(&key, |_, _| false), None);
            let computed = at.compute(key, |_| Decision::<_, ()>::Insert(8));
            assert_eq!(computed, Computed::Replaced { old: (&key, &7), new: (&key, &8) });
            assert_eq!(at.get_key_value(&key), Some((&key, &8)));
            if n % 2 == 0 {
                assert_eq!(at.remove_entry(&key), Some((&key, &8)));
                assert_eq!(at.remove(&key), None);
            }
            assert_eq!(HASHED.get(), 0);
            assert_eq!(map.get(&key).is_some(), n % 2 == 1, "with or without the hash, it is the same entry");
        }
    }
}

/// One operation without a known hash asks for it once, however often the closure runs.
#[test]
fn the_hash_is_computed_once() {
    let map: HashMap<Key, u64, _> = HashMap::with_capacity_and_hasher(100, Hashing::Ahash);
    let map = map.pin();
    let hash = map.hash_of(&Key(1));
    let mut calls = 0;
    HASHED.set(0);
    map.compute::<()>(Key(1), |_| {
        calls += 1;
        if calls < 5 {
            map.hashed(hash).insert(Key(1), calls);
        }
        Decision::Insert(7)
    });
    map.entry(Key(1)).and_modify(|value| value + 1).or_insert(0);
    assert_eq!((calls, HASHED.get(), map.get(&Key(1))), (5, 2, Some(&8)));
}

#[test]
fn wrong_hashes() {
    let ledger = Ledger::new(scaled(400_000, 200_000));
    let map: HashMap<Item, Item, _> = HashMap::with_hasher(Hashing::Ahash);
    thread::scope(|scope| {
        for t in 0..3 {
            let map = &map;
            scope.spawn(move || {
                let mut rng = Rng::new(t);
                for _ in 0..scaled(20_000, 5000) {
                    let (key, pinned) = (rng.below(300), map.pin());
                    // Right, wrong in a few ways, and random.
                    let hash = match rng.below(4) {
                        0 => pinned.hash_of(&key),
                        1 => pinned.hash_of(&(key + 1)),
                        2 => rng.below(3),
                        _ => rng.next(),
                    };
                    let (at, item) = (pinned.hashed(hash), || ledger.item(key));
                    match rng.below(8) {
                        0..3 => _ = at.insert(item(), item()).map(Item::check),
                        3 => _ = at.remove(&key).map(Item::check),
                        4 => _ = at.get(&key).map(Item::check),
                        5 => _ = at.entry(item()).and_modify(|_| item()).or_insert(item()).check(),
                        6 => _ = at.compute::<()>(item(), |_| Decision::Remove),
                        _ => _ = pinned.remove(&key).map(Item::check),
                    }
                    if rng.one_in(500) {
                        pinned.shrink_to_fit();
                    }
                }
            });
        }
    });
    for (key, value) in &map.pin() {
        assert_eq!(key.check(), value.check());
    }
    finish_resizing(&map);
    drop(map);
    ledger.assert_balanced();
}

static SEEDED: HashMap<String, u64, RandomState> = HashMap::with_hasher(RandomState::with_seeds(1, 2, 3, 4));
static OF_STD: HashMap<u64, u64, BuildHasherDefault<DefaultHasher>> =
    HashMap::with_hasher(BuildHasherDefault::new());

#[test]
fn maps_in_statics() {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for i in 0..1000 {
                    SEEDED.pin().update_or_insert(i.to_string(), |n| n + 1, 1);
                    OF_STD.pin().update_or_insert(i, |n| n + 1, 1);
                }
            });
        }
    });
    assert!((0..1000).all(|i| SEEDED.pin().get(&*i.to_string()) == Some(&4) && OF_STD.pin().get(&i) == Some(&4)));
}
