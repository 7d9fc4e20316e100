//! Entries: against std's, and what they do when the key has changed since they were made.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::ledger::{Item, Ledger};
use common::{Rng, assert_same, finish_resizing, fresh_seed, injected, mix, panic_on_purpose, scaled};
use loxley::{Entry, HashMap};
use std::cell::Cell;
use std::collections::HashMap as StdMap;
use std::collections::hash_map::Entry as StdEntry;
use std::hash::{Hash, Hasher};
use std::thread;

type Map = HashMap<u64, u64, Hashing>;

#[test]
fn against_std() {
    for hashing in Hashing::ALL_BUT_CONSTANT {
        let (map, mut twin) = (Map::with_hasher(hashing), StdMap::new());
        let mut rng = Rng::new(fresh_seed("entries against std"));
        for _ in 0..scaled(40_000, 8000) {
            let (key, value) = (mix(rng.below(500)), rng.next());
            let pinned = map.pin();
            let entry = pinned.entry(key);
            assert_eq!(entry.key(), &key);
            match rng.below(9) {
                0 => assert_eq!(entry.or_insert(value), twin.entry(key).or_insert(value)),
                1 => assert_eq!(entry.or_insert_with(|| value), twin.entry(key).or_insert(value)),
                2 => {
                    let make = |key: &u64| key ^ value;
                    assert_eq!(entry.or_insert_with_key(make), twin.entry(key).or_insert_with_key(make));
                }
                3 => assert_eq!(entry.or_default(), twin.entry(key).or_default()),
                4 => {
                    let modified = entry.and_modify(|old| old ^ value).or_insert(value);
                    assert_eq!(modified, twin.entry(key).and_modify(|old| *old ^= value).or_insert(value));
                }
                5 => {
                    let modified = entry.and_modify(|old| old ^ value).apply();
                    assert_eq!(
                        modified.copied(),
                        twin.get_mut(&key).map(|old| {
                            *old ^= value;
                            *old
                        })
                    );
                }
                6 => {
                    let entry = entry.insert_entry(value);
                    assert_eq!((entry.get_key_value(), entry.key()), ((&key, &value), &key));
                    twin.insert(key, value);
                }
                kind => match (entry, twin.entry(key)) {
                    (Entry::Occupied(entry), StdEntry::Occupied(mut twin)) => {
                        assert_eq!((entry.get(), entry.get_key_value()), (twin.get(), (&key, twin.get())));
                        match value % 6 {
                            0 => assert_eq!(entry.insert(value), Some(&twin.insert(value))),
                            1 => assert_eq!(entry.try_insert(value), Ok(&twin.insert(value))),
                            2 => assert_eq!(entry.remove(), Some(&twin.remove())),
                            3 => assert_eq!(entry.remove_entry(), Some((&key, &twin.remove()))),
                            4 => assert_eq!(entry.try_remove(), Some((&key, &twin.remove()))),
                            _ => assert_eq!(entry.into_key(), key),
                        }
                    }
                    (Entry::Vacant(entry), StdEntry::Vacant(twin)) => {
                        assert_eq!(entry.key(), &key);
                        match kind + value % 3 {
                            7 => assert_eq!(entry.insert(value), twin.insert(value)),
                            8 => assert_eq!(entry.insert_entry(value).get(), twin.insert(value)),
                            9 => assert_eq!(entry.try_insert(value), Ok(&*twin.insert(value))),
                            _ => assert_eq!(entry.into_key(), key),
                        }
                    }
                    (entry, twin) => panic!("{entry:?} and {twin:?}"),
                },
            }
        }
        assert_same(&map, &twin);
    }
}

/// Each method is told what the key has when it is called, not when the entry was made.
#[test]
fn a_key_that_has_changed_since() {
    let map = Map::with_hasher(Hashing::Ahash);
    let map = map.pin();
    let occupied = |key| {
        map.insert(key, 1);
        match map.entry(key) {
            Entry::Occupied(entry) => entry,
            Entry::Vacant(_) => panic!("just inserted"),
        }
    };
    for now in [Some(1), Some(2), None] {
        let changed = |key| {
            let entry = occupied(key);
            assert_eq!(map.remove(&key), Some(&1));
            now.map(|value| map.insert(key, value));
            assert_eq!((entry.get(), entry.key()), (&1, &key));
            entry
        };
        let current = || now.as_ref();
        assert_eq!(Entry::Occupied(changed(0)).or_insert(9), &1, "the value that was found");
        assert_eq!(changed(1).insert(9), current());
        assert_eq!(map.get(&1), Some(&9));
        let error = changed(2).try_insert(9).unwrap_err();
        assert_eq!((error.current, error.not_inserted), (current(), 9));
        assert_eq!(map.get(&2), current());
        assert_eq!(changed(3).remove(), current());
        assert_eq!(map.get(&3), None);
        assert_eq!(changed(4).remove_entry(), current().map(|value| (&4, value)));
        assert_eq!(changed(5).try_remove(), None);
        assert_eq!(map.get(&5), current());
        let modified = Entry::Occupied(changed(6)).and_modify(|value| value + 10).or_insert(9);
        assert_eq!(*modified, now.map_or(9, |value| value + 10));
        assert_eq!(Entry::Occupied(changed(7)).and_modify(|value| value + 10).apply().is_some(), now.is_some());
        assert_eq!(Entry::Occupied(changed(8)).insert_entry(9).get(), &9);
        assert_eq!(map.get(&8), Some(&9));
        map.clear();
    }

    let filled = |key| match map.entry(key) {
        Entry::Vacant(entry) => {
            map.insert(key, 1);
            entry
        }
        Entry::Occupied(_) => panic!("absent"),
    };
    assert_eq!(filled(0).insert(9), &1);
    assert_eq!(filled(1).insert_entry(9).get(), &1);
    let error = filled(2).try_insert(9).unwrap_err();
    assert_eq!((error.current, error.not_inserted), (&1, 9));
    assert_eq!(Entry::Vacant(filled(3)).or_insert(9), &1);
    assert_eq!(Entry::Vacant(filled(4)).and_modify(|value| value + 1).or_insert(9), &2);
    assert!((0..4).all(|key| map.get(&key) == Some(&1)));
    assert_eq!(Entry::Vacant(filled(5)).insert_entry(9).get(), &9);
    assert_eq!(map.get(&5), Some(&9));

    // Changed even later: one step is one step.
    let make = || {
        map.insert(6, 10);
        1
    };
    assert_eq!(map.entry(6).and_modify(|value| value + 1).or_insert_with(make), &11);
    assert_eq!(map.entry(6).and_modify(|value| value - 1).or_insert_with_key(|_| unreachable!()), &10);
    assert_eq!(map.entry(6).and_modify(|value| value + 1).or_insert_with_key(|_| unreachable!()), &11);
    assert_eq!(map.entry(60).and_modify(|_| unreachable!()).or_insert_with_key(|key| key + 1), &61);
    assert_eq!(map.remove(&60), Some(&61));
}

thread_local! {
    static MADE: Cell<usize> = const { Cell::new(0) };
}

/// A key that counts how often one is made of a borrowed form.
#[derive(PartialEq, Eq, Debug)]
struct Name(String);

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        MADE.set(MADE.get() + 1);
        Self(name.to_owned())
    }
}

#[test]
fn keys_are_made_when_they_are_needed() {
    let map = HashMap::<Name, u64>::new();
    let map = map.pin();
    let made = || MADE.take();
    assert_eq!(*map.entry_ref("a").or_insert(1), 1);
    assert_eq!(made(), 1);
    assert_eq!(*map.entry_ref("a").or_insert(2), 1);
    assert_eq!(*map.entry_ref("a").or_insert_with_key(|_| unreachable!()), 1);
    assert_eq!(*map.entry_ref("b").key(), "b");
    assert!(matches!(map.entry_ref("a"), Entry::Occupied(entry) if entry.key().0 == "a" && *entry.get() == 1));
    assert_eq!(map.entry_ref("b").into_key(), "b");
    assert_eq!(made(), 0);
    assert_eq!(*map.entry_ref("b").or_insert_with_key(|key| key.0.len() as u64), 1);
    assert_eq!(made(), 1);
    assert_eq!(*map.entry_ref("b").and_modify(|value| value + 1).or_insert(0), 2);
    assert_eq!(made(), 1, "a new value needs a new node");
    let Entry::Occupied(entry) = map.entry_ref("b") else { panic!("inserted") };
    assert_eq!(entry.remove_entry(), Some((&Name("b".into()), &2)));
    assert_eq!(made(), 0);
}

/// A view of keys for which several threads want one value: all get the same.
#[test]
fn all_get_the_same_value() {
    let keys = scaled(20_000, 4000) as u64;
    let map = Map::with_hasher(Hashing::Ahash);
    let sums: Vec<u64> = thread::scope(|scope| {
        let sum = |t| {
            let map = &map;
            move || {
                let entry = |key| match t % 2 {
                    0 => *map.pin().entry(key).or_insert(t),
                    _ => *map.pin().entry(key).or_insert_with(|| t),
                };
                (0..keys).map(|key| mix(key).wrapping_mul(entry(key))).fold(0, u64::wrapping_add)
            }
        };
        let threads: Vec<_> = (1..5).map(|t| scope.spawn(sum(t))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(sums.iter().all(|sum| *sum == sums[0]));
}

#[test]
fn instances_are_dropped_once() {
    let ledger = Ledger::new(50_000);
    let map: HashMap<Item, Item, _> = HashMap::with_hasher(Hashing::Values(4));
    for key in 0..200 {
        let (pinned, item) = (map.pin(), |value| ledger.item(value));
        drop(pinned.entry(item(key)));
        assert!(injected(|| pinned.entry(item(key)).or_insert_with(|| panic_on_purpose())));
        assert_eq!(pinned.get(&key).map(Item::check), None);
        assert_eq!(pinned.entry(item(key)).or_insert(item(1)).check(), 1);
        assert_eq!(pinned.entry(item(key)).or_insert(item(2)).check(), 1);
        let modify = || pinned.entry(item(key)).and_modify(|old| item(old.check() + 1));
        assert_eq!(modify().or_insert(item(9)).check(), 2);
        assert!(modify().apply().is_some());
        assert!(injected(|| _ = pinned.entry(item(key)).and_modify(|_| panic_on_purpose()).or_insert(item(9))));
        assert_eq!(pinned.entry(item(key)).insert_entry(item(7)).get().check(), 7);
        if let (0, Entry::Occupied(entry)) = (key % 2, pinned.entry(item(key))) {
            assert_eq!(entry.remove_entry().map(|(key, value)| (key.check(), value.check())), Some((key, 7)));
        }
    }
    finish_resizing(&map);
    assert_eq!(map.len(), 100);
    ledger.assert_settles_at(200);
    drop(map);
    ledger.assert_balanced();
}
