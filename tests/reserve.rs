//! `try_reserve` where there is no memory, and `shrink_to`.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::{assert_same, mix, one_at_a_time, scaled};
use loxley::{HashMap, TryReserveErrorKind};
use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashMap as StdMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

/// Refuses what is larger than a limit.
struct Limited;

static LIMIT: AtomicUsize = AtomicUsize::new(usize::MAX);
static REFUSED: AtomicUsize = AtomicUsize::new(0);

impl Limited {
    fn refuses(layout: Layout) -> bool {
        let refused = layout.size() > LIMIT.load(SeqCst);
        REFUSED.fetch_add(usize::from(refused), SeqCst);
        refused
    }
}

// SAFETY: the system's allocator, which may refuse any call, and does so a little more often.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is the system allocator's.
        if Self::refuses(layout) { std::ptr::null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        if Self::refuses(layout) { std::ptr::null_mut() } else { unsafe { System.alloc_zeroed(layout) } }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Limited = Limited;

/// Runs `f` while nothing larger than `limit` bytes can be allocated. Returns how often that was tried, too.
fn limited<R>(limit: usize, f: impl FnOnce() -> R) -> (R, usize) {
    LIMIT.store(limit, SeqCst);
    let before = REFUSED.load(SeqCst);
    let result = f();
    LIMIT.store(usize::MAX, SeqCst);
    (result, REFUSED.load(SeqCst) - before)
}

type Map = HashMap<u64, u64, Hashing>;

fn filled(n: u64) -> (Map, StdMap<u64, u64>) {
    let map = Map::with_hasher(Hashing::Ahash);
    (0..n).for_each(|i| _ = map.pin().insert(mix(i), i));
    (map, (0..n).map(|i| (mix(i), i)).collect())
}

#[test]
fn refused_allocations() {
    let _alone = one_at_a_time();
    for n in [0, 1, 50, 1000] {
        let (map, twin) = filled(n);
        let capacity = map.capacity();
        let (result, refused) = limited(1 << 16, || map.pin().try_reserve(100_000));
        let error = result.unwrap_err();
        let TryReserveErrorKind::AllocError { layout, .. } = error.kind() else { panic!("{error:?}") };
        assert!(layout.size() >= 100_000 * size_of::<usize>());
        assert_eq!(error.to_string(), format!("the allocator did not provide a table of {} bytes", layout.size()));
        assert_eq!((refused, map.capacity()), (1, capacity), "refused before anything was done");
        assert_same(&map, &twin);

        assert_eq!(map.pin().try_reserve(100_000), Ok(()));
        assert!(map.capacity() >= map.len() + 100_000);
        assert_same(&map, &twin);
        let (result, refused) = limited(1 << 16, || map.pin().try_reserve(50_000));
        assert_eq!((result, refused), (Ok(()), 0), "there is room already");
    }
}

/// What a refused announcement, or a growth that another has begun, leaves to do is done by the next.
#[test]
fn refused_steps_are_made_up_for() {
    let _alone = one_at_a_time();
    let (map, mut twin) = filled(20);
    map.pin().reserve(2000);
    while map.len() <= map.capacity() / 2 {
        let i = twin.len() as u64;
        map.pin().insert(mix(i), i);
        twin.insert(mix(i), i);
    }
    for _ in 0..3 {
        let (result, refused) = limited(1 << 14, || map.pin().try_reserve(3 * map.len()));
        assert!(result.is_err() && refused == 1);
        assert_same(&map, &twin);
    }
    map.pin().try_reserve(3 * map.len()).unwrap();
    assert_same(&map, &twin);
}

#[test]
fn overflows() {
    let _alone = one_at_a_time();
    for n in [0, 10] {
        let (map, twin) = filled(n);
        for additional in [usize::MAX, usize::MAX - 5, isize::MAX as usize, isize::MAX as usize / 8] {
            let error = map.pin().try_reserve(additional).unwrap_err();
            assert_eq!(error.kind(), &TryReserveErrorKind::CapacityOverflow);
            assert_eq!(error.to_string(), "the capacity of the map would overflow");
        }
        // More than this machine has, less than an address space.
        let error = map.pin().try_reserve(1 << 44).unwrap_err();
        assert!(matches!(error.kind(), TryReserveErrorKind::AllocError { .. }));
        assert_same(&map, &twin);
    }
}

#[test]
fn shrinking_to_a_limit() {
    let _alone = one_at_a_time();
    let sizes = [0, 1, 10, 100, scaled(3000, 500)];
    for entries in sizes {
        for limit in sizes {
            for spare in [0, 2 * entries + 30, 3 * entries + 4 * limit + 50] {
                let (map, twin) = filled(entries as u64);
                map.pin().reserve(spare);
                let before = map.capacity();
                map.pin().shrink_to(limit);
                let after = map.capacity();
                assert!(after <= before && after >= entries);
                assert!(after >= limit.min(before), "{entries} entries, limit {limit}: {before} to {after}");
                if entries.max(limit) > 0 && before > 2 * entries.max(limit) + 16 {
                    assert!(after < before, "{entries} entries, limit {limit}: {before} stays");
                }
                map.pin().shrink_to(usize::MAX);
                assert_eq!(map.capacity(), after);
                assert_same(&map, &twin);
                map.pin().shrink_to_fit();
                assert!(map.capacity() <= after);
                assert_same(&map, &twin);
            }
        }
    }
}

/// Shrinking to various limits, growth and writers at the same time.
#[test]
fn shrinking_while_others_write() {
    let _alone = one_at_a_time();
    let (map, twin) = filled(300);
    thread::scope(|scope| {
        for t in 1..3_u64 {
            let map = &map;
            scope.spawn(move || {
                for round in 0..scaled(60, 20) as u64 {
                    let keys = || (0..200).map(|i| mix(t << 40 | round << 20 | i));
                    keys().for_each(|key| assert_eq!(map.pin().insert(key, key), None));
                    map.pin().shrink_to(round as usize * 17 % 1000);
                    map.pin().try_reserve(round as usize * 13 % 700).unwrap();
                    keys().for_each(|key| assert_eq!(map.pin().remove(&key), Some(&key)));
                    map.pin().shrink_to(round as usize * 31 % 1000);
                }
            });
        }
    });
    assert_same(&map, &twin);
    map.pin().shrink_to(0);
    assert_same(&map, &twin);
}

/// Before a table is made so small that entries could crowd, they are counted by home, for which it takes an array.
#[test]
fn shrinking_to_a_large_table() {
    let _alone = one_at_a_time();
    for (entries, limit) in [(15_000, 0), (100, 15_000)] {
        let (map, twin) = filled(entries);
        map.pin().reserve(100_000);
        let before = map.capacity();
        let ((), refused) = limited(1 << 13, || map.pin().shrink_to(limit));
        assert!(refused > 0 && map.capacity() == before, "it cannot be known whether they fit");
        assert_same(&map, &twin);
        map.pin().shrink_to(limit);
        assert_eq!(map.capacity(), Map::with_capacity_and_hasher(15_000, Hashing::Ahash).capacity());
        assert_same(&map, &twin);
    }
}
