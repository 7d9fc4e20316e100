//! Iterators under change: a key that stays present is yielded exactly once, whatever other keys come and
//! go, however often its value is replaced, and however the table grows and shrinks under the iterator.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::{Rng, fresh_seed, mix, scaled};
use loxley::HashMap;
use std::collections::{HashMap as StdMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

type Map = HashMap<u64, u64, Hashing>;

/// Keys that stay: even numbers, in an order of no meaning to the table.
const fn stable(i: u64) -> u64 {
    mix(i) << 1
}

/// Keys that come and go: odd numbers.
const fn passing(i: u64) -> u64 {
    mix(i) << 1 | 1
}

/// The stable keys are inserted, the passing ones are up to the test.
fn with_stable(count: u64, hashing: Hashing) -> Map {
    let map = Map::with_hasher(hashing);
    for i in 0..count {
        map.pin().insert(stable(i), i);
    }
    map
}

/// What an iterator has yielded so far.
#[derive(Default)]
struct Yielded(HashSet<u64>);

impl Yielded {
    #[track_caller]
    fn note(&mut self, key: u64) {
        assert!(self.0.insert(key), "{key} ({}) yielded twice", if key % 2 == 0 { "stable" } else { "passing" });
    }

    /// The iterator is at its end: no stable key is missing.
    #[track_caller]
    fn assert_complete(&self, count: u64) {
        let missing: Vec<_> = (0..count).map(stable).filter(|key| !self.0.contains(key)).collect();
        assert!(missing.is_empty(), "{} of {count} not yielded: {missing:?}", missing.len());
        assert!(self.0.len() as u64 >= count);
    }
}

/// Few keys for a hasher with four values, whose homes are long lists.
fn count_for(hashing: Hashing) -> u64 {
    match hashing {
        Hashing::Values(_) => 150,
        _ => scaled(800, 300) as u64,
    }
}

/// The thread that iterates makes the changes itself, between any two steps, so that each interleaving of
/// whole operations can be had for sure: growth, shrinks, replacements, and other keys to and fro.
#[test]
fn growth_and_shrinking_between_steps() {
    for hashing in Hashing::ALL_BUT_CONSTANT {
        let count = count_for(hashing);
        let mut resizes = HashSet::new();
        for pace in [1, 3, 17, 100] {
            let map = with_stable(count, hashing);
            let mut rng = Rng::new(pace);
            let mut yielded = Yielded::default();
            let mut passed_by = 0;
            let pinned = map.pin();
            for (step, (key, _)) in pinned.iter().enumerate() {
                yielded.note(*key);
                resizes.insert(map.capacity());
                if step as u64 % pace > 0 {
                    continue;
                }
                // No passing key comes back: one that is removed and inserted again may be yielded again.
                match rng.below(8) {
                    0 => map.pin().shrink_to_fit(),
                    1 => map.pin().reserve(rng.below(8 * count) as usize),
                    2 => map.pin().retain(|key, _| key % 2 == 0),
                    3 => (0..passed_by).for_each(|i| _ = map.pin().remove(&passing(i))),
                    4 => (0..count).for_each(|i| _ = map.pin().insert(stable(i), i + 1)),
                    _ if passed_by < 8 * count => {
                        let burst = 1 + rng.below(20 + 3 * pace);
                        (passed_by..passed_by + burst).for_each(|i| _ = map.pin().insert(passing(i), i));
                        passed_by += burst;
                    }
                    _ => {}
                }
            }
            yielded.assert_complete(count);
        }
        assert!(resizes.len() > 2, "{hashing:?}: the table was hardly resized");
    }
}

/// Several iterators at different positions of one map.
#[test]
fn interleaved_iterators() {
    let count = count_for(Hashing::Ahash);
    let map = with_stable(count, Hashing::Ahash);
    let pinned = map.pin();
    let mut iterators: Vec<_> = (0..5).map(|_| (pinned.iter(), Yielded::default())).collect();
    let mut rng = Rng::new(7);
    let mut passed_by = 0;
    while !iterators.is_empty() {
        let chosen = rng.below(iterators.len() as u64) as usize;
        let (iterator, yielded) = &mut iterators[chosen];
        for _ in 0..rng.below(50) {
            if let Some((key, _)) = iterator.next() {
                yielded.note(*key);
            } else {
                assert!(iterator.next().is_none(), "an exhausted iterator stays exhausted");
                iterators.swap_remove(chosen).1.assert_complete(count);
                break;
            }
        }
        match rng.below(6) {
            0 => pinned.shrink_to_fit(),
            1 => pinned.retain(|key, _| key % 2 == 0),
            2 => pinned.reserve(rng.below(2000) as usize),
            _ => {
                (passed_by..passed_by + 40).for_each(|i| _ = pinned.insert(passing(i), i));
                passed_by += 40;
            }
        }
    }
}

/// Replaces, inserts and removes until told to stop; growth and shrinking come by themselves and by request.
fn disturb(map: &Map, count: u64, seed: u64, going_on: &AtomicBool) {
    let mut rng = Rng::new(seed);
    let mut next = seed << 32;
    while going_on.load(SeqCst) {
        match rng.below(6) {
            0 => map.pin().shrink_to_fit(),
            1 => _ = (0..50).map(|_| rng.below(count)).map(|i| _ = map.pin().update(stable(i), |v| v + 1)).count(),
            _ => {
                let burst = next..next + rng.below(3 * count);
                next = burst.end;
                // Under one guard each, so that the table is resized while iterators stand still.
                burst.clone().for_each(|i| _ = map.pin().insert(passing(i), i));
                burst.for_each(|i| _ = map.pin().remove(&passing(i)));
            }
        }
        if rng.one_in(4) {
            thread::yield_now();
        }
    }
}

/// An iterator that is advanced slowly while others churn.
#[test]
fn concurrent_churn() {
    let seed = fresh_seed("concurrent_churn");
    for hashing in Hashing::ALL_BUT_CONSTANT {
        let count = count_for(hashing);
        let map = with_stable(count, hashing);
        let going_on = AtomicBool::new(true);
        let end = Instant::now() + Duration::from_millis(600);
        let mut rounds = 0;
        thread::scope(|scope| {
            // Dropped when an assertion fails, or the scope would wait for the others for ever.
            let _stop = StopOnDrop(&going_on);
            for thread in 1..3 {
                let (map, going_on) = (&map, &going_on);
                scope.spawn(move || disturb(map, count, mix(seed + thread) >> 32, going_on));
            }
            let mut rng = Rng::new(seed);
            while Instant::now() < end {
                let mut yielded = Yielded::default();
                let pinned = map.pin();
                let slowness = 1 + rng.below(40);
                for (key, _) in &pinned {
                    yielded.note(*key);
                    if rng.one_in(slowness) {
                        thread::yield_now();
                    }
                    if rng.one_in(200) {
                        map.pin().reserve(rng.below(8 * count) as usize);
                    }
                }
                yielded.assert_complete(count);
                rounds += 1;
            }
        });
        println!("{hashing:?}: {rounds} rounds");
        assert!(rounds > 0);
        for i in 0..count {
            assert!(map.pin().contains_key(&stable(i)));
        }
        assert_eq!(map.len() as u64, count, "every passing key was removed again");
    }
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(false, SeqCst);
    }
}

/// `keys`, `values` and `retain` walk like `iter`.
#[test]
fn other_walks_under_growth() {
    for hashing in Hashing::ALL_BUT_CONSTANT {
        let count = count_for(hashing);
        let grow_by = |map: &Map, i: u64| (0..4).for_each(|j| _ = map.pin().insert(passing(4 * i + j), u64::MAX));

        let map = with_stable(count, hashing);
        let mut yielded = Yielded::default();
        for (i, key) in map.pin().keys().enumerate() {
            yielded.note(*key);
            if i < 2000 {
                grow_by(&map, i as u64);
            }
        }
        yielded.assert_complete(count);

        let map = with_stable(count, hashing);
        let mut values = StdMap::<u64, u32>::new();
        for (i, value) in map.pin().values().enumerate() {
            *values.entry(*value).or_default() += 1;
            if i < 2000 {
                grow_by(&map, i as u64);
            }
        }
        assert!((0..count).all(|i| values.get(&i) == Some(&1)));

        let map = with_stable(count, hashing);
        let (mut yielded, mut calls) = (Yielded::default(), 0);
        map.pin().retain(|key, _| {
            yielded.note(*key);
            calls += 1;
            if calls < 2000 {
                grow_by(&map, calls);
            }
            key % 2 == 0
        });
        yielded.assert_complete(count);
        assert!((0..count).all(|i| map.pin().contains_key(&stable(i))));
    }
}

/// What was there when the iterator began and is removed before it gets there need not be yielded, but
/// what is yielded must have been there; and removing everything ends it.
#[test]
fn removals_under_the_iterator() {
    for hashing in Hashing::ALL_BUT_CONSTANT {
        let count = count_for(hashing);
        let map = with_stable(count, hashing);
        let pinned = map.pin();
        let mut yielded = Yielded::default();
        for (key, _) in &pinned {
            yielded.note(*key);
            assert!(pinned.remove(key).is_some(), "{key} was yielded, but not there");
        }
        yielded.assert_complete(count);
        assert!(pinned.is_empty());

        let map = with_stable(count, hashing);
        let pinned = map.pin();
        let mut iterator = pinned.iter();
        assert!(iterator.next().is_some());
        pinned.clear();
        // At most what was buffered of the home it stands in.
        let rest: Vec<_> = iterator.map(|(key, _)| *key).collect();
        let once: HashSet<_> = rest.iter().collect();
        assert_eq!(once.len(), rest.len());
        assert!((rest.len() as u64) < count, "cleared, and yielded all the same");
    }
}

#[test]
fn empty_maps() {
    let assert_empty = |map: &Map| {
        let pinned = map.pin();
        assert_eq!(pinned.iter().next(), None);
        assert_eq!(pinned.keys().next(), None);
        assert_eq!(pinned.values().next(), None);
        assert_eq!((&pinned).into_iter().count(), 0);
        pinned.retain(|_, _| unreachable!());
    };
    let map = Map::with_hasher(Hashing::Ahash);
    assert_empty(&map);
    map.pin().reserve(1000);
    assert_empty(&map);
    for i in 0..500 {
        map.pin().insert(i, i);
    }
    map.pin().clear();
    assert_empty(&map);
    map.pin().shrink_to_fit();
    assert_empty(&map);
    map.pin().insert(1, 2);
    assert_eq!(map.pin().iter().collect::<Vec<_>>(), [(&1, &2)]);
    map.pin().remove(&1);
    assert_empty(&map);
}

/// An iterator made while the map was empty may or may not see what comes; it must end and not be confused.
#[test]
fn an_iterator_older_than_the_table() {
    let map = Map::with_hasher(Hashing::Ahash);
    let pinned = map.pin();
    let iterator = pinned.iter();
    for i in 0..1000 {
        pinned.insert(i, i);
    }
    let mut yielded = Yielded::default();
    for (key, value) in iterator {
        assert_eq!(key, value);
        yielded.note(*key);
    }
    assert!(yielded.0.len() <= 1000);
}
