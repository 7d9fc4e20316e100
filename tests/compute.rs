//! Operations that depend on what a key has: `compute`, `update_or_insert`, `replace_if` and their kin. Against std's map,
//! from many threads, with closures that use the map or panic, with every instance accounted for.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::ledger::{Item, Ledger};
use common::{Rng, assert_same, finish_resizing, fresh_seed, injected, mix, panic_on_purpose, scaled};
use loxley::{Computed, Decision, HashMap, ReplaceError};
use std::cell::Cell;
use std::collections::HashMap as StdMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::thread;

type Map = HashMap<u64, u64, Hashing>;

const THREADS: usize = 4;

/// What `compute` shall do, as a function of what there is.
fn decide(random: u64, current: Option<u64>) -> Decision<u64, u64> {
    match (random % 4, current) {
        (0, Some(value)) => Decision::Insert(value.wrapping_add(random)),
        (0 | 1, _) => Decision::Insert(random),
        (2, _) => Decision::Remove,
        (_, current) => Decision::Abort(current.map_or(random, |value| value ^ random)),
    }
}

#[test]
fn compute_against_std() {
    for hashing in Hashing::ALL_BUT_CONSTANT {
        let (map, mut twin) = (Map::with_hasher(hashing), StdMap::new());
        let mut rng = Rng::new(fresh_seed("compute_against_std"));
        for keys in [30, scaled(3000, 500) as u64, 30] {
            for _ in 0..scaled(20_000, 4000) {
                let (key, random) = (mix(rng.below(keys)), rng.next());
                let pinned = map.pin();
                let mut calls = 0;
                let computed = pinned.compute(key, |current| {
                    calls += 1;
                    assert!(current.is_none_or(|(found, _)| *found == key));
                    decide(random, current.map(|(_, value)| *value))
                });
                assert_eq!(calls, 1, "nobody interferes");
                let old = twin.get(&key).copied();
                let expected = match decide(random, old) {
                    Decision::Insert(new) => {
                        twin.insert(key, new);
                        assert_eq!(pinned.get(&key), Some(&new));
                        match old {
                            Some(old) => {
                                assert_eq!(computed, Computed::Replaced { old: (&key, &old), new: (&key, &new) })
                            }
                            None => assert_eq!(computed, Computed::Inserted { key: &key, value: &new }),
                        }
                        continue;
                    }
                    Decision::Remove => twin.remove(&key),
                    Decision::Abort(result) => {
                        assert_eq!(computed, Computed::Aborted(result));
                        continue;
                    }
                };
                match expected {
                    Some(value) => assert_eq!(computed, Computed::Removed { key: &key, value: &value }),
                    None => assert_eq!(computed, Computed::Absent),
                }
            }
            assert_same(&map, &twin);
            map.pin().shrink_to_fit();
            assert_same(&map, &twin);
        }
    }
}

#[test]
fn conditional_operations() {
    for hashing in Hashing::ALL_BUT_CONSTANT {
        let map = Map::with_hasher(hashing);
        let pinned = map.pin();
        for key in 0..200 {
            assert_eq!(pinned.replace(key, 0), None);
            let absent = ReplaceError { current: None, not_inserted: 5 };
            assert_eq!(pinned.replace_if(key, 5, |_, _| unreachable!()), Err(absent));
            assert_eq!(pinned.compare_exchange(key, &0, 5), Err(absent));
            assert_eq!(pinned.remove_if(&key, |_, _| unreachable!()), None);
            assert!(!pinned.contains_key(&key));

            assert_eq!(pinned.get_or_try_insert_with(key, || Err("no")), Err("no"));
            assert!(!pinned.contains_key(&key));
            assert_eq!(pinned.get_or_try_insert_with(key, || Ok::<_, ()>(1)), Ok(&1));
            assert_eq!(pinned.get_or_try_insert_with(key, || -> Result<_, ()> { unreachable!() }), Ok(&1));
            assert_eq!(pinned.get_or_insert(key, 2), &1);

            assert_eq!(pinned.replace(key, 3), Some(&1));
            assert_eq!(
                pinned.compare_exchange(key, &1, 4),
                Err(ReplaceError { current: Some(&3), not_inserted: 4 })
            );
            assert_eq!(pinned.compare_exchange(key, &3, 4), Ok(&3));
            let error = pinned.replace_if(key, 5, |found, value| *found == key && *value > 4);
            assert_eq!(error, Err(ReplaceError { current: Some(&4), not_inserted: 5 }));
            assert_eq!(pinned.replace_if(key, 5, |found, value| *found == key && *value == 4), Ok(&4));

            assert_eq!(pinned.update_or_insert(key, |value| value + 1, 100), &6);
            assert_eq!(pinned.update_or_insert_with(key, |value| value + 1, || unreachable!()), &7);
            assert_eq!(pinned.update_or_insert(key + 1000, |_| unreachable!(), 100), &100);
            assert_eq!(pinned.update_or_insert_with(key + 2000, |_| unreachable!(), || 100), &100);

            assert_eq!(pinned.fetch_update(key, |value| value.checked_sub(7)), Ok((&7, &0)));
            assert_eq!(pinned.fetch_update(key, |value| value.checked_sub(7)), Err(Some(&0)));
            assert_eq!(pinned.fetch_update(key + 3000, |_| unreachable!()), Err(None));
            assert_eq!(pinned.fetch_update(key, |value| Some(value + 7)).map(|(_, new)| *new), Ok(7));

            assert_eq!(pinned.remove_if(&key, |_, value| *value != 7), None);
            if key % 2 == 0 {
                assert_eq!(pinned.remove_if(&key, |_, value| *value == 7), Some((&key, &7)));
            }
        }
        assert_eq!(map.len(), 500);
    }
}

/// Also when a thread fails: the others would go on for ever.
struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Runs `body` on all threads at once, while another makes the table grow and shrink and its neighbours move.
fn with_disturbance(map: &Map, body: impl Fn(u64) + Sync) {
    let (left, start) = (AtomicUsize::new(THREADS), Barrier::new(THREADS + 1));
    thread::scope(|scope| {
        for t in 0..THREADS as u64 {
            let (body, left, start) = (&body, &left, &start);
            scope.spawn(move || {
                start.wait();
                let _left = Leave(left);
                body(t);
            });
        }
        start.wait();
        for round in 0_u64.. {
            if left.load(SeqCst) == 0 {
                break;
            }
            for i in 0..200 {
                map.pin().insert(mix(1 << 32 | round << 8 | i), 0);
            }
            for i in 0..200 {
                map.pin().remove(&mix(1 << 32 | round << 8 | i));
            }
            map.pin().shrink_to_fit();
        }
    });
    assert!(map.pin().keys().all(|key| *key < 1 << 32));
}

/// Many threads add to few counters, each in a way of its own, and now and then take everything out.
#[test]
fn no_increment_is_lost() {
    const KEYS: u64 = 3;
    let per_thread = scaled(40_000, 10_000) as u64;
    for hashing in [Hashing::Ahash, Hashing::Values(1)] {
        let map = Map::with_hasher(hashing);
        let taken = AtomicU64::new(0);
        with_disturbance(&map, |t| {
            let mut rng = Rng::new(t);
            for i in 0..per_thread {
                let (key, pinned) = (rng.below(KEYS), map.pin());
                match (t + i) % 6 {
                    0 => _ = pinned.update_or_insert(key, |n| n + 1, 1),
                    1 => _ = pinned.update_or_insert_with(key, |n| n + 1, || 1),
                    2 => _ = pinned.entry(key).and_modify(|n| n + 1).or_insert(1),
                    3 => {
                        let mut calls = 0; // closures carry state
                        pinned.compute::<()>(key, |current| {
                            calls += 1;
                            Decision::Insert(current.map_or(0, |(_, n)| *n) + 1)
                        });
                        assert!(calls > 0);
                    }
                    4 => loop {
                        match pinned.fetch_update(key, |n| Some(n + 1)) {
                            Ok((old, new)) => break assert_eq!(old + 1, *new),
                            Err(refused) => assert_eq!(refused, None),
                        }
                        pinned.get_or_insert(key, 0);
                    },
                    _ => {
                        let mut current = pinned.get_or_insert(key, 0);
                        while let Err(error) = pinned.compare_exchange(key, current, current + 1) {
                            current = match error.current {
                                Some(current) => current,
                                None => pinned.get_or_insert(key, 0),
                            };
                        }
                    }
                }
                if rng.one_in(5) {
                    let all = |current: Option<_>| current.map_or(Decision::Abort(()), |_| Decision::Remove);
                    if let Computed::Removed { value, .. } = pinned.compute(key, all) {
                        taken.fetch_add(*value, SeqCst);
                    }
                }
            }
        });
        let left: u64 = map.pin().values().sum();
        assert_eq!(taken.load(SeqCst) + left, per_thread * THREADS as u64);
    }
}

/// Each round one thread inserts, one replaces, one removes: whoever says so.
#[test]
fn one_winner() {
    let rounds = scaled(3000, 1000) as u64;
    let map = Map::with_hasher(Hashing::Ahash);
    let wins: Vec<[AtomicUsize; 5]> = (0..rounds).map(|_| Default::default()).collect();
    let barrier = Barrier::new(THREADS);
    with_disturbance(&map, |t| {
        for key in 0..rounds {
            let pinned = map.pin();
            let win = |kind: usize, won: bool| _ = wins[key as usize][kind].fetch_add(usize::from(won), SeqCst);
            barrier.wait();
            let computed = pinned.compute(key, |current| match current {
                None => Decision::Insert(t + 10),
                Some(_) => Decision::Abort(()),
            });
            win(0, matches!(computed, Computed::Inserted { value, .. } if *value == t + 10));
            barrier.wait();
            let winner = *pinned.get(&key).unwrap();
            win(1, winner == t + 10);
            barrier.wait();
            win(2, pinned.compare_exchange(key, &winner, t + 10).is_ok_and(|_| winner != t + 10));
            barrier.wait();
            win(3, pinned.replace_if(key, 1, |_, value| *value > 1).is_ok());
            barrier.wait();
            assert_eq!(pinned.get(&key), Some(&1));
            barrier.wait();
            win(4, pinned.remove_if(&key, |_, value| *value == 1).is_some());
        }
    });
    for [inserted, won, exchanged, replaced, removed] in &wins {
        assert_eq!([inserted, won, replaced, removed].map(|count| count.load(SeqCst)), [1; 4]);
        assert!(exchanged.load(SeqCst) <= 1);
    }
    assert!(map.is_empty());
}

/// The closure changes its own key, in each way: it is asked again, exactly then.
#[test]
fn closures_that_change_their_key() {
    type Change = fn(&Map, u64);
    let changes: [(&str, Change, bool); 8] = [
        ("nothing", |_, _| (), false),
        ("lookup", |map, key| _ = map.pin().get(&key), false),
        ("replaced", |map, key| _ = map.pin().insert(key, 7), true),
        ("updated", |map, key| _ = map.pin().update(key, |value| *value), true),
        ("updated, perhaps", |map, key| _ = map.pin().fetch_update(key, |value| Some(*value)), true),
        ("removed", |map, key| _ = map.pin().remove(&key), true),
        (
            "removed and inserted again",
            |map, key| {
                map.pin().remove(&key);
                map.pin().insert(key, 8);
            },
            true,
        ),
        (
            // The entry moves, within its table and to others, and stays the same.
            "growth and shrinking",
            |map, key| {
                (0..300).for_each(|i| _ = map.pin().insert(mix(key + 1000 + i), i));
                (0..300).for_each(|i| _ = map.pin().remove(&mix(key + 1000 + i)));
                map.pin().shrink_to_fit();
            },
            false,
        ),
    ];
    for hashing in Hashing::ALL_BUT_CONSTANT {
        for (name, change, matters) in changes {
            for decision in [Decision::Insert(1), Decision::Remove, Decision::Abort(2)] {
                let map = Map::with_hasher(hashing);
                for key in 0..40 {
                    map.pin().insert(key, key);
                    let mut calls = 0;
                    let pinned = map.pin();
                    let computed = pinned.compute(key, |current| {
                        calls += 1;
                        if calls == 1 {
                            assert_eq!(current, Some((&key, &key)));
                            change(&map, key);
                        }
                        decision
                    });
                    let again = matters && !matches!(decision, Decision::Abort(_));
                    assert_eq!(calls, 1 + usize::from(again), "{name}, {decision:?}");
                    match (decision, computed) {
                        (Decision::Insert(_), Computed::Replaced { new: (_, 1), .. })
                        | (Decision::Remove, Computed::Removed { .. })
                        | (Decision::Abort(_), Computed::Aborted(2)) => {}
                        (Decision::Insert(_), Computed::Inserted { value: 1, .. })
                        | (Decision::Remove, Computed::Absent)
                            if name == "removed" => {}
                        (decision, computed) => panic!("{name}: {decision:?}, {computed:?}"),
                    }
                }
            }
        }
    }
}

/// The key comes and goes while the closures run: `insert` is called once, and its value comes back.
#[test]
fn an_initial_value_is_made_once() {
    for hashing in Hashing::ALL_BUT_CONSTANT {
        for n in [0, 20, 200] {
            let map = Map::with_hasher(hashing);
            (0..n).for_each(|i| _ = map.pin().insert(mix(i), i));
            let (mut made, mut updates) = (0, 0);
            let pinned = map.pin();
            let value = pinned.update_or_insert_with(
                u64::MAX,
                |old| {
                    updates += 1;
                    // So that there is nothing to update when the new value is to be put there.
                    map.pin().remove(&u64::MAX);
                    old + 1
                },
                || {
                    made += 1;
                    map.pin().insert(u64::MAX, 50);
                    7
                },
            );
            assert_eq!((*value, made, updates), (7, 1, 1));
            assert_eq!(map.pin().get(&u64::MAX), Some(&7));
        }
    }
}

type Items = HashMap<Item, Item, Hashing>;

/// Every way to come to nothing, with every instance dropped once, and the unused ones at once.
#[test]
fn instances_are_dropped_once() {
    for hashing in Hashing::ALL_BUT_CONSTANT {
        let ledger = Ledger::new(100_000);
        let map = Items::with_hasher(hashing);
        for key in 0..200 {
            let pinned = map.pin();
            let item = |value| ledger.item(value);
            // Absent, then present, then absent again.
            let mut calls = 0;
            let computed = pinned.compute::<()>(item(key), |current| {
                calls += 1;
                match calls {
                    1 => _ = map.pin().insert(item(key), item(1)),
                    2 => _ = map.pin().remove(&key),
                    3 => _ = map.pin().insert(item(key), item(2)),
                    _ => {}
                }
                assert_eq!(current.map(|(_, value)| value.check()), [None, Some(1), None, Some(2)][calls - 1]);
                if calls == 2 { Decision::Remove } else { Decision::Insert(item(10 + calls as u64)) }
            });
            assert!(matches!(computed, Computed::Replaced { new: (_, value), .. } if value.check() == 14));
            assert_eq!(calls, 4);

            let mut calls = 0;
            let aborted = pinned.compute(item(key + 1000), |current| {
                calls += 1;
                if calls == 1 {
                    map.pin().insert(item(key + 1000), item(3));
                    return Decision::Insert(item(4));
                }
                Decision::Abort(current.map(|(_, value)| value.check()))
            });
            assert!(matches!(aborted, Computed::Aborted(Some(3))));

            let value = item(5);
            let id = value.id;
            let mut calls = 0;
            let error = pinned
                .replace_if(item(key), value, |_, _| {
                    calls += 1;
                    _ = map.pin().insert(item(key), item(6));
                    calls < 3
                })
                .unwrap_err();
            assert_eq!((error.not_inserted.id, error.current.unwrap().check(), calls), (id, 6, 3));
            assert!(error.not_inserted.is_alive());

            assert!(pinned.replace(item(key + 5000), item(1)).is_none());
            assert_eq!(pinned.get_or_insert(item(key), item(1)).check(), 6);
            if key % 3 == 0 {
                assert!(pinned.remove_if(&key, |_, value| value.check() == 6).is_some());
            }
        }
        finish_resizing(&map);
        ledger.assert_settles_at(2 * map.len());
        drop(map);
        ledger.assert_balanced();
    }
}

/// Threads that insert the same keys, and panic, or decide otherwise, when they hear that another has been faster. Home
/// buckets are full of tombstones, so an insertion that comes to nothing has been in a slot already.
#[test]
fn panics_when_another_was_faster() {
    let per_thread = scaled(60_000, 20_000) as u64;
    let ledger = Ledger::new(10 * THREADS * per_thread as usize);
    let map = Items::with_hasher(Hashing::Values(1));
    let again = AtomicUsize::new(0);
    thread::scope(|scope| {
        for t in 0..THREADS as u64 {
            let (map, again) = (&map, &again);
            scope.spawn(move || {
                let mut rng = Rng::new(t);
                for i in 0..per_thread {
                    // The same keys at about the same time.
                    let (key, random) = (i / 64 % 4, rng.next());
                    let mut calls = 0;
                    injected(|| {
                        map.pin().compute(ledger.item(key), |current| {
                            calls += 1;
                            if calls == 1 && random % 16 == 0 {
                                thread::yield_now();
                            }
                            if calls == 2 {
                                again.fetch_add(1, SeqCst);
                            }
                            match (calls, random / 16 % 4, current) {
                                (1, _, None) | (2, 0, _) => Decision::Insert(ledger.item(random)),
                                (1, _, Some(_)) | (2, 1, _) => Decision::Remove,
                                (2, 2, _) => panic_on_purpose(),
                                (_, _, current) => Decision::Abort(current.map(|(_, value)| value.check())),
                            }
                        });
                    });
                }
            });
        }
    });
    assert!(again.into_inner() > 100, "no interference: this tests nothing");
    assert!(map.pin().keys().count() == map.len() && map.len() <= 4);
    finish_resizing(&map);
    ledger.assert_settles_at(2 * map.len());
    drop(map);
    ledger.assert_balanced();
}

/// A closure panics at its n-th call, having been called again for changes that it has made itself.
#[test]
fn panicking_closures() {
    for hashing in [Hashing::Ahash, Hashing::Values(2)] {
        for n in [0, 4, 45, 60, 200] {
            for panicking_call in 1..=4 {
                let ledger = Ledger::new(5000);
                let map = Items::with_hasher(hashing);
                (0..n).for_each(|key| _ = map.pin().insert(ledger.item(key), ledger.item(key)));
                let attempt = |operation: &dyn Fn(&dyn Fn() -> Item)| {
                    let calls = AtomicUsize::new(0);
                    let closure = || {
                        let call = calls.fetch_add(1, SeqCst) + 1;
                        if call == panicking_call {
                            panic_on_purpose();
                        }
                        match call {
                            1 | 3 => _ = map.pin().insert(ledger.item(777), ledger.item(call as u64)),
                            _ => _ = map.pin().remove(&777),
                        }
                        ledger.item(call as u64)
                    };
                    map.pin().remove(&777);
                    assert!(injected(|| operation(&closure)));
                    // What the last call before the panic has left there.
                    let expected = [None, Some(1), None, Some(3)][panicking_call - 1];
                    assert_eq!(map.pin().get(&777).map(Item::check), expected);
                    assert_eq!(map.len() as u64, n + u64::from(expected.is_some()));
                };
                let (map, pinned) = (&map, || map.pin());
                attempt(&|make| {
                    pinned().compute::<()>(ledger.item(777), |_| Decision::Insert(make()));
                });
                if panicking_call <= 2 {
                    attempt(&|make| _ = pinned().update_or_insert_with(ledger.item(777), |_| make(), make));
                }
                let contents: StdMap<_, _> = pinned().iter().map(|(k, v)| (k.check(), v.check())).collect();
                assert!((0..n).all(|key| contents[&key] == key));
                finish_resizing(map);
                ledger.assert_settles_at(2 * map.len());
            }
        }
    }
}

/// An entry that a migration moves meanwhile is the same still: no closure is asked again about it.
#[test]
fn growth_does_not_call_closures_again() {
    for hashing in [Hashing::Ahash, Hashing::Values(2)] {
        for n in [1, 4, 45, 200] {
            let map = Map::with_hasher(hashing);
            let map = map.pin();
            (0..n).for_each(|key| assert_eq!(map.insert(key, key), None));
            let calls = Cell::new(0);
            let grow = || {
                let before = map.capacity();
                if calls.replace(calls.get() + 1) == 0 {
                    map.reserve(2 * before);
                    assert!(map.capacity() > before);
                }
                true
            };
            let key = n / 2;
            assert_eq!(map.update(key, |value| if grow() { *value } else { 0 }), Some(&key));
            assert_eq!(calls.take(), 1);
            assert_eq!(map.replace_if(key, key, |_, _| grow()), Ok(&key));
            assert_eq!(calls.take(), 1);
            let decide = |_: Option<_>| if grow() { Decision::Remove } else { Decision::Abort(()) };
            assert_eq!(map.compute(key, decide), Computed::Removed { key: &key, value: &key });
            assert_eq!(calls.take(), 1);
            assert_eq!(map.insert(key, key), None);
            assert_eq!(map.remove_if(&key, |_, _| grow()), Some((&key, &key)));
            assert_eq!(calls.take(), 1);
        }
    }
}
