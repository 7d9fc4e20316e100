//! Bugs that concurrent maps have shipped, each with the test that would catch it here. Those below are this file's; for the
//! other classes a test elsewhere does it already:
//!
//! | class | test |
//! |---|---|
//! | use after free in a concurrent resize | `stress`: all; `loom_limbo`: all; `drops`: `nothing_removed_is_dropped_under_a_guard_in_any_phase_of_a_growth` |
//! | a reference outlives its guard, or its map | `src/must_not_compile.rs`; documentation of `Pinned` |
//! | read against remove, use after free | `drops`: `readers_on_other_threads_never_see_a_dropped_value`, `values_live_as_long_as_the_guard_that_saw_them` |
//! | pointer tags against alignment | `types`: `over_aligned`, `small_keys`, `zero_sized` |
//! | `Send`, `Sync`, variance | documentation of `HashMap` and `Pinned`; `src/must_not_compile.rs`; `types`: `maps_go_to_other_threads` |
//! | retired too late, or not in time | `loom_limbo`: all; `drops`: `values_live_as_long_as_the_guard_that_saw_them` |
//! | two winners for one insertion | [`two_winners_for_one_insertion`] |
//! | `insert` returns a later value | [`insert_returns_a_later_value`]; `linearizability`: all |
//! | `get` finds nothing during a replacement | [`get_finds_nothing_during_a_replacement`] |
//! | a lookup misses a key that is there | [`a_lookup_misses_a_key_that_is_there`] |
//! | an entry is unreachable after a resize | [`an_entry_is_unreachable_after_a_resize`] |
//! | a resize that is given up wakes nobody | `panics`: `a_growth_that_panics_can_be_carried_on_by_others`; `stalls`: `a_stopped_growth`, `a_stopped_shrink` |
//! | a panic in a comparison frees twice | `panics`: `single_operations`, `growth_and_whole_map_operations_with_other_panics` |
//! | an inconsistent `Eq` frees twice | `bad_hash`: `lies_of_one_thread`, `lies_of_many_threads` |
//! | a resize leaks | `memory`: `resizing_again_and_again_leaks_nothing`, `maps_shared_by_threads_are_returned` |
//! | a counter wraps around: versions, stamps | `wraparound` (with the cfg `loxley_hooks`) |
//! | a counter wraps around: bounds | `bad_hash`: `too_many_collisions_panic_before_anything_changes` |
//! | `get_or_insert_with` within itself hangs | `api`: `closures_may_use_the_map`; [`get_or_insert_with_within_itself_hangs`], with threads |
//! | a removal next door hides a key | [`a_removal_next_door_hides_a_key`] |
//! | two entries of one key | [`two_entries_of_one_key`] |
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::{Rng, fresh_seed, mix, scaled, within};
use loxley::HashMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

type Map = HashMap<u64, u64, Hashing>;

const THREADS: u64 = 4;
const ROUNDS: u64 = scaled(400, 200) as u64;

/// With displaced entries, and without.
const HASHINGS: [Hashing; 3] = [Hashing::Ahash, Hashing::Values(2), Hashing::Constant];

/// Lets other threads run now and then: in the middle of operations, where the build has a hook there.
fn yield_often(seed: u64) {
    #[cfg(loxley_hooks)]
    loxley::hooks::on_access({
        let mut rng = Rng::new(seed);
        move |_| {
            if rng.one_in(64) {
                thread::yield_now();
            }
        }
    });
    let _ = seed;
}

/// What each thread's `f`, called with its number, returned; all start at once.
fn together<R: Send>(f: impl Fn(u64) -> R + Sync) -> Vec<R> {
    let barrier = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        let start = |id| {
            let (f, barrier) = (&f, &barrier);
            scope.spawn(move || {
                yield_often(mix(id));
                barrier.wait();
                f(id)
            })
        };
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread failed")).collect()
    })
}

/// Runs `f` on this thread while another one runs `disturb` again and again.
fn disturbed(disturb: impl Fn(&mut Rng) + Sync, f: impl FnOnce()) {
    let going_on = AtomicBool::new(true);
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(false, SeqCst);
        }
    }
    thread::scope(|scope| {
        // Dropped when an assertion fails, or the scope would wait for ever.
        let _stop = Stop(&going_on);
        scope.spawn(|| {
            yield_often(1);
            let mut rng = Rng::new(1);
            while going_on.load(SeqCst) {
                disturb(&mut rng);
                thread::yield_now();
            }
        });
        f();
    });
}

#[test]
fn two_winners_for_one_insertion() {
    for hashing in HASHINGS {
        let map = Map::with_hasher(hashing);
        let keys = || (0..ROUNDS).map(|round| round % 40);
        for (round, key) in keys().enumerate() {
            let won = together(|id| match round % 3 {
                0 => map.pin().insert(key, id).is_none(),
                1 => map.pin().try_insert(key, id).is_ok(),
                _ => *map.pin().get_or_insert_with(key, || id) == id,
            });
            assert_eq!(won.iter().filter(|&&won| won).count(), 1, "round {round}, {hashing:?}: {won:?}");
            let lost = together(|_| map.pin().remove(&key).is_some());
            assert_eq!(lost.iter().filter(|&&lost| lost).count(), 1, "removals in round {round}, {hashing:?}");
            map.pin().insert(1_000 + round as u64 % 64, 0);
        }
    }
}

/// What is replaced is returned, by one call each: all values come back once but for that which stays.
#[test]
fn insert_returns_a_later_value() {
    const EACH: u64 = scaled(5_000, 2_000) as u64;
    for hashing in HASHINGS {
        let map = Map::with_hasher(hashing);
        (10..18).for_each(|key| _ = map.pin().insert(key, 0));
        let returned = together(|id| {
            let write = |i| {
                let value = 1 + id * EACH + i;
                let old = if i % 2 == 0 {
                    map.pin().insert(0, value).copied()
                } else {
                    let mut seen = None;
                    let update = |old: &u64| {
                        seen = Some(*old);
                        value
                    };
                    map.pin().update(0, update).and(seen).or_else(|| map.pin().insert(0, value).copied())
                };
                assert!(old.is_none_or(|old| (old - 1) / EACH != id || old < value), "{old:?} before {value}");
                old
            };
            (0..EACH).map(write).collect::<Vec<_>>()
        });
        let mut all: Vec<_> = returned.into_iter().flatten().flatten().chain(map.pin().get(&0).copied()).collect();
        all.sort_unstable();
        assert!(all.iter().copied().eq(1..=THREADS * EACH), "{hashing:?}: values lost, or returned twice");
    }
}

#[test]
fn get_finds_nothing_during_a_replacement() {
    for hashing in HASHINGS {
        let map = Map::with_hasher(hashing);
        (0..12).for_each(|key| _ = map.pin().insert(key, 0));
        let replace = |rng: &mut Rng| {
            let key = rng.below(12);
            match rng.below(8) {
                0 => map.pin().reserve(rng.below(200) as usize),
                1 => map.pin().shrink_to_fit(),
                2..5 => assert!(map.pin().insert(key, rng.next()).is_some()),
                _ => assert!(map.pin().update(key, |old| old + 1).is_some()),
            }
        };
        disturbed(replace, || {
            for i in 0..scaled(100_000, 40_000) as u64 {
                let map = map.pin();
                assert!(map.get(&(i % 12)).is_some(), "{hashing:?}: key {}", i % 12);
                assert!(map.contains_key(&(i / 2 % 12)), "{hashing:?}: key {}", i / 2 % 12);
            }
        });
    }
}

/// The keys that stay are moved right by others that want their buckets, and from table to table.
#[test]
fn a_lookup_misses_a_key_that_is_there() {
    for hashing in [Hashing::Ahash, Hashing::Values(3), Hashing::TopByte] {
        let map = Map::with_hasher(hashing);
        (0..30).for_each(|key| _ = map.pin().insert(key, key));
        let come_and_go = |rng: &mut Rng| {
            let burst = 100..100 + rng.below(80);
            burst.clone().for_each(|key| _ = map.pin().insert(key, key));
            burst.for_each(|key| _ = map.pin().remove(&key));
            if rng.one_in(2) {
                map.pin().shrink_to_fit();
            }
        };
        disturbed(come_and_go, || {
            for i in 0..scaled(200_000, 60_000) as u64 {
                assert_eq!(map.pin().get(&(i % 30)), Some(&(i % 30)), "{hashing:?}");
            }
        });
    }
}

/// Threads fill one map together; each then looks for what the others inserted.
#[test]
fn an_entry_is_unreachable_after_a_resize() {
    const EACH: u64 = scaled(3_000, 600) as u64;
    for hashing in [Hashing::Ahash, Hashing::Identity, Hashing::TopByte, Hashing::BottomByte] {
        for _ in 0..scaled(8, 3) {
            let map = Map::with_hasher(hashing);
            together(|id| (id * EACH..(id + 1) * EACH).for_each(|key| _ = map.pin().insert(mix(key), key)));
            let all_there = || {
                together(|id| {
                    let found = |i| map.pin().get(&mix(i)) == Some(&i);
                    let neighbour = (id + 1) % THREADS;
                    assert!((neighbour * EACH..(neighbour + 1) * EACH).all(found), "{hashing:?}");
                });
            };
            all_there();
            assert_eq!((map.len() as u64, map.pin().iter().count() as u64), (THREADS * EACH, THREADS * EACH));
            together(|id| if id % 2 == 0 { map.pin().reserve(100_000) } else { map.pin().shrink_to_fit() });
            all_there();
        }
    }
}

/// With a growth in the innermost closure, and by several threads at once.
#[test]
fn get_or_insert_with_within_itself_hangs() {
    within(Duration::from_secs(60), || {
        for round in 0..ROUNDS / 4 {
            let map = Map::with_hasher(HASHINGS[round as usize % 3]);
            let values = together(|id| {
                let map = map.pin();
                *map.get_or_insert_with(7, || {
                    *map.get_or_insert_with(7, || {
                        (100..130).for_each(|key| _ = map.insert(key, id));
                        map.shrink_to_fit();
                        *map.get_or_insert_with(7, || id)
                    })
                })
            });
            assert!(values.iter().all(|value| *value == values[0]), "{values:?}");
            assert_eq!(map.pin().get(&7), Some(&values[0]));
        }
    });
}

/// A key far from home stays where it is, while the entries between come and go.
#[test]
fn a_removal_next_door_hides_a_key() {
    for hashing in [Hashing::Constant, Hashing::Values(2)] {
        let map = Map::with_hasher(hashing);
        (0..30).for_each(|key| _ = map.pin().insert(key, key));
        // The last half: displaced in any case.
        let remove_and_reinsert = |rng: &mut Rng| {
            let key = rng.below(15);
            assert_eq!(map.pin().remove(&key), Some(&key));
            assert_eq!(map.pin().insert(key, key), None);
        };
        disturbed(remove_and_reinsert, || {
            for i in 0..scaled(100_000, 30_000) as u64 {
                let key = 15 + i % 15;
                assert_eq!(map.pin().get(&key), Some(&key), "{hashing:?}");
            }
        });
    }
}

/// Several insert one key while another makes room here and there: slots that an insertion has passed become free.
#[test]
fn two_entries_of_one_key() {
    let mut rng = Rng::new(fresh_seed("two_entries_of_one_key"));
    for hashing in HASHINGS {
        let map = Map::with_hasher(hashing);
        for round in 0..ROUNDS {
            let crowd = || 1..24;
            crowd().for_each(|key| _ = map.pin().insert(key, 0));
            let hole = 1 + rng.below(23);
            together(|id| match id {
                0 => _ = map.pin().remove(&hole),
                1 => _ = map.pin().remove(&(1 + hole % 23)),
                _ => _ = map.pin().insert(0, id),
            });
            let entries = map.pin().iter().filter(|&(&key, _)| key == 0).count();
            assert_eq!(entries, 1, "{hashing:?}, round {round}");
            assert!(map.pin().remove(&0).is_some());
            assert_eq!(map.pin().get(&0), None, "{hashing:?}, round {round}: a second entry");
        }
    }
}
