//! The set against std's set, and each element dropped once.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::ledger::{Item, Ledger};
use common::{Rng, fresh_seed, injected, panic_on_purpose, scaled};
use loxley::{HashSet, PinnedSet};
use std::collections::{BTreeSet, HashSet as StdSet};
use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};

/// By every way to ask a quiet set.
fn assert_same<T, S>(set: &HashSet<T, S>, expected: &StdSet<T>)
where
    T: Hash + Eq + Debug,
    S: BuildHasher,
{
    assert_eq!((set.len(), set.is_empty()), (expected.len(), expected.is_empty()));
    let pinned = set.pin();
    assert_eq!((pinned.len(), pinned.is_empty()), (expected.len(), expected.is_empty()));
    assert!(expected.iter().all(|element| pinned.contains(element) && pinned.get(element) == Some(element)));
    let yielded: Vec<&T> = pinned.iter().collect();
    assert_eq!(yielded.len(), expected.len());
    assert_eq!(yielded.into_iter().collect::<StdSet<_>>(), expected.iter().collect());
}

#[test]
fn random_operations() {
    let seed = fresh_seed("random_operations");
    for hashing in Hashing::ALL_BUT_CONSTANT {
        let mut rng = Rng::new(seed);
        let mut set: HashSet<u64, Hashing> = HashSet::with_hasher(hashing);
        let mut twin = StdSet::new();
        for step in 0..scaled(20_000, 6_000) {
            let n = rng.below(400);
            match rng.below(25) {
                0..4 => assert_eq!(set.pin().insert(n), twin.insert(n)),
                4 => assert_eq!(set.pin().replace(n), twin.replace(n).as_ref()),
                5 => {
                    assert_eq!(set.pin().get_or_insert(n), &n);
                    twin.insert(n);
                }
                6..8 => assert_eq!(set.pin().remove(&n), twin.remove(&n)),
                8 => assert_eq!(set.pin().take(&n), twin.take(&n).as_ref()),
                9 => assert_eq!(set.take_mut(&n), twin.take(&n)),
                10 if rng.one_in(50) => {
                    set.pin().retain(|element| element % 3 > 0);
                    twin.retain(|element| element % 3 > 0);
                }
                11 if rng.one_in(50) => {
                    let gone: StdSet<u64> = set.extract_if(|element| element % 5 == 0).collect();
                    let (there, here) =
                        std::mem::take(&mut twin).into_iter().partition(|element| element % 5 == 0);
                    twin = here;
                    assert_eq!(gone, there);
                }
                12 if rng.one_in(200) => assert_eq!(set.drain().collect::<StdSet<_>>(), std::mem::take(&mut twin)),
                13 if rng.one_in(200) => {
                    set.pin().clear();
                    twin.clear();
                }
                14 if rng.one_in(20) => set.pin().reserve(rng.below(2000) as usize),
                15 if rng.one_in(20) => set.pin().shrink_to_fit(),
                16 => assert_eq!(set.insert_mut(n), twin.insert(n)),
                17 => assert_eq!(set.replace_mut(n), twin.replace(n)),
                18 => assert_eq!(set.remove_mut(&n), twin.remove(&n)),
                19 if rng.one_in(50) => {
                    set.retain_mut(|element| element % 7 > 0);
                    twin.retain(|element| element % 7 > 0);
                }
                20 if rng.one_in(200) => {
                    set.clear_mut();
                    twin.clear();
                }
                21 => {
                    assert_eq!(set.pin().get_or_insert_with(&n, |n| *n), &n);
                    twin.insert(n);
                }
                22 => {
                    let new = (n..n + 5).filter(|n| twin.insert(*n)).count();
                    assert_eq!(set.pin().insert_many(n..n + 5), new);
                }
                23 if rng.one_in(20) => set.pin().shrink_to(rng.below(500) as usize),
                24 => {
                    let pinned = set.pin();
                    let at = pinned.hashed(pinned.hash_of(&n));
                    assert_eq!((at.contains(&n), at.get(&n)), (twin.contains(&n), twin.get(&n)));
                    match rng.below(6) {
                        0 => assert_eq!(at.insert(n), twin.insert(n)),
                        1 => assert_eq!(at.replace(n), twin.replace(n).as_ref()),
                        2 => assert_eq!(at.remove(&n), twin.remove(&n)),
                        3 => assert_eq!(at.take(&n), twin.take(&n).as_ref()),
                        kind => {
                            let element =
                                if kind == 4 { at.get_or_insert(n) } else { at.get_or_insert_with(&n, |n| *n) };
                            assert_eq!(element, &n);
                            twin.insert(n);
                        }
                    }
                }
                _ => {}
            }
            if step % 256 == 0 {
                assert_same(&set, &twin);
            }
        }
        assert_same(&set.clone(), &twin);
        assert_eq!(set.into_iter().collect::<StdSet<_>>(), twin);
    }
}

#[test]
fn operations_on_two_sets() {
    let mut rng = Rng::new(fresh_seed("operations_on_two_sets"));
    for _ in 0..scaled(300, 100) {
        let range = 1 + rng.below(60);
        let mut some = || -> StdSet<u64> { (0..rng.below(60)).map(|_| rng.below(range)).collect() };
        let (a, b) = (some(), some());
        let (x, y): (HashSet<u64>, HashSet<u64>) = (a.iter().copied().collect(), b.iter().copied().collect());
        let (p, q) = (x.pin(), y.pin());
        let sorted = |elements: &mut dyn Iterator<Item = &u64>| {
            let mut elements: Vec<u64> = elements.copied().collect();
            elements.sort_unstable();
            elements // with duplicates, if there are any
        };
        assert_eq!(sorted(&mut p.union(&q)), sorted(&mut a.union(&b)));
        assert_eq!(sorted(&mut p.intersection(&q)), sorted(&mut a.intersection(&b)));
        assert_eq!(sorted(&mut p.difference(&q)), sorted(&mut a.difference(&b)));
        assert_eq!(sorted(&mut p.symmetric_difference(&q)), sorted(&mut a.symmetric_difference(&b)));
        assert_eq!(p.is_subset(&q), a.is_subset(&b));
        assert_eq!(p.is_superset(&q), a.is_superset(&b));
        assert_eq!(p.is_disjoint(&q), a.is_disjoint(&b));
        assert!(p.intersection(&q).collect::<StdSet<_>>().is_subset(&p.iter().collect()));
        assert_eq!(x == y, a == b);
        for (set, twin) in [(&x | &y, &a | &b), (&x & &y, &a & &b), (&x ^ &y, &a ^ &b), (&x - &y, &a - &b)] {
            assert_same(&set, &twin);
        }
        let mut union = p.union(&q);
        union.next();
        assert_eq!(union.clone().count(), union.count());
    }
}

/// One insertion of each value says that it was the first, and all callers see one instance.
#[test]
fn one_of_several_inserts() {
    let set: HashSet<u64> = HashSet::new();
    let names: HashSet<String> = HashSet::new();
    let n = scaled(20_000, 2_000) as u64;
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let firsts = (0..n).filter(|n| set.pin().insert(*n)).count() as u64;
                    let names = names.pin();
                    let names = (0..100).map(|n| std::ptr::from_ref(names.get_or_insert(n.to_string())).addr());
                    (firsts, names.collect::<Vec<_>>())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(results.iter().map(|(firsts, _)| firsts).sum::<u64>(), n);
    assert!(results.windows(2).all(|pair| pair[0].1 == pair[1].1));
}

#[test]
fn elements_are_dropped_once() {
    let ledger = Ledger::new(20_000);
    let set: HashSet<Item, Hashing> = HashSet::default();
    for n in 0..1000 {
        assert!(set.pin().insert(ledger.item(n)));
        assert!(!set.pin().insert(ledger.item(n)), "the new one is dropped");
        assert!(ledger.alive() == n as isize + 1);
    }
    let pinned = set.pin();
    let old = pinned.get(&7).unwrap();
    assert_eq!(pinned.replace(ledger.item(7)).unwrap().id, old.id);
    assert_ne!(pinned.get(&7).unwrap().id, old.id);
    assert_eq!(pinned.take(&7).unwrap().check(), old.check());
    drop(pinned);
    ledger.assert_settles_at(999);
    let mut set = set;
    drop(set.take_mut(&8));
    ledger.assert_alive(998);
    assert_eq!(set.extract_if(|item| item.check() < 100).count(), 98);
    ledger.assert_alive(900);
    let mut drain = set.drain();
    assert_eq!(drain.len(), 900);
    let kept = drain.next();
    drop(drain);
    ledger.assert_alive(1);
    set.extend(kept);
    assert_eq!(set.len(), 1);
    assert!(injected(|| set.pin().retain(|_| panic_on_purpose())));
    drop(set);
    ledger.assert_balanced();
}

/// Everything that a view does, with a guard.
#[test]
fn with_an_explicit_guard() {
    let set: HashSet<String, Hashing> = HashSet::with_hasher(Hashing::Ahash);
    let guard = set.guard();
    assert!(set.insert("a".to_string(), &guard) && !set.insert("a".to_string(), &guard));
    let element = set.get("a", &guard).unwrap();
    assert!(std::ptr::eq(set.get_or_insert("a".to_string(), &guard), element));
    assert!(std::ptr::eq(set.get_or_insert_with("a", |_| unreachable!(), &guard), element));
    assert!(std::ptr::eq(set.replace("a".to_string(), &guard).unwrap(), element));
    assert!(!std::ptr::eq(set.get("a", &guard).unwrap(), element));
    assert_eq!(set.get_or_insert_with("b", str::to_string, &guard), "b");
    assert!(set.contains("b", &guard) && !set.contains("c", &guard));
    assert_eq!(set.iter(&guard).map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(["a", "b"]));
    assert!(set.remove("a", &guard) && !set.remove("a", &guard));
    assert_eq!(set.take("b", &guard), Some(&"b".to_string()));
    assert_eq!((set.take("b", &guard), element.as_str()), (None, "a"));

    let numbers = || (0..100).map(|n: u32| n.to_string());
    assert_eq!(set.insert_many(numbers(), &guard), 100);
    set.retain(|n| n.len() == 1, &guard);
    assert_eq!(set.insert_many(numbers(), &guard), 90);
    let texts: Vec<String> = (90..110).map(|n| n.to_string()).collect();
    let there = set.get_many(texts.iter().map(String::as_str), &guard);
    assert_eq!(there.len(), 20);
    assert_eq!(there.collect::<Vec<_>>(), texts.iter().map(|text| set.get(text, &guard)).collect::<Vec<_>>());
    set.reserve(1000, &guard);
    assert!(set.capacity() >= 1100);
    set.shrink_to(500, &guard);
    assert!((500..1100).contains(&set.capacity()));
    set.shrink_to_fit(&guard);
    assert!(set.capacity() < 500 && set.try_reserve(usize::MAX, &guard).is_err());
    assert!(!set.help_resize(&guard) && set.stats(&guard).migration.is_none());
    assert_eq!(set.stats(&set.owned_guard()).entries, set.len());
    set.clear(&guard);
    assert!(set.is_empty());
}

#[test]
fn pages() {
    let set: HashSet<u64> = (0..1000).collect();
    let (mut elements, mut cursor, mut pages) = (BTreeSet::new(), Some(0), 0);
    while let Some(position) = cursor {
        let pinned = set.pin();
        let page = pinned.scan(position, 50);
        assert!(page.elements.iter().all(|element| elements.insert(**element)));
        assert!(page.next.is_none() || page.elements.len() >= 50);
        (cursor, pages) = (page.next, pages + 1);
        set.pin().reserve(500 * pages);
    }
    assert!(elements.into_iter().eq(0..1000) && pages > 5);
}

/// What a closure makes of a value must be equivalent to it, or it would be in the wrong place.
#[test]
fn elements_made_of_something_else() {
    let set = HashSet::<String>::new();
    let message = common::panic_of(|| set.pin().get_or_insert_with("a", |_| "b".to_string()).len());
    assert!(message.is_some() && set.is_empty());
    assert!(injected(|| _ = set.pin().get_or_insert_with("a", |_| panic_on_purpose())));
    assert!(set.is_empty());
}

#[test]
fn traits() {
    let expected = StdSet::from([1, 2, 3]);
    let mut extended = HashSet::default();
    extended.extend([1, 2]);
    extended.extend(&[2, 3]);
    let shared = HashSet::new();
    (&shared).extend([1, 2, 3, 1]);
    for set in [HashSet::from([1, 2, 3]), [3, 2, 1, 1].into_iter().collect(), extended, shared] {
        assert_same(&set, &expected);
    }
    let set: HashSet<u8, std::hash::RandomState> = StdSet::from([1, 2, 3]).into();
    assert_same(&set, &StdSet::from([1, 2, 3]));
    assert_eq!(StdSet::from(set), StdSet::from([1, 2, 3]));
    assert_eq!(HashSet::from([1, 2]), HashSet::from([2, 1]));
    assert_ne!(HashSet::from([1, 2]), HashSet::from([1, 3]));
    let one = HashSet::from(["one"]);
    assert_eq!(format!("{one:?}"), r#"{"one"}"#);
    assert_eq!(format!("{:?}", one.pin()), r#"{"one"}"#);
    assert_eq!((&one.pin()).into_iter().collect::<Vec<_>>(), [&"one"]);
    assert_eq!(one.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(["one"]));
    let mut elements = HashSet::from(["one"]).into_iter();
    assert_eq!(format!("{elements:?}"), r#"["one"]"#);
    elements.next();
    assert_eq!((format!("{elements:?}").as_str(), loxley::set::IntoIter::<u8>::default().len()), ("[]", 0));
    static GLOBAL: HashSet<u8, Hashing> = HashSet::with_hasher(Hashing::Identity);
    assert_eq!((GLOBAL.pin().insert(1), GLOBAL.hasher()), (true, &Hashing::Identity));
    assert!(HashSet::<u8, _>::with_capacity_and_hasher(100, Hashing::Ahash).capacity() >= 100);
}

const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<HashSet<u8>>();
    const fn usable_by_view(_: fn(&PinnedSet<'_, u8, Hashing>)) {}
    usable_by_view(|view| assert!(view.set().len() == view.len()));
};
