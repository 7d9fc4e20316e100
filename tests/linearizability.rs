//! Histories of real threads, checked: every key behaves as if operations took effect one at a time, and an iteration
//! yields what stays, nothing twice, and nothing that was not there.
//!
//! Some threads fight over a few hot keys. One lets other keys come and go, so that the table grows, and makes it shrink. Further
//! keys stay. All of them iterate now and then. On few processors threads hardly overlap by themselves, so they give the
//! processor away at random: whenever the map calls `Hash` or `Eq`, and in builds with the cfg `loxley_hooks` at every atomic
//! access of the map.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::linearizability::{Clock, Effect, Log, check};
use common::{Rng, fresh_seed, mix};
use loxley::HashMap;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Barrier;
use std::thread;

thread_local! {
    static JITTER: RefCell<Rng> = const { RefCell::new(Rng::new(0)) };
}

/// Sometimes gives the processor away.
fn jitter(one_in: u64) {
    if JITTER.with_borrow_mut(|rng| rng.one_in(one_in)) {
        thread::yield_now();
    }
}

/// Its `Hash` and `Eq` yield: in the middle of the map's operations.
#[derive(Clone, Copy, Debug)]
struct Key(u64);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        jitter(32);
        self.0.hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        jitter(16);
        self.0 == other.0
    }
}

impl Eq for Key {}

type Map = HashMap<Key, u64, Hashing>;

/// A map's keys: hot ones from 0, then those that come and go, then those that stay.
#[derive(Clone, Copy, Debug)]
struct Setup {
    hot: u64,
    passing: u64,
    staying: u64,
    /// One operation in so many is an iteration.
    iterations: u64,
}

impl Setup {
    fn passing(self) -> Range<u64> {
        self.hot..self.hot + self.passing
    }

    fn all(self) -> Range<u64> {
        0..self.hot + self.passing + self.staying
    }
}

struct Worker<'a> {
    id: usize,
    setup: Setup,
    map: &'a Map,
    rng: Rng,
    clock: &'a Clock,
    log: Log<'a, u64>,
    written: u64,
}

impl<'a> Worker<'a> {
    fn new(id: usize, setup: Setup, map: &'a Map, seed: u64, clock: &'a Clock) -> Self {
        let rng = Rng::new(seed ^ mix(id as u64));
        Self { id, setup, map, rng, clock, log: Log::new(id, clock), written: 0 }
    }

    /// A number that nobody else writes.
    fn new_value(&mut self) -> u64 {
        self.written += 1;
        (self.id as u64) << 32 | self.written
    }

    fn insert(&mut self, key: u64) {
        let value = self.new_value();
        self.log.call(key, || Effect::insert(value, self.map.pin().insert(Key(key), value).copied()));
    }

    fn remove(&mut self, key: u64) {
        self.log.call(key, || Effect::remove(self.map.pin().remove(&Key(key)).copied()));
    }

    fn operation(&mut self, key: u64) {
        let value = self.new_value();
        let map = self.map.pin();
        match self.rng.below(16) {
            0..2 => self.log.call(key, || Effect::get(map.get(&Key(key)).copied())),
            2 => self.log.call(key, || Effect::contains_key(map.contains_key(&Key(key)))),
            3..6 => self.insert(key),
            6..8 => self.log.call(key, || {
                let result = map.try_insert(Key(key), value);
                Effect::try_insert(
                    value,
                    result.map(|new| assert_eq!(*new, value)).map_err(|error| *error.current),
                )
            }),
            8..10 => self.log.call(key, || {
                let mut seen = None;
                let new = map.update(Key(key), |old| {
                    seen = Some(*old);
                    jitter(4);
                    value
                });
                assert!(new.is_none_or(|new| *new == value));
                Effect::update(value, new.and(seen))
            }),
            10..12 => self.log.call(key, || {
                let make = || {
                    jitter(4);
                    value
                };
                Effect::get_or_insert_with(value, *map.get_or_insert_with(Key(key), make))
            }),
            _ => self.remove(key),
        }
    }

    fn iterate(&mut self) {
        let start = self.clock.now();
        let map = self.map.pin();
        let mut yielded = BTreeMap::new();
        for (key, value) in &map {
            let end = self.clock.now();
            let twice = yielded.insert(key.0, end).is_some();
            assert!(!twice, "key {} was yielded twice", key.0);
            self.log.note(key.0, start, end, Effect::get(Some(*value)));
            jitter(8);
        }
        let end = self.clock.now();
        for key in self.setup.all().filter(|key| !yielded.contains_key(key)) {
            self.log.note(key, start, end, Effect::get(None));
        }
    }

    /// Fights over the hot keys.
    fn fight(mut self, operations: u64) -> Log<'a, u64> {
        for _ in 0..operations {
            if self.rng.one_in(self.setup.iterations) {
                self.iterate();
            } else {
                let key = self.rng.below(self.setup.hot);
                self.operation(key);
            }
            jitter(8);
        }
        self.log
    }

    /// Makes the table grow and shrink.
    fn disturb(mut self, operations: u64) -> Log<'a, u64> {
        let mut left = operations;
        while left > 0 {
            let keys = self.setup.passing();
            let burst = self.rng.below(self.setup.passing + 1).min(left);
            left -= burst.max(1).min(left);
            let random = |rng: &mut Rng| keys.start + rng.below(self.setup.passing);
            let random: Vec<_> = (0..burst).map(|_| random(&mut self.rng)).collect();
            match self.rng.below(8) {
                0..3 => (keys.start..keys.start + burst).for_each(|key| self.insert(key)),
                3..5 => (keys.end - burst..keys.end).for_each(|key| self.remove(key)),
                5 => random.into_iter().for_each(|key| self.operation(key)),
                6 => self.map.pin().reserve(burst as usize),
                _ => self.map.pin().shrink_to_fit(),
            }
            if self.rng.one_in(8) {
                self.iterate();
            }
            jitter(8);
        }
        self.log
    }
}

fn start_jitter(seed: u64) {
    JITTER.set(Rng::new(seed));
    #[cfg(loxley_hooks)]
    loxley::hooks::on_access(|_| jitter(128));
}

/// One map from its beginning to its end. Returns how many calls were made, and how many of them overlapped another of their
/// key.
fn round(setup: Setup, hashing: Hashing, threads: usize, operations: u64, seed: u64) -> (usize, usize) {
    let map = Map::with_hasher(hashing);
    let clock = Clock::default();
    let mut first = Worker::new(threads, setup, &map, seed, &clock);
    (setup.passing().end..setup.all().end).for_each(|key| first.insert(key));
    let barrier = Barrier::new(threads);
    let logs: Vec<_> = thread::scope(|scope| {
        let start = |id| {
            let worker = Worker::new(id, setup, &map, seed, &clock);
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                start_jitter(seed ^ mix(!id as u64));
                if id == 0 { worker.disturb(operations) } else { worker.fight(operations) }
            })
        };
        let workers: Vec<_> = (0..threads).map(start).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker failed")).collect()
    });
    let mut last = Worker::new(threads + 1, setup, &map, seed, &clock);
    last.iterate();
    let calls: Vec<_> = first.log.into_iter().chain(logs.into_iter().flatten()).chain(last.log).collect();
    if let Err(violation) = check(calls.iter().copied()) {
        panic!("{violation}");
    }
    let mut ends = BTreeMap::new();
    let mut by_start = calls.clone();
    by_start.sort_by_key(|(_, call)| call.start);
    let overlaps = by_start.iter().filter(|(key, call)| {
        let end = ends.entry(key).or_insert(0);
        let overlaps = call.start < *end;
        *end = call.end.max(*end);
        overlaps
    });
    (calls.len(), overlaps.count())
}

/// So many calls, at least, in rounds of so many operations for each thread.
fn rounds(test: &str, setup: Setup, calls: usize, operations: u64) {
    let mut rng = Rng::new(fresh_seed(test));
    let (mut done, mut overlapping, mut rounds) = (0, 0, 0);
    while done < calls {
        let hashing = Hashing::ALL_BUT_CONSTANT[rng.below(5) as usize];
        let hashing = if rng.one_in(6) { Hashing::Constant } else { hashing };
        let threads = 3 + rng.below(3) as usize;
        let (calls, overlaps) = round(setup, hashing, threads, operations, rng.next());
        done += calls;
        overlapping += overlaps;
        rounds += 1;
    }
    println!("{test}: {rounds} rounds, {done} calls, of which {overlapping} overlapped another of their key");
    assert!(overlapping > done / 100, "the threads hardly met: {overlapping} of {done} calls");
}

#[test]
fn fights_over_two_keys() {
    let setup = Setup { hot: 2, passing: 40, staying: 0, iterations: 500 };
    rounds("fights_over_two_keys", setup, 1_200_000, 3_000);
}

#[test]
fn fights_over_a_full_bucket() {
    let setup = Setup { hot: 6, passing: 24, staying: 8, iterations: 500 };
    rounds("fights_over_a_full_bucket", setup, 1_200_000, 3_000);
}

#[test]
fn iterations_among_fights() {
    let setup = Setup { hot: 4, passing: 40, staying: 20, iterations: 12 };
    rounds("iterations_among_fights", setup, 1_200_000, 500);
}
