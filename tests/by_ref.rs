//! Writing by a borrowed key: the answers of the forms by value, and a key made only where one is needed.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::{Rng, fresh_seed, injected, panic_on_purpose, scaled};
use loxley::{Computed, Decision, Equivalent, HashMap};
use std::cell::Cell;
use std::hash::{Hash, Hasher};

thread_local! {
    /// How many keys this thread has made of a borrowed form.
    static MADE: Cell<usize> = const { Cell::new(0) };
}

/// The keys that `f` makes, and its result.
fn counting<R>(f: impl FnOnce() -> R) -> (usize, R) {
    let before = MADE.get();
    let result = f();
    (MADE.get() - before, result)
}

/// A key that is made of [`Name`] only.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key(u64);

/// Its borrowed form: no key, and no reference to a part of one.
#[derive(Debug)]
struct Name {
    number: u64,
    /// Making a key of it panics.
    unspeakable: bool,
}

fn name(number: u64) -> Name {
    Name { number, unspeakable: false }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Key(self.number).hash(state);
    }
}

impl Equivalent<Key> for Name {
    fn equivalent(&self, key: &Key) -> bool {
        self.number == key.0
    }
}

impl From<&Name> for Key {
    fn from(name: &Name) -> Self {
        if name.unspeakable {
            panic_on_purpose();
        }
        MADE.set(MADE.get() + 1);
        Self(name.number)
    }
}

type Map = HashMap<Key, u64, Hashing>;

#[test]
fn as_by_value() {
    let seed = fresh_seed("as_by_value");
    for hashing in Hashing::ALL_BUT_CONSTANT {
        let mut rng = Rng::new(seed);
        let (by_ref, by_value) = (Map::with_hasher(hashing), Map::with_hasher(hashing));
        for _ in 0..scaled(20_000, 4_000) {
            let (a, b) = (by_ref.pin(), by_value.pin());
            let (n, v) = (rng.below(300), rng.below(8));
            let there = b.get(&Key(n)).copied();
            // What makes an owned key necessary: an entry that is written.
            let (made, writes) = match rng.below(12) {
                0 => {
                    let (made, updated) = counting(|| a.update_ref(&name(n), |old| old + v));
                    assert_eq!(updated, b.update(Key(n), |old| old + v));
                    (made, there.is_some())
                }
                1 => {
                    let (made, replaced) = counting(|| a.replace_ref(&name(n), v));
                    assert_eq!(replaced, b.replace(Key(n), v));
                    (made, there.is_some())
                }
                2 => {
                    let (made, replaced) =
                        counting(|| a.replace_if_ref(&name(n), v, |key, old| key.0 == n && old % 2 == 0));
                    assert_eq!(replaced, b.replace_if(Key(n), v, |_, old| old % 2 == 0));
                    (made, replaced.is_ok())
                }
                3 => {
                    let (made, exchanged) = counting(|| a.compare_exchange_ref(&name(n), &v, v + 1));
                    assert_eq!(exchanged, b.compare_exchange(Key(n), &v, v + 1));
                    (made, exchanged.is_ok())
                }
                4 => {
                    let (made, inserted) = counting(|| a.try_insert_ref(&name(n), v));
                    assert_eq!(inserted, b.try_insert(Key(n), v));
                    (made, there.is_none())
                }
                5 => {
                    let (made, value) = counting(|| a.get_or_insert_ref(&name(n), v));
                    assert_eq!(value, b.get_or_insert(Key(n), v));
                    (made, there.is_none())
                }
                6 => {
                    let (made, value) = counting(|| a.get_or_insert_with_ref(&name(n), || v));
                    assert_eq!(value, b.get_or_insert_with(Key(n), || v));
                    (made, there.is_none())
                }
                7 => {
                    let make = || if v > 3 { Ok(v) } else { Err("too small") };
                    let (made, value) = counting(|| a.get_or_try_insert_with_ref(&name(n), make));
                    assert_eq!(value, b.get_or_try_insert_with(Key(n), make));
                    (made, there.is_none() && v > 3)
                }
                8 => (0, a.remove(&name(n)) != b.remove(&Key(n))),
                9 => {
                    let update = |old: &u64| (old % 3 != 0).then(|| old + v);
                    let (made, updated) = counting(|| a.fetch_update_ref(&name(n), update));
                    assert_eq!(updated, b.fetch_update(Key(n), update));
                    (made, updated.is_ok())
                }
                _ => {
                    let decide = |current: Option<(&Key, &u64)>| match (v, current) {
                        (0..4, current) => Decision::Insert(current.map_or(v, |(_, old)| old ^ v)),
                        (4 | 5, _) => Decision::Remove,
                        (_, current) => Decision::Abort(current.is_some()),
                    };
                    let (made, computed) = counting(|| a.compute_ref(&name(n), decide));
                    assert_eq!(computed, b.compute(Key(n), decide));
                    (made, v < 4)
                }
            };
            assert_eq!(made, usize::from(writes));
        }
        assert_eq!(by_ref, by_value);
    }
}

/// The closure runs again when it is interfered with; the key that it has been made stays its own.
#[test]
fn one_key_for_several_tries() {
    for hashing in [Hashing::Ahash, Hashing::Constant] {
        let map = Map::with_hasher(hashing);
        let map = map.pin();
        for n in 0..50 {
            map.insert(Key(n), 0);
            let mut tries = 0;
            let (made, updated) = counting(|| {
                map.update_ref(&name(n), |old| {
                    tries += 1;
                    if tries < 4 {
                        map.insert(Key(n), tries);
                    }
                    old + 10
                })
            });
            assert_eq!((made, updated, tries), (1, Some(&13), 4));

            // First to insert, then (there being an entry) to remove, then (there being none) to do nothing.
            let mut tries = 0;
            map.remove(&Key(n));
            let (made, computed) = counting(|| {
                map.compute_ref(&name(n), |current| {
                    tries += 1;
                    match current {
                        None if tries == 1 => {
                            map.insert(Key(n), 7);
                            Decision::Insert(1)
                        }
                        Some(_) => {
                            map.remove(&Key(n));
                            Decision::Remove
                        }
                        None => Decision::Abort(tries),
                    }
                })
            });
            assert_eq!((made, computed), (1, Computed::Aborted(3)));
            assert!(!map.contains_key(&name(n)));
        }
    }
}

#[test]
fn a_key_that_cannot_be_made() {
    let map = Map::with_hasher(Hashing::Ahash);
    let map = map.pin();
    map.insert(Key(1), 1);
    let unspeakable = |number| Name { number, unspeakable: true };
    assert!(injected(|| _ = map.update_ref(&unspeakable(1), |old| old + 1)));
    assert!(injected(|| _ = map.replace_ref(&unspeakable(1), 2)));
    assert!(injected(|| _ = map.compute_ref::<_, ()>(&unspeakable(2), |_| Decision::Insert(2))));
    assert!(injected(|| _ = map.try_insert_ref(&unspeakable(2), 2)));
    assert!(injected(|| _ = map.get_or_insert_with_ref(&unspeakable(2), || 2)));
    assert_eq!((map.get(&name(1)), map.get(&name(2)), map.len()), (Some(&1), None, 1));

    // None is needed.
    assert_eq!(map.update_ref(&unspeakable(2), |old| old + 1), None);
    assert_eq!(map.get_or_insert_ref(&unspeakable(1), 2), &1);
    assert_eq!(map.try_insert_ref(&unspeakable(1), 2).unwrap_err().not_inserted, 2);
    assert!(matches!(map.compute_ref::<_, ()>(&unspeakable(1), |_| Decision::Remove), Computed::Removed { .. }));
}

/// With a guard, with a known hash, with the forms of std's types.
#[test]
fn by_guard_and_by_hash() {
    let map: HashMap<String, u64> = HashMap::new();
    let guard = map.guard();
    assert_eq!(map.get_or_insert_with_ref("key", || 1, &guard), &1);
    assert_eq!(map.update_ref("key", |old| old + 1, &guard), Some(&2));
    let at = map.hashed(map.hash_of("key"), &guard);
    assert_eq!(at.compare_exchange_ref("key", &2, 3), Ok(&2));
    assert_eq!(at.replace_if_ref("key", 4, |_, value| *value == 3), Ok(&3));
    assert_eq!(at.try_insert_ref("key", 5).unwrap_err().current, &4);
    let pages: HashMap<std::path::PathBuf, u64> = HashMap::new();
    assert_eq!(pages.pin().get_or_insert_ref(std::path::Path::new("/"), 1), &1);
    let words: HashMap<Box<[u8]>, u64> = HashMap::new();
    assert_eq!(words.pin().get_or_insert_ref(&b"word"[..], 1), &1);
}
