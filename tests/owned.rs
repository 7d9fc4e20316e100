//! The exclusive owner's methods against std's map, in whatever state a migration is; each key and value
//! dropped once, and at once.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::ledger::{Item, Ledger};
use common::{Injected, Rng, assert_same, fresh_seed, injected, panic_of, panic_on_purpose, scaled};
use loxley::{EntryMut, HashMap};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap as StdMap};
use std::hash::{BuildHasher, Hash, Hasher};

type Map = HashMap<Item, Item, Hashing>;

/// Numbers of entries such that growth is at all its stages for some of them, and sizes without.
fn sizes() -> impl Iterator<Item = u64> {
    let around_a_growth = scaled(715, 204) as u64;
    (0..20).chain([100]).chain(around_a_growth - 2..around_a_growth + 40)
}

fn filled(ledger: &'static Ledger, n: u64) -> Map {
    let map = Map::with_hasher(Hashing::Ahash);
    for key in 0..n {
        map.pin().insert(ledger.item(key), ledger.item(key));
    }
    map
}

/// The invariants, in builds that can check them.
fn check<K: Hash + Eq, V, S: BuildHasher>(map: &HashMap<K, V, S>) {
    #[cfg(loxley_hooks)]
    loxley::hooks::check(map);
    let _ = map;
}

fn contents(map: &Map) -> BTreeMap<u64, u64> {
    check(map);
    let pinned = map.pin();
    let contents: BTreeMap<_, _> = pinned.iter().map(|(key, value)| (key.check(), value.check())).collect();
    assert_eq!(contents.len(), map.len());
    assert!(contents.iter().all(|(key, value)| pinned.get(key).unwrap().check() == *value));
    contents
}

/// `f` gets a map of `n` entries, `n` times two items being alive.
fn at_every_size(f: impl Fn(u64, Map, &'static Ledger)) {
    for n in sizes() {
        let ledger = Ledger::new(8 * n as usize + 100);
        let map = filled(ledger, n);
        ledger.assert_alive(2 * n as usize);
        f(n, map, ledger);
        ledger.assert_alive(0);
    }
}

#[test]
fn into_iter_yields_everything_once() {
    at_every_size(|n, map, ledger| {
        let mut entries = map.into_iter();
        assert_eq!(entries.len() as u64, n);
        let mut seen = BTreeSet::new();
        while let Some((key, value)) = entries.next() {
            assert_eq!(key.check(), value.check());
            assert!(seen.insert(key.check()), "{} twice", key.value);
            assert_eq!(entries.len(), (n as usize) - seen.len());
        }
        assert!(entries.next().is_none());
        assert_eq!(seen.len() as u64, n);
        ledger.assert_alive(0);
    });
}

#[test]
fn into_iter_frees_what_it_has_not_yielded() {
    at_every_size(|n, map, ledger| {
        let mut entries = map.into_iter();
        let taken: Vec<_> = entries.by_ref().take(n as usize / 2).collect();
        ledger.assert_alive(2 * n as usize);
        drop(entries);
        ledger.assert_alive(2 * (n as usize / 2));
        assert!(taken.iter().all(|(key, value)| key.check() == value.check()));
    });
    at_every_size(|n, map, _| assert!(map.into_keys().map(|key| key.check()).eq_unordered(0..n)));
    at_every_size(|n, map, _| assert!(map.into_values().map(|value| value.check()).eq_unordered(0..n)));
    at_every_size(|_, map, _| drop(map.into_keys().next()));
}

trait EqUnordered: Iterator<Item = u64> + Sized {
    fn eq_unordered(self, other: impl Iterator<Item = u64>) -> bool {
        let mut numbers: Vec<u64> = self.collect();
        numbers.sort_unstable();
        numbers.into_iter().eq(other)
    }
}
impl<I: Iterator<Item = u64>> EqUnordered for I {}

#[test]
fn drain_empties_the_map_and_keeps_its_table() {
    at_every_size(|n, mut map, ledger| {
        let capacity = map.capacity();
        assert!(map.drain().map(|(key, _)| key.check()).eq_unordered(0..n));
        ledger.assert_alive(0);
        assert_eq!((map.len(), map.capacity()), (0, capacity));
        // As good as new: full slots, bounds and tombstones are gone.
        for round in 0..3 {
            assert_eq!(contents(&map), BTreeMap::new());
            for key in 0..n {
                map.pin().insert(ledger.item(key + round), ledger.item(key));
            }
            assert_eq!(contents(&map), (0..n).map(|key| (key + round, key)).collect());
            assert_eq!(map.capacity(), capacity);
            let mut drain = map.drain();
            assert_eq!(drain.len() as u64, n);
            assert_eq!(drain.by_ref().take(3).count() as u64, n.min(3));
            drop(drain);
            ledger.assert_alive(0);
        }
    });
}

/// What a leaked drain has not yielded leaks; the map is fine.
#[test]
#[cfg_attr(loxley_sanitize, ignore = "leaks on purpose")]
fn leaking_a_drain_is_safe() {
    for n in sizes() {
        let ledger = Ledger::new(4 * n as usize + 100);
        let mut map = filled(ledger, n);
        let mut drain = map.drain();
        let yielded = drain.by_ref().take(1).count();
        std::mem::forget(drain);
        let leaked = 2 * (n as usize - yielded);
        ledger.assert_alive(leaked);
        assert_eq!(contents(&map), BTreeMap::new());
        map.pin().insert(ledger.item(1), ledger.item(2));
        assert_eq!(contents(&map), BTreeMap::from([(1, 2)]));
        drop(map);
        ledger.assert_alive(leaked);
    }
}

#[test]
fn values_change_in_place() {
    at_every_size(|n, mut map, ledger| {
        assert_eq!(map.iter_mut().len() as u64, n);
        for (key, value) in &mut map {
            *value = ledger.item(value.check() + key.check());
        }
        ledger.assert_alive(2 * n as usize);
        for value in map.values_mut() {
            *value = ledger.item(value.check() + 1);
        }
        assert_eq!(map.values_mut().len() as u64, n);
        for key in 0..n {
            *map.get_mut(&key).unwrap() = ledger.item(2 * key + 2);
            let (found, value) = map.get_key_value_mut(&key).unwrap();
            assert_eq!((found.check(), value.check()), (key, 2 * key + 2));
        }
        assert!(map.get_mut(&n).is_none());
        assert_eq!(contents(&map), (0..n).map(|key| (key, 2 * key + 2)).collect());
        ledger.assert_alive(2 * n as usize);
    });
}

/// All references of one iteration may live together.
#[test]
fn mutable_references_are_to_different_values() {
    at_every_size(|_, mut map, _| {
        let mut values: Vec<&mut Item> = map.values_mut().collect();
        values.sort_by_key(|value| value.value);
        values.iter_mut().rev().reduce(|a, b| {
            std::mem::swap(*a, *b);
            b
        });
        let shifted = values.iter().enumerate().all(|(i, value)| value.check() == i.saturating_sub(1) as u64);
        assert!(shifted || values.len() < 2 || values[0].check() != 0);
    });
}

#[test]
fn retain_and_extract() {
    at_every_size(|n, mut map, ledger| {
        map.retain_mut(|key, value| {
            *value = ledger.item(key.check() + 1);
            key.check() % 3 != 0
        });
        let expected: BTreeMap<u64, u64> = (0..n).filter(|key| key % 3 != 0).map(|key| (key, key + 1)).collect();
        assert_eq!(contents(&map), expected);
        ledger.assert_alive(2 * expected.len()); // at once: nothing was retired
        let mut odd = map.extract_if(|key, _| key.check() % 2 == 1);
        let first = odd.next().map(|(key, value)| (key.check(), value.check()));
        drop(odd);
        assert_eq!(first.is_some(), expected.keys().any(|key| key % 2 == 1));
        assert_eq!(map.len(), expected.len() - usize::from(first.is_some()));
        let rest: BTreeMap<u64, u64> = map
            .extract_if(|key, _| key.check() % 2 == 1)
            .map(|(key, value)| (key.check(), value.check()))
            .chain(first)
            .collect();
        let (odd, even): (BTreeMap<_, _>, BTreeMap<_, _>) = expected.iter().partition(|(key, _)| *key % 2 == 1);
        assert_eq!((rest, contents(&map)), (odd, even));
        map.retain_mut(|_, _| false);
        assert_eq!(contents(&map), BTreeMap::new());
        ledger.assert_alive(0);
    });
}

#[test]
fn removal_returns_the_entry_itself() {
    at_every_size(|n, mut map, ledger| {
        for key in (0..n).step_by(2) {
            let (removed, value) = map.remove_entry_mut(&key).unwrap();
            assert_eq!((removed.check(), value.check()), (key, key));
            assert!(map.remove_mut(&key).is_none());
        }
        ledger.assert_alive(2 * (n as usize / 2));
        assert_eq!(contents(&map), (0..n).filter(|key| key % 2 == 1).map(|key| (key, key)).collect());
        for key in (1..n).step_by(2) {
            assert_eq!(map.remove_mut(&key).unwrap().check(), key);
        }
        assert_eq!(contents(&map), BTreeMap::new());
    });
}

/// Whatever the migration: an entry that was inserted or found is changed, and taken out.
#[test]
fn entries_in_the_middle_of_a_migration() {
    at_every_size(|n, mut map, ledger| {
        let entry = map.entry_mut(ledger.item(n)).insert_entry(ledger.item(n));
        assert_eq!((entry.key().check(), entry.get().check()), (n, n));
        let (key, value) = entry.remove_entry();
        assert_eq!((key.check(), value.check()), (n, n));
        drop((key, value));
        ledger.assert_alive(2 * n as usize);
        let EntryMut::Vacant(entry) = map.entry_mut(ledger.item(n)) else { panic!("just removed") };
        entry.insert_entry(ledger.item(n)).insert(ledger.item(n + 1));
        let found = map.entry_mut(ledger.item(n)).insert_entry(ledger.item(n + 2));
        assert_eq!((found.key().check(), found.into_mut().check()), (n, n + 2));
        assert_eq!(map.insert_mut(ledger.item(n), ledger.item(n)).unwrap().check(), n + 2);
        assert!(map.insert_mut(ledger.item(n + 1), ledger.item(n + 1)).is_none());
        ledger.assert_alive(2 * (n as usize + 2));
        for key in (0..n).rev() {
            let EntryMut::Occupied(entry) = map.entry_mut(ledger.item(key)) else { panic!("{key} of {n}") };
            assert_eq!(entry.remove().check(), key);
        }
        assert_eq!(contents(&map).into_keys().collect::<Vec<_>>(), [n, n + 1]);
        ledger.assert_alive(4);
    });
}

#[test]
fn clear_mut_drops_everything_at_once() {
    at_every_size(|n, mut map, ledger| {
        let capacity = map.capacity();
        map.clear_mut();
        ledger.assert_alive(0);
        assert!(map.is_empty() && map.capacity() >= capacity.min(n as usize) / 2);
        assert!(map.insert_mut(ledger.item(1), ledger.item(2)).is_none());
        assert_eq!(contents(&map), BTreeMap::from([(1, 2)]));
    });
}

#[test]
fn disjoint_values() {
    at_every_size(|n, mut map, _| {
        let [first, absent, last] = map.get_disjoint_mut([&0, &n, &(n.max(2) - 1)]);
        assert_eq!((first.is_some(), absent.is_some(), last.is_some()), (n > 0, false, n > 1));
        if let (Some(first), Some(last)) = (first, last) {
            std::mem::swap(first, last);
            assert_eq!(map.get_mut(&0).unwrap().check(), n - 1);
        }
        assert_eq!(panic_of(|| map.get_disjoint_mut([&0, &1, &0]).len()).is_some(), n > 0);
        assert!(map.get_disjoint_mut([&n, &n]).into_iter().all(|value| value.is_none()));
    });
}

/// By a borrowed key; one is made for an insertion only.
#[test]
fn entries_by_reference() {
    let mut map: HashMap<Box<str>, usize> = HashMap::new();
    for (i, word) in "a rose is a rose is a rose".split(' ').enumerate() {
        match map.entry_ref_mut(word) {
            EntryMut::Occupied(mut entry) => {
                assert_eq!(&**entry.key(), word);
                *entry.get_mut() += 1;
            }
            EntryMut::Vacant(entry) => {
                assert!(i < 3 && *entry.key() == word);
                assert_eq!(entry.into_key(), word);
                assert_eq!(map.entry_ref_mut(word).or_insert_with_key(|key| key.len() - word.len() + 1), &1);
            }
        }
    }
    assert_eq!(map.entry_ref_mut("rose").and_modify(|count| *count *= 2).or_default(), &6);
    assert_eq!(map.entry_ref_mut("is").insert_entry(7).remove_entry(), ("is".into(), 7));
    assert_eq!(map.entry_ref_mut("thorn").insert_entry(8).get(), &8);
    assert_eq!(format!("{:?}", map.entry_ref_mut("leaf")), r#"EntryMut(VacantEntryMut("leaf"))"#);
    assert_eq!(map.len(), 3);
}

/// `Debug` shows what is left and takes nothing, in the middle of a migration too.
#[test]
fn iterators_show_what_is_left() {
    fn sorted(shown: impl std::fmt::Debug) -> String {
        let shown = format!("{shown:?}");
        let mut items: Vec<&str> = shown.trim_matches(['[', ']']).split(", (").collect();
        items.sort_unstable();
        items.join(" ").replace(['(', ')'], "")
    }
    for n in sizes() {
        let filled = || {
            let map: HashMap<u64, u64, Hashing> = HashMap::with_hasher(Hashing::Ahash);
            (0..n).for_each(|key| _ = map.pin().insert(key, key + 1));
            map
        };
        let mut map = filled();
        let mut entries = map.iter_mut();
        let seen: Vec<_> = entries.by_ref().take(n as usize / 2).map(|(key, value)| (*key, *value)).collect();
        let shown = sorted(&entries);
        let rest: Vec<_> = entries.map(|(key, value)| (*key, *value)).collect();
        assert_eq!(shown, sorted(&rest));
        assert_eq!((seen.len() + rest.len()) as u64, n);
        let mut entries = map.drain();
        entries.next();
        assert_eq!(sorted(&entries), sorted(entries.collect::<Vec<_>>()));
        let mut entries = filled().into_iter();
        entries.next();
        assert_eq!(sorted(&entries), sorted(entries.collect::<Vec<_>>()));
        let mut map = filled();
        assert_eq!(format!("{:?}", map.values_mut()), format!("{:?}", map.values_mut().collect::<Vec<_>>()));
        let keys = filled().into_keys();
        assert_eq!(format!("{keys:?}"), format!("{:?}", keys.collect::<Vec<_>>()));
        let values = filled().into_values();
        assert_eq!(format!("{values:?}"), format!("{:?}", values.collect::<Vec<_>>()));
    }
    assert_eq!(loxley::IntoIter::<u8, u8>::default().next(), None);
    assert_eq!(loxley::IntoKeys::<u8, u8>::default().len() + loxley::IntoValues::<u8, u8>::default().len(), 0);
    assert_eq!(loxley::IterMut::<u8, u8>::default().len() + loxley::ValuesMut::<u8, u8>::default().len(), 0);
}

/// Against std's map, exclusive and shared methods mixed, hostile hashers, growth and shrinking.
#[test]
fn random_operations() {
    let seed = fresh_seed("random_operations");
    for hashing in Hashing::ALL_BUT_CONSTANT {
        let mut rng = Rng::new(seed);
        let mut map: HashMap<u64, u64, Hashing> = HashMap::with_hasher(hashing);
        let mut twin: StdMap<u64, u64> = StdMap::new();
        for step in 0..scaled(20_000, 6_000) {
            let (key, value) = (rng.below(400), rng.next());
            match rng.below(32) {
                0..8 => assert_eq!(map.pin().insert(key, value), twin.insert(key, value).as_ref()),
                8..14 => {
                    *map.entry_mut(key).and_modify(|value| *value ^= 1).or_insert(value) ^= 5;
                    *twin.entry(key).and_modify(|value| *value ^= 1).or_insert(value) ^= 5;
                }
                14..17 => match map.entry_mut(key) {
                    EntryMut::Occupied(mut entry) => {
                        assert_eq!((entry.key(), entry.get()), (&key, &twin[&key]));
                        assert_eq!(Some(entry.insert(value)), twin.insert(key, value));
                        if rng.one_in(2) {
                            assert_eq!(Some(entry.remove_entry()), twin.remove_entry(&key));
                        } else {
                            *entry.into_mut() = 4;
                            twin.insert(key, 4);
                        }
                    }
                    EntryMut::Vacant(entry) => {
                        assert!(!twin.contains_key(entry.key()));
                        assert_eq!(entry.into_key(), key);
                    }
                },
                17..19 => assert_eq!(map.remove_mut(&key), twin.remove(&key)),
                19 => assert_eq!(map.insert_mut(key, value), twin.insert(key, value)),
                20..22 => assert_eq!(map.pin().remove(&key), twin.remove(&key).as_ref()),
                22..26 => assert_eq!(map.get_mut(&key), twin.get_mut(&key)),
                26 if rng.one_in(20) => {
                    map.retain_mut(|key, value| (*key + *value) % 4 > 0);
                    twin.retain(|key, value| (*key + *value) % 4 > 0);
                }
                27 if rng.one_in(20) => {
                    map.values_mut().for_each(|value| *value /= 2);
                    twin.values_mut().for_each(|value| *value /= 2);
                }
                28 if rng.one_in(100) => {
                    assert_eq!(map.drain().collect::<StdMap<_, _>>(), std::mem::take(&mut twin))
                }
                29 if rng.one_in(20) => map.pin().shrink_to_fit(),
                30 if rng.one_in(20) => map.pin().reserve(1000),
                31 if rng.one_in(20) => {
                    let gone: StdMap<u64, u64> = map.extract_if(|key, _| key % 3 == 0).collect();
                    let (there, here) = std::mem::take(&mut twin).into_iter().partition(|(key, _)| key % 3 == 0);
                    twin = here;
                    assert_eq!(gone, there);
                }
                _ => {}
            }
            assert_eq!(map.len(), twin.len());
            if step % 256 == 0 {
                check(&map);
                assert_same(&map, &twin);
            }
        }
        assert_eq!(map.into_iter().collect::<StdMap<_, _>>(), twin);
    }
}

thread_local! {
    /// How many more hashes this thread may make before one panics.
    static FUSE: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// A key whose hash may panic, in the middle of freezing a group for example.
#[derive(Debug, PartialEq, Eq)]
struct Touchy(Item);

impl Hash for Touchy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        FUSE.set(FUSE.get() - 1);
        if FUSE.get() == 0 {
            FUSE.set(u64::MAX);
            panic_on_purpose();
        }
        self.0.hash(state);
    }
}

/// A migration that panics have stopped at any point, in several groups: what is in the map is swept up once.
#[test]
fn migrations_that_panicked() {
    let seed = fresh_seed("migrations_that_panicked");
    let mut rng = Rng::new(seed);
    for round in 0..scaled(400, 200) {
        let ledger = Ledger::new(20_000);
        let mut map: HashMap<Touchy, Item, Hashing> = HashMap::with_hasher(Hashing::Ahash);
        let n = rng.below(800);
        for key in 0..n {
            // Every operation that migrates is likely to be cut short.
            FUSE.set(1 + rng.below(40));
            let _ = injected(|| map.pin().insert(Touchy(ledger.item(key)), ledger.item(key)).is_some());
            if rng.one_in(4) {
                let _ = injected(|| map.pin().remove(&Touchy(ledger.item(rng.below(n)))).is_some());
            }
        }
        FUSE.set(u64::MAX);
        let before: BTreeSet<u64> = map.pin().keys().map(|key| key.0.check()).collect();
        assert_eq!(map.len(), before.len());
        for value in map.values_mut() {
            *value = ledger.item(value.check() + 1);
        }
        for key in &before {
            assert_eq!(map.get_mut(&Touchy(ledger.item(*key))).unwrap().check(), key + 1);
        }
        let after: BTreeSet<u64> = match round % 4 {
            0 => map.into_keys().map(|key| key.0.check()).collect(),
            1 => map.drain().map(|(_, value)| value.check() - 1).collect(),
            2 => map.extract_if(|_, _| true).map(|(key, _)| key.0.check()).collect(),
            _ => {
                drop(map);
                before.clone()
            }
        };
        assert_eq!(after, before);
        ledger.assert_balanced();
    }
}

/// With only what was replaced or removed before waiting for the collector.
#[test]
fn owners_and_garbage() {
    let ledger = Ledger::new(40_000);
    let map = filled(ledger, 1000);
    let guard = map.guard();
    for key in 0..1500 {
        map.insert(ledger.item(key), ledger.item(key + 1), &guard);
        map.remove(&(key / 2), &guard);
    }
    let mut map = map;
    for value in map.values_mut() {
        *value = ledger.item(value.check() + 1);
    }
    let left: Vec<(Item, Item)> = map.drain().collect();
    assert!(left.iter().all(|(key, value)| key.check() + 2 == value.check()));
    drop((left, map, guard));
    ledger.assert_balanced();
}

#[derive(Debug)]
struct PanicsWhenDropped(#[allow(dead_code)] Item, bool);

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        if self.1 {
            panic_on_purpose();
        }
    }
}

fn explosive(ledger: &'static Ledger, n: u64) -> HashMap<u64, PanicsWhenDropped> {
    (0..n).map(|key| (key, PanicsWhenDropped(ledger.item(key), key % 5 == 0))).collect()
}

#[test]
fn destructors_that_panic() {
    for n in [5, 100, scaled(725, 210) as u64] {
        let ledger = Ledger::new(5000);
        assert!(injected(|| drop(explosive(ledger, n).into_iter())), "of all");
        ledger.assert_alive(0);
        assert!(injected(|| drop(explosive(ledger, n).into_keys())));
        ledger.assert_alive(0);

        let mut map = explosive(ledger, n);
        let capacity = map.capacity();
        assert!(injected(|| drop(map.drain())));
        ledger.assert_alive(0);
        assert_eq!((map.len(), map.capacity()), (0, capacity));
        map.pin().insert(1, PanicsWhenDropped(ledger.item(1), false));
        check(&map);
        assert_eq!(map.pin().get(&1).map(|value| value.0.check()), Some(1));
        drop(map);

        // A panic on the way through a panic is not a second one.
        let mut map = explosive(ledger, n);
        let first = panic_of(|| {
            let _drain = map.drain();
            panic_on_purpose();
        });
        assert!(first.is_some_and(|payload| payload.is::<Injected>()));
        assert_eq!(map.len(), 0);

        // Each removal by itself: the entry is gone, the map is fine.
        let mut map = explosive(ledger, n);
        let mut panics = 0;
        while injected(|| map.retain_mut(|_, _| false)) {
            panics += 1;
            check(&map);
        }
        assert_eq!((panics, map.len()), (n.div_ceil(5), 0));
        drop(map);
        ledger.assert_alive(0);
    }
}

#[test]
fn predicates_that_panic() {
    at_every_size(|n, mut map, ledger| {
        let mut calls = 0;
        let panicked = injected(|| {
            map.retain_mut(|key, _| {
                calls += 1;
                if calls == 5 {
                    panic_on_purpose();
                }
                key.check() == u64::MAX
            });
        });
        assert_eq!(panicked, n >= 5);
        let left = if panicked { n as usize - 4 } else { 0 };
        assert_eq!(contents(&map).len(), left);
        ledger.assert_alive(2 * left);
    });
}

#[test]
fn without_bounds() {
    struct NoBounds;
    let mut map: HashMap<NoBounds, std::rc::Rc<u8>, ()> = HashMap::with_hasher(());
    assert_eq!(map.iter_mut().len() + map.values_mut().len() + map.drain().len(), 0);
    assert_eq!(map.into_iter().count(), 0);
    let text = String::from("borrowed");
    let mut map: HashMap<&str, &str> = HashMap::new();
    assert_eq!(map.get_mut(text.as_str()), None);
    assert_eq!(map.into_keys().next(), None);
}

const _: () = {
    const fn send<T: Send>() {}
    const fn sync<T: Sync>() {}
    type Cellular = Cell<u8>; // Send, not Sync
    send::<loxley::IterMut<'static, Cellular, Cellular>>();
    send::<loxley::IntoIter<Cellular, Cellular>>();
    send::<loxley::Drain<'static, Cellular, Cellular>>();
    send::<loxley::ExtractIf<'static, Cellular, Cellular, ()>>();
    send::<EntryMut<'static, Cellular, Cellular, ()>>();
    sync::<loxley::IterMut<'static, u8, u8>>();
    sync::<loxley::IntoIter<u8, u8>>();
    sync::<EntryMut<'static, u8, u8, ()>>();
};

/// Shrinking and growing by hand, every group at its own stage.
#[cfg(loxley_hooks)]
#[test]
fn migrations_in_both_directions() {
    use loxley::hooks::{begin_resize, with_buckets};
    let mut rng = Rng::new(fresh_seed("migrations_in_both_directions"));
    for round in 0..2000 {
        let ledger = Ledger::new(2000);
        let log2 = 2 + rng.below(3) as u32;
        // Few enough for a table of half the size; hooks do not ask.
        let entries = rng.below(scaled(7, 1) as u64 * (1 << (log2 - 1)) * 3 / 4);
        let mut map: Map = with_buckets(log2, Hashing::Ahash);
        for key in 0..entries {
            map.pin().insert(ledger.item(key), ledger.item(key));
        }
        begin_resize(&map, if rng.one_in(2) { log2 - 1 } else { log2 + 1 });
        for _ in 0..rng.below(2) {
            let key = rng.below(entries + 1);
            map.pin().remove(&key);
            map.pin().insert(ledger.item(key), ledger.item(key));
        }
        let before = contents(&map);
        let numbers = |(key, value): (Item, Item)| (key.check(), value.check());
        match round % 4 {
            0 => assert_eq!(std::mem::take(&mut map).into_iter().map(numbers).collect::<BTreeMap<_, _>>(), before),
            1 => assert_eq!(map.drain().map(numbers).collect::<BTreeMap<_, _>>(), before),
            2 => {
                map.values_mut().for_each(|value| *value = ledger.item(value.check() + 1));
                assert_eq!(contents(&map), before.iter().map(|(key, value)| (*key, value + 1)).collect());
            }
            _ => {
                map.retain_mut(|key, _| key.check() % 2 == 0);
                assert_eq!(contents(&map), before.into_iter().filter(|(key, _)| key % 2 == 0).collect());
            }
        }
        drop(map);
        ledger.assert_balanced();
    }
}
