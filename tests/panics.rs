//! User code that panics: `Hash`, `Eq`, `Clone`, `Drop` and closures, at each call an operation makes of it.
//! The operation may have happened or not, for each key; the map stays right and usable, and nothing leaks
//! or is dropped twice.
#![cfg(not(loom))]

mod common;

#[cfg(all(loxley_hooks, not(shuttle)))]
use common::TINY_BUCKETS;
use common::hashing::Hashing;
use common::ledger::{Item, Ledger};
use common::touchy::{Site, Touchy, arm, called, disarm};
use common::{Rng, finish_resizing, injected, panic_of, panic_on_purpose, panic_text, scaled};
#[cfg(all(loxley_hooks, not(shuttle)))]
use loxley::hooks;
use loxley::{Decision, HashMap};
use std::collections::HashMap as StdMap;
#[cfg(all(loxley_hooks, not(shuttle)))]
use std::sync::Arc;
use std::thread;

type Map = HashMap<Touchy, Touchy, Hashing>;

/// A map with instances for it.
struct World {
    map: Map,
    ledger: &'static Ledger,
}

impl World {
    /// `0..n`, each mapped to itself.
    fn new(n: u64, hashing: Hashing) -> Self {
        let world = Self { map: Map::with_hasher(hashing), ledger: Ledger::new(20_000) };
        world.insert_all(0..n);
        world
    }

    fn touchy(&self, value: u64) -> Touchy {
        Touchy(self.ledger.item(value))
    }

    fn insert_all(&self, keys: impl IntoIterator<Item = u64>) {
        for key in keys {
            self.map.pin().insert(self.touchy(key), self.touchy(key));
        }
    }

    /// The entries with smaller keys, which may be those of one thread while another is at work.
    fn contents_below(&self, limit: u64) -> StdMap<u64, u64> {
        let pinned = self.map.pin();
        let entries = pinned.iter().map(|(key, value)| (key.0.check(), value.0.check()));
        entries.filter(|(key, _)| *key < limit).collect()
    }

    /// All entries of a quiet map.
    fn contents(&self) -> StdMap<u64, u64> {
        let (pinned, contents) = (self.map.pin(), self.contents_below(u64::MAX));
        assert_eq!(contents.len(), self.map.len());
        for (key, value) in &contents {
            assert_eq!(pinned.get(&self.touchy(*key)).map(|found| found.0.check()), Some(*value));
        }
        contents
    }
}

/// An operation that does nothing when it is repeated, so that what a panic cut short can be finished.
type Operation = (&'static str, fn(&World));

/// Runs `operate` on a map of `n` entries again and again, with a panic at its first call of `site`, then
/// at its second, and so on until it makes no more. Returns how many calls there were.
fn panic_at_each_call(site: Site, hashing: Hashing, n: u64, (name, operate): Operation) -> usize {
    let world = World::new(n, hashing);
    let before = world.contents();
    operate(&world);
    let after = world.contents();
    for call in 0.. {
        let context = format!("{site:?} call {call} of {name} on {n} entries, {hashing:?}");
        let world = World::new(n, hashing);
        arm(site, call);
        let panicked = injected(|| operate(&world));
        let blown = disarm();
        // A panic of a removed entry's drop may be caught by the collector; no other may be swallowed.
        assert!(panicked == blown || site == Site::Drop, "{context}: the panic did not come out");

        let now = world.contents();
        for key in before.keys().chain(after.keys()).chain(now.keys()) {
            let value = now.get(key);
            assert!(value == before.get(key) || value == after.get(key), "{context}: {key} -> {value:?}");
        }
        operate(&world);
        assert_eq!(world.contents(), after, "{context}: repeated without a panic");

        world.insert_all(5000..5080);
        world.map.pin().shrink_to_fit();
        assert!((5000..5080).all(|key| world.map.pin().remove(&world.touchy(key)).is_some()), "{context}");
        world.map.pin().shrink_to_fit();
        assert_eq!(world.contents(), after, "{context}: after more growth and shrinking");
        let World { map, ledger } = world;
        drop(map);
        println!("{context}"); // names the culprit of a leak below
        if !blown {
            ledger.assert_balanced();
            return call;
        }
        if call % 8 == 0 {
            ledger.assert_balanced(); // not each time: the collector is slow to wait for
        }
    }
    unreachable!()
}

const SINGLE: [Operation; 16] = [
    ("insert, absent", |world| world.insert_all([1000])),
    ("insert, present", |world| world.insert_all([3])),
    ("try_insert, absent", |world| drop(world.map.pin().try_insert(world.touchy(1000), world.touchy(1)))),
    ("try_insert, present", |world| drop(world.map.pin().try_insert(world.touchy(3), world.touchy(1)))),
    ("remove", |world| _ = world.map.pin().remove(&world.touchy(3))),
    ("remove_entry", |world| _ = world.map.pin().remove_entry(&world.touchy(3))),
    ("get", |world| {
        for key in [3, 1000] {
            assert_eq!(world.map.pin().get(&world.touchy(key)).is_some(), key == 3);
            assert_eq!(world.map.pin().contains_key(&world.touchy(key)), key == 3);
        }
    }),
    ("update", |world| {
        for key in [3, 1000] {
            world.map.pin().update(world.touchy(key), |_| {
                called(Site::Closure);
                world.touchy(33)
            });
        }
    }),
    ("get_or_insert_with", |world| {
        for key in [3, 1000] {
            world.map.pin().get_or_insert_with(world.touchy(key), || {
                called(Site::Closure);
                world.touchy(34)
            });
        }
    }),
    ("compute", |world| {
        for key in [3, 1000] {
            world.map.pin().compute::<()>(world.touchy(key), |_| {
                called(Site::Closure);
                Decision::Insert(world.touchy(35))
            });
        }
    }),
    ("compute, aborted", |world| {
        for key in [3, 1000] {
            world.map.pin().compute(world.touchy(key), |_| {
                called(Site::Closure);
                Decision::Abort(world.touchy(36))
            });
        }
    }),
    ("replace_if, refused", |world| {
        for key in [3, 1000] {
            drop(world.map.pin().replace_if(world.touchy(key), world.touchy(36), |_, _| {
                called(Site::Closure);
                false
            }));
        }
    }),
    ("compute, removing", |world| {
        for key in [3, 1000] {
            world.map.pin().compute::<()>(world.touchy(key), |_| {
                called(Site::Closure);
                Decision::Remove
            });
        }
    }),
    ("compute that comes to nothing at first", |world| {
        let mut calls = 0;
        world.map.pin().compute::<()>(world.touchy(1000), |_| {
            called(Site::Closure);
            calls += 1;
            match calls {
                1 => world.insert_all([1000]),
                2 => _ = world.map.pin().remove(&world.touchy(1000)),
                _ => {}
            }
            Decision::Insert(world.touchy(1000))
        });
    }),
    ("entry", |world| {
        for key in [3, 1000] {
            let make = || {
                called(Site::Closure);
                world.touchy(37)
            };
            world.map.pin().entry(world.touchy(key)).and_modify(|_| make()).or_insert_with(make);
        }
    }),
    ("replace and remove", |world| {
        world.insert_all([3, 3, 3]);
        _ = world.map.pin().remove(&world.touchy(2));
    }),
];

const WHOLE: [Operation; 9] = [
    ("insertions across a threshold", |world| world.insert_all(1000..1030)),
    ("insertions and removals across a threshold", |world| {
        for key in 1000..1030 {
            world.insert_all([key]);
            _ = world.map.pin().remove(&world.touchy(key - 1000));
        }
    }),
    ("extend", |world| {
        (&world.map).extend((1000..1030).map(|key| (world.touchy(key), world.touchy(key))));
    }),
    ("reserve", |world| world.map.pin().reserve(500)),
    ("shrink_to_fit", |world| {
        world.map.pin().reserve(500);
        world.map.pin().shrink_to_fit();
    }),
    ("clear", |world| world.map.pin().clear()),
    ("retain", |world| {
        world.map.pin().retain(|key, _| {
            called(Site::Closure);
            key.0.check() % 3 == 0
        });
    }),
    ("clone", |world| assert_eq!(world.map.clone().len(), world.map.len())),
    ("eq", |world| {
        let same = &world.map;
        assert!(world.map == *same);
    }),
];

/// Sizes around thresholds: an empty map, a full table (so that the next insert begins a growth), and a
/// growth under way.
const FEW: [u64; 4] = [4, 44, 45, 60];

#[test]
fn single_operations() {
    for hashing in [Hashing::Ahash, Hashing::Values(2)] {
        for operation in SINGLE {
            for n in FEW {
                let calls = |site| panic_at_each_call(site, hashing, n, operation);
                assert!(calls(Site::Hash) > 0, "{} hashes its key", operation.0);
                assert!(calls(Site::Eq) > 0 || operation.0.contains("absent"), "{}", operation.0);
                calls(Site::Closure);
                calls(Site::Drop);
            }
        }
    }
}

#[test]
fn growth_and_whole_map_operations_with_panicking_hash() {
    for hashing in [Hashing::Ahash, Hashing::BottomByte] {
        for operation in WHOLE {
            for n in FEW {
                panic_at_each_call(Site::Hash, hashing, n, operation);
            }
        }
    }
}

#[test]
fn growth_and_whole_map_operations_with_other_panics() {
    let many_collisions = Hashing::Values(4);
    for operation in WHOLE {
        for n in [4, 44] {
            for site in [Site::Eq, Site::Clone, Site::Closure, Site::Drop] {
                panic_at_each_call(site, many_collisions, n, operation);
            }
        }
    }
}

/// A migration calls the hash of keys that the operation has nothing to do with.
#[test]
fn a_growth_that_panics_can_be_carried_on_by_others() {
    let n = scaled(400, 150) as u64;
    let world = World::new(0, Hashing::Ahash);
    for key in 0..n {
        for call in 0..4 {
            arm(Site::Hash, call);
            injected(|| world.insert_all([key]));
            disarm();
        }
        world.insert_all([key]);
    }
    assert_eq!(world.contents(), (0..n).map(|key| (key, key)).collect());
    drop(world.map);
    world.ledger.assert_balanced();
}

/// Panics whenever it is dropped, on any thread.
struct Bomb(#[expect(dead_code, reason = "only dropped")] Item);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_on_purpose();
    }
}

/// Removed entries are dropped by the collector, inside whatever operation happens to run it: a panic
/// there is nobody's business.
#[test]
fn drop_panics_of_removed_entries_stay_in_the_collector() {
    const N: u64 = 500;
    let ledger = Ledger::new(2 * N as usize);
    let map: HashMap<u64, Bomb> = HashMap::new();
    for key in 0..N {
        map.pin().insert(key, Bomb(ledger.item(key)));
    }
    for key in 0..N {
        match key % 4 {
            0 => _ = map.pin().remove(&key),
            1 => _ = map.pin().insert(key, Bomb(ledger.item(key))),
            2 => map.pin().retain(|other, _| *other != key),
            _ => {}
        }
    }
    finish_resizing(&map);
    ledger.assert_settles_at(N as usize / 2);
    map.pin().clear();
    finish_resizing(&map);
    ledger.assert_balanced();
    drop(map);
}

#[test]
fn a_map_whose_entries_panic_when_dropped_frees_them_all_and_panics_once() {
    const N: u64 = 60;
    for hashing in [Hashing::Ahash, Hashing::Values(2)] {
        for call in 0..=2 * N as usize {
            let World { map, ledger } = World::new(N, hashing);
            arm(Site::Drop, call);
            let panicked = injected(|| drop(map));
            disarm();
            assert_eq!(panicked, call < 2 * N as usize, "call {call}");
            ledger.assert_alive(0);
        }
    }

    let ledger = Ledger::new(N as usize);
    let map: HashMap<u64, Bomb> = (0..N).map(|key| (key, Bomb(ledger.item(key)))).collect();
    assert!(injected(|| drop(map)), "every value panics");
    ledger.assert_alive(0);
}

/// An iteration calls `Hash` where the table has shrunk since it began: of a home of which it has visited the first part. If that
/// panics, that home has not been visited, and the iteration goes on as if nothing had been.
#[test]
fn an_iteration_goes_on_after_a_panic() {
    const N: u64 = 60;
    let mut panics = 0;
    for hashing in [Hashing::Ahash, Hashing::BottomByte] {
        for (taken, call) in (0..N as usize).flat_map(|taken| (0..4).map(move |call| (taken, call))) {
            let world = World::new(N, hashing);
            let pinned = world.map.pin();
            pinned.reserve(1_000);
            let mut iter = pinned.iter();
            let mut yielded: Vec<u64> = iter.by_ref().take(taken).map(|(key, _)| key.0.check()).collect();
            pinned.shrink_to_fit();
            loop {
                arm(Site::Hash, call);
                let mut next = None;
                if injected(|| next = iter.next()) {
                    panics += 1;
                    next = iter.next();
                }
                disarm();
                let Some((key, _)) = next else { break };
                yielded.push(key.0.check());
                assert!(yielded.len() <= N as usize, "{hashing:?}, {taken} taken, panic at call {call}: no end");
            }
            yielded.sort_unstable();
            assert!(yielded.into_iter().eq(0..N), "{hashing:?}, {taken} taken, panic at call {call}");
        }
    }
    assert!(panics > 100, "the iterations hardly called `Hash`: {panics}");
}

/// An insertion whose node is in a slot and that searches once more, because another one of its home was faster, calls `Eq` again. If
/// that panics, the slot is free again.
#[cfg(all(loxley_hooks, not(shuttle)))]
#[test]
fn an_insertion_that_panics_in_its_second_search() {
    const OTHER: u64 = 2000;
    let mut panics = 0;
    for access in 0.. {
        let world = World { map: hooks::with_buckets(3, Hashing::Constant), ledger: Ledger::new(100) };
        world.insert_all(0..if TINY_BUCKETS { 2 } else { 7 });
        let world = Arc::new(world);
        let (mut other, mut left) = (Some(Arc::clone(&world)), access);
        hooks::on_access(move |_| {
            if left > 0 {
                left -= 1;
            } else if let Some(world) = other.take() {
                thread::spawn(move || world.insert_all([OTHER])).join().unwrap();
                arm(Site::Eq, 0);
            }
        });
        panics += usize::from(injected(|| world.insert_all([1000])));
        hooks::ignore_accesses();
        disarm();
        hooks::check(&world.map);
        if !world.map.pin().contains_key(&OTHER) {
            break; // The insertion was over.
        }
        let ledger = world.ledger;
        drop(world);
        ledger.assert_balanced();
    }
    assert!(panics > 0);
}

/// The draft of a computation, which that panic drops, panics as well: the first panic is the one that goes on.
#[test]
fn a_key_that_panics_when_a_panic_drops_it() {
    let world = World::new(4, Hashing::Ahash);
    let mut calls = 0;
    let panic = panic_of(|| {
        world.map.pin().compute::<()>(world.touchy(1000), |_| {
            calls += 1;
            if calls == 2 {
                arm(Site::Drop, 0);
                panic!("the closure's");
            }
            world.insert_all([1000]);
            Decision::Insert(world.touchy(35))
        });
    });
    assert!(disarm(), "the key was dropped");
    assert_eq!(panic.map(panic_text).as_deref(), Some("the closure's"));
    let World { map, ledger } = world;
    assert_eq!(map.len(), 5);
    drop(map);
    ledger.assert_balanced();
}

/// One thread panics all the time, in the middle of migrations too; the other relies on its own keys.
#[test]
fn panics_of_one_thread_do_not_disturb_another() {
    let rounds = scaled(30_000, 5_000) as u64;
    let world = World { map: Map::with_hasher(Hashing::Ahash), ledger: Ledger::new(400_000) };
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut rng = Rng::new(1);
            for _ in 0..rounds {
                let key = 10_000 + rng.below(500);
                arm(if rng.one_in(4) { Site::Eq } else { Site::Hash }, rng.below(6) as usize);
                injected(|| match rng.below(8) {
                    0 => world.map.pin().shrink_to_fit(),
                    1 => world.map.pin().reserve(300),
                    2..5 => _ = world.map.pin().remove(&world.touchy(key)),
                    _ => world.insert_all([key]),
                });
                disarm();
            }
        });
        scope.spawn(|| {
            let mut rng = Rng::new(2);
            let mut mine = StdMap::new();
            for _ in 0..rounds {
                let key = rng.below(500);
                let pinned = world.map.pin();
                if rng.one_in(2) {
                    let old = pinned.insert(world.touchy(key), world.touchy(key));
                    assert_eq!(old.map(|value| value.0.check()), mine.insert(key, key));
                } else {
                    let old = pinned.remove(&world.touchy(key));
                    assert_eq!(old.map(|value| value.0.check()), mine.remove(&key));
                }
                let key = rng.below(500);
                assert_eq!(pinned.contains_key(&world.touchy(key)), mine.contains_key(&key));
            }
            assert_eq!(world.contents_below(10_000), mine);
        });
    });
    world.contents();
    finish_resizing(&world.map);
    world.ledger.assert_settles_at(2 * world.map.len());
    drop(world.map);
    world.ledger.assert_balanced();
}

/// The key of an insertion that comes to nothing is dropped by that operation: its panic comes out, and the value is dropped too.
#[test]
fn a_key_that_panics_when_it_was_not_inserted() {
    let world = World::new(4, Hashing::Ahash);
    let (key, value) = (world.touchy(3), world.touchy(5));
    arm(Site::Drop, 0);
    let panicked = injected(|| drop(world.map.pin().try_insert(key, value)));
    assert!(disarm() && panicked);
    world.ledger.assert_alive(8);
    assert_eq!(world.contents(), (0..4).map(|key| (key, key)).collect());
    let World { map, ledger } = world;
    drop(map);
    ledger.assert_balanced();
}
