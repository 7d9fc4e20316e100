//! Maps that shrink of themselves, when somebody helps.
#![cfg(not(loom))]

mod common;

use common::alloc::Counting;
use common::hashing::{Hashing, Homes};
use common::{StopOnDrop, TINY_BUCKETS, assert_same, mix, one_at_a_time, scaled};
use loxley::{HashMap, HashSet};
use std::collections::HashMap as StdMap;
use std::hash::BuildHasherDefault;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Map = HashMap<u64, u64, Hashing>;

fn shrinking_below(part: f64, capacity: usize) -> Map {
    HashMap::builder().hasher(Hashing::Ahash).shrink_below(part).capacity(capacity).build()
}

fn insert(map: &Map, keys: std::ops::Range<u64>) {
    keys.for_each(|key| _ = map.pin().insert(mix(key), key));
}

fn remove(map: &Map, keys: std::ops::Range<u64>) {
    keys.for_each(|key| assert_eq!(map.pin().remove(&mix(key)), Some(&key)));
}

fn help(map: &Map) {
    while map.pin().help_resize() {}
}

fn resizes(map: &Map) -> u64 {
    let stats = map.pin().stats();
    stats.growths + stats.shrinks
}

fn panics(f: impl FnOnce()) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).is_err()
}

#[test]
fn settings() {
    let _alone = one_at_a_time();
    for part in [0.0, -0.1, 0.26, 1.0, f64::NAN] {
        assert!(panics(|| _ = HashMap::<u8, u8>::builder().shrink_below(part)), "{part}");
        assert!(panics(|| _ = HashSet::<u8>::builder().shrink_below(part)), "{part}");
    }
    let set = HashSet::builder().shrink_below(0.25).max_load(0.5).build();
    (0..1000).for_each(|i| _ = set.pin().insert(i));
    let full = set.capacity();
    set.pin().retain(|i| *i < 10);
    while set.pin().help_resize() {}
    assert!(set.capacity() < full / 8 && (0..10).all(|i| set.pin().contains(&i)));
}

#[test]
fn never_unless_it_was_asked_for() {
    let _alone = one_at_a_time();
    let map = Map::with_hasher(Hashing::Ahash);
    insert(&map, 0..1000);
    help(&map);
    let full = map.capacity();
    map.pin().clear();
    help(&map);
    assert_eq!((map.capacity(), map.pin().stats().shrinks), (full, 0));
}

/// To the entry: not while the map holds that part of its capacity, and as soon as it holds less.
#[test]
fn the_limit() {
    let _alone = one_at_a_time();
    for part in [0.25, 0.2, 0.125, 0.01] {
        let map = shrinking_below(part, 0);
        let mut left = scaled(6000, 600) as u64;
        insert(&map, 0..left);
        help(&map);
        let full = map.capacity();
        loop {
            help(&map);
            if left as f64 >= part * full as f64 {
                assert_eq!(map.capacity(), full, "{left} entries, {part}");
            } else {
                break;
            }
            left -= 1;
            remove(&map, left..left + 1);
            assert_eq!(map.capacity(), full, "by itself, with {left} entries");
        }
        let (small, entries) = (map.capacity(), left as usize);
        assert!(small < full && (2 * entries..=4 * entries + 4).contains(&small), "{small} of {full}, {entries}");
        assert_same(&map, &(0..left).map(|key| (mix(key), key)).collect());
    }
}

/// A large map that has become empty: each table has at least a quarter of the buckets of the one before.
#[test]
fn step_by_step() {
    let _alone = one_at_a_time();
    let map = shrinking_below(0.1, 0);
    insert(&map, 0..scaled(60_000, 6_000) as u64);
    help(&map);
    let bytes = |map: &Map| map.pin().stats().table_bytes;
    let (mut before, mut steps) = (bytes(&map), 0);
    map.pin().clear();
    while map.pin().help_resize() {
        if map.pin().stats().shrinks > steps {
            steps += 1;
            let new = bytes(&map) - before;
            assert!(new < before && new * 5 > before, "{new} after {before}");
            before = new;
        }
    }
    assert!(steps >= 4 && bytes(&map) <= 256, "{steps} steps to {}", bytes(&map));
}

/// Around each size at which the map grows or shrinks, entries come and go.
#[test]
fn no_swinging() {
    let _alone = one_at_a_time();
    let map = shrinking_below(0.25, 0);
    let top = scaled(3000, 400) as u64;
    let swing = |map: &Map, at: u64| {
        let before = resizes(map);
        let width = at / 3;
        for _ in 0..4 {
            (at..at + width).for_each(|key| {
                insert(map, key..key + 1);
                help(map);
            });
            (at..at + width).rev().for_each(|key| {
                remove(map, key..key + 1);
                help(map);
            });
        }
        assert!(resizes(map) <= before + 1, "{} resizes at {at}", resizes(map) - before);
    };
    for at in 0..top {
        let before = resizes(&map);
        insert(&map, at..at + 1);
        help(&map);
        if at > 8 && resizes(&map) > before {
            swing(&map, at + 1);
        }
    }
    for at in (9..top).rev() {
        let before = resizes(&map);
        remove(&map, at..at + 1);
        help(&map);
        if resizes(&map) > before {
            swing(&map, at);
        }
    }
    assert!(map.pin().stats().shrinks >= 4);
}

/// Of what the map was made with, and not of what it was given later.
#[test]
fn kept_capacity() {
    let _alone = one_at_a_time();
    let map = shrinking_below(0.25, 1000);
    let made = map.capacity();
    help(&map);
    assert_eq!(map.capacity(), made, "empty, and as it was made");
    let shrunk = |map: &Map| {
        insert(map, 0..6000);
        remove(map, 0..5999);
        assert!(map.capacity() > 4 * made);
        help(map);
        assert_eq!((map.capacity(), map.len()), (made, 1));
        remove(map, 5999..6000);
    };
    shrunk(&map);
    map.pin().reserve(50_000);
    shrunk(&map);
    map.pin().shrink_to_fit();
    assert!(map.capacity() < 10);
    help(&map);
    assert!(map.capacity() < 10);
    shrunk(&map);
    shrunk(&map.clone());
}

/// Few entries in a large table, of which half crowd about one home: no smaller table would hold them in reach.
#[test]
fn crowds_are_looked_at_once() {
    if TINY_BUCKETS || cfg!(miri) {
        return;
    }
    let _alone = one_at_a_time();
    let hasher = BuildHasherDefault::<Homes>::default();
    let map = HashMap::builder().hasher(hasher).shrink_below(0.25).build();
    let view = map.pin();
    view.reserve(60_000);
    let full = map.capacity();
    let keys = || (0..15_000_u64).chain([1 << 44, 2 << 44]);
    assert_eq!(view.insert_many(keys().map(|key| (key, key))), 15_002);
    let look = || {
        let before = Counting::asked();
        assert!(!view.help_resize());
        Counting::asked() - before
    };
    assert!(look() > 10_000, "it takes an array to see that");
    assert!(look() < 1000 && look() < 1000, "it is known");
    assert_eq!(map.capacity(), full);
    assert!((7_600..15_000).all(|key| view.remove(&key) == Some(&key)));
    assert!(look() < 1000, "more than half are there");
    assert!((7_000..7_600).all(|key| view.remove(&key) == Some(&key)));
    assert!(view.help_resize(), "half of the crowd fits");
    while view.help_resize() {}
    assert!(map.capacity() < full && keys().all(|key| view.contains_key(&key) != (7_000..15_000).contains(&key)));
}

/// Waves of entries, while others do nothing but help, iterate and look up.
#[test]
fn while_others_write() {
    let _alone = one_at_a_time();
    let map = &shrinking_below(0.25, 0);
    let stable = 40;
    insert(map, 0..stable);
    let over = &AtomicBool::new(false);
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                while !over.load(Relaxed) {
                    while map.pin().help_resize() {}
                    thread::yield_now();
                }
            });
        }
        s.spawn(|| {
            while !over.load(Relaxed) {
                let view = map.pin();
                assert!((0..stable).all(|key| view.get(&mix(key)) == Some(&key)));
                assert_eq!(view.values().filter(|&&value| value < stable).count(), stable as usize);
                thread::yield_now();
            }
        });
        let _over = StopOnDrop(over);
        let writers: Vec<_> = (1..3_u64)
            .map(|t| {
                s.spawn(move || {
                    for round in 0..scaled(40, 6) as u64 {
                        let first = t << 40 | round << 20;
                        let last = first + scaled(4000, 400) as u64;
                        insert(map, first..last);
                        remove(map, first..last);
                        thread::yield_now();
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
    });
    help(map);
    let stats = map.pin().stats();
    assert!(stats.shrinks > 0 && map.capacity() <= 4 * stable as usize + 4, "{stats:?}");
    let expected: StdMap<_, _> = (0..stable).map(|key| (mix(key), key)).collect();
    assert_same(map, &expected);
}

/// A quarter is the limit for the steps on the way; for the table that they lead to it is the map's own again.
#[test]
fn the_limit_after_shrinking() {
    let _alone = one_at_a_time();
    for part in [0.2, 0.1] {
        let map = shrinking_below(part, 0);
        let mut left = 600;
        insert(&map, 0..left);
        help(&map);
        let mut shrinks_below = |part: f64| {
            let full = map.capacity();
            let fewer = (part * full as f64).ceil() as u64 - 1;
            remove(&map, fewer..left);
            left = fewer;
            help(&map);
            map.capacity() < full
        };
        assert!(shrinks_below(part), "{part}");
        assert!(!shrinks_below(0.25), "{part}");
        assert!(shrinks_below(part), "{part}");
    }
}
