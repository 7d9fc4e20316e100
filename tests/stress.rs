//! Threads that disturb each other as much as they can, while each checks exactly what only it may change.
//!
//! Key `k` belongs to thread `k mod THREADS`: its owner alone writes it and knows what is there; the others
//! read it, and must see the owner's values in the order in which they were written. Every reference is
//! checked for life and for a canary, every instance is accounted for at the end.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::ledger::{Item, Ledger};
use common::{Rng, finish_resizing, fresh_seed, mix, scaled};
use loxley::HashMap;
use std::borrow::Borrow;
use std::cell::RefCell;
use std::collections::HashMap as StdMap;
use std::hash::{Hash, Hasher};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const THREADS: u64 = 4;
/// Per test, of which there are four.
const TIME: Duration = Duration::from_millis(2500);
const OPERATIONS: usize = scaled(6_000, 2_000);

thread_local! {
    static JITTER: RefCell<Rng> = const { RefCell::new(Rng::new(0)) };
}

/// Sometimes gives the core away: with more threads than cores, this is what makes operations overlap.
fn jitter() {
    if JITTER.with_borrow_mut(|rng| rng.one_in(48)) {
        thread::yield_now();
    }
}

/// What a key is looked up by. Its `Hash` and `Eq` yield, that is: in the middle of the map's operations.
#[derive(Clone, Copy, Debug)]
struct Probe(u64);

impl Hash for Probe {
    fn hash<H: Hasher>(&self, state: &mut H) {
        jitter();
        self.0.hash(state);
    }
}

impl PartialEq for Probe {
    fn eq(&self, other: &Self) -> bool {
        jitter();
        self.0 == other.0
    }
}

impl Eq for Probe {}

#[derive(Debug)]
struct Key {
    probe: Probe,
    item: Item,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        assert_eq!(self.item.check(), self.probe.0);
        self.probe.hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.probe == other.probe && self.item.check() == other.item.check()
    }
}

impl Eq for Key {}

impl Borrow<Probe> for Key {
    fn borrow(&self) -> &Probe {
        assert_eq!(self.item.check(), self.probe.0);
        &self.probe
    }
}

/// A value says which key it was written for, and is the owner's n-th.
const VERSION_BITS: u32 = 32;

fn version_for(key: u64, value: &Item) -> u64 {
    let value = value.check();
    assert_eq!(value >> VERSION_BITS, key, "a value of another key");
    value & ((1 << VERSION_BITS) - 1)
}

#[derive(Clone, Copy, Debug)]
struct Setup {
    keys: u64,
    /// `clear` takes keys away from their owners: a key may then be absent at any time, until its owner
    /// writes it again, but never be wrong.
    clear: bool,
}

struct Worker<'a> {
    id: u64,
    setup: Setup,
    map: &'a HashMap<Key, Item, Hashing>,
    ledger: &'static Ledger,
    rng: Rng,
    /// The version of each of our keys that is in the map.
    mine: StdMap<u64, u64>,
    /// The newest version that we saw of each key of the others.
    seen: StdMap<u64, u64>,
    version: u64,
}

impl Worker<'_> {
    fn key(&self, key: u64) -> Key {
        Key { probe: Probe(key), item: self.ledger.item(key) }
    }

    /// A new value for a key of ours.
    fn value(&mut self, key: u64) -> Item {
        self.version += 1;
        self.ledger.item(key << VERSION_BITS | self.version)
    }

    fn own_key(&mut self) -> u64 {
        self.rng.below(self.setup.keys / THREADS) * THREADS + self.id
    }

    /// What the map said is there of our key must be what we know is there.
    #[track_caller]
    fn expect(&mut self, key: u64, found: Option<u64>) {
        let known = self.mine.get(&key).copied();
        if self.setup.clear && found.is_none() {
            self.mine.remove(&key); // and it stays away
        } else {
            assert_eq!(found, known, "our key {key} at version {}", self.version);
        }
    }

    fn write(&mut self) {
        let map = self.map.pin();
        let key = self.own_key();
        match self.rng.below(10) {
            0..3 => {
                let value = self.value(key);
                let version = self.version;
                let old = map.insert(self.key(key), value).map(|old| version_for(key, old));
                self.expect(key, old);
                self.mine.insert(key, version);
            }
            3 => {
                let value = self.value(key);
                let version = self.version;
                match map.try_insert(self.key(key), value) {
                    Ok(new) => {
                        assert_eq!(version_for(key, new), version);
                        self.expect(key, None);
                        self.mine.insert(key, version);
                    }
                    Err(error) => self.expect(key, Some(version_for(key, error.current))),
                }
            }
            4 => {
                let (ledger, version) = (self.ledger, self.version + 1);
                self.version = version;
                let mut old = None;
                let new = map.update(self.key(key), |value| {
                    old = Some(version_for(key, value));
                    ledger.item(key << VERSION_BITS | version)
                });
                let new = new.map(|new| version_for(key, new));
                assert!(new.is_none_or(|new| new == version));
                self.expect(key, old.filter(|_| new.is_some()));
                if new.is_some() {
                    self.mine.insert(key, version);
                }
            }
            5 => {
                let value = self.value(key);
                let version = self.version;
                let mut called = false;
                let found = map.get_or_insert_with(self.key(key), || {
                    called = true;
                    value
                });
                let found = version_for(key, found);
                if called {
                    assert_eq!(found, version);
                    self.expect(key, None);
                    self.mine.insert(key, version);
                } else {
                    self.expect(key, Some(found));
                }
            }
            6..9 => {
                let old = map.remove(&Probe(key)).map(|old| version_for(key, old));
                self.expect(key, old);
                self.mine.remove(&key);
            }
            _ => {
                let old = map.remove_entry(&Probe(key));
                let old = old.map(|(removed, old)| {
                    assert_eq!(removed.item.check(), key);
                    version_for(key, old)
                });
                self.expect(key, old);
                self.mine.remove(&key);
            }
        }
    }

    /// Reads any key, some more than once under one pin.
    fn read(&mut self) {
        let map = self.map.pin();
        let key = self.rng.below(self.setup.keys);
        for _ in 0..=self.rng.below(2) {
            let found = map.get_key_value(&Probe(key));
            jitter();
            let found = found.map(|(found, value)| {
                assert_eq!(found.item.check(), key);
                version_for(key, value)
            });
            self.observe(key, found);
        }
    }

    fn observe(&mut self, key: u64, found: Option<u64>) {
        if key % THREADS == self.id {
            self.expect(key, found);
        } else if let Some(version) = found {
            let newest = self.seen.entry(key).or_default();
            assert!(version >= *newest, "key {key}: version {version} after {newest}");
            *newest = version;
        }
    }

    fn whole_map(&mut self) {
        let map = self.map.pin();
        match self.rng.below(12) {
            0..4 => map.shrink_to_fit(),
            4 => map.reserve(self.rng.below(2 * self.setup.keys) as usize),
            5 if self.setup.clear => map.clear(),
            5..9 => {
                let mut yielded = 0;
                for (key, value) in &map {
                    let key = key.item.check();
                    self.observe(key, Some(version_for(key, value)));
                    yielded += u64::from(key % THREADS == self.id);
                    jitter();
                }
                // Nobody else writes them, so that those yielded must be all of them, once each.
                assert!(self.setup.clear || yielded == self.mine.len() as u64, "{yielded} of ours");
            }
            _ => {
                let (id, victims) = (self.id, self.rng.next());
                let chosen = |key: u64| key % THREADS == id && mix(key ^ victims) % 4 == 0;
                let mut rejected = StdMap::new();
                map.retain(|key, value| {
                    let key = key.item.check();
                    if chosen(key) {
                        rejected.insert(key, version_for(key, value));
                    }
                    !chosen(key)
                });
                for (key, version) in rejected {
                    self.expect(key, Some(version));
                    self.mine.remove(&key);
                }
                assert!(self.setup.clear || !self.mine.keys().any(|key| chosen(*key)), "retain missed a key");
                self.mine.retain(|key, _| !chosen(*key)); // those had been cleared away
            }
        }
    }

    fn run(mut self) -> StdMap<u64, u64> {
        JITTER.set(Rng::new(self.rng.next()));
        for _ in 0..OPERATIONS {
            match self.rng.below(self.setup.keys.max(100)) {
                0 => self.whole_map(),
                n if n % 2 == 0 => self.read(),
                _ => self.write(),
            }
            jitter();
        }
        self.mine
    }
}

/// One map from empty to its end.
fn round(setup: Setup, hashing: Hashing, seed: u64) {
    let ledger = Ledger::new(THREADS as usize * OPERATIONS * 6);
    let map = HashMap::with_hasher(hashing);
    let start = Barrier::new(THREADS as usize);
    let models: Vec<StdMap<u64, u64>> = thread::scope(|scope| {
        let spawn = |id| {
            let rng = Rng::new(seed ^ mix(id + 1));
            let (mine, seen) = (StdMap::new(), StdMap::new());
            let worker = Worker { id, setup, map: &map, ledger, rng, mine, seen, version: 0 };
            let start = &start;
            scope.spawn(move || {
                start.wait();
                worker.run()
            })
        };
        let workers: Vec<_> = (0..THREADS).map(spawn).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker failed")).collect()
    });

    let pinned = map.pin();
    let mut present = 0;
    for key in 0..setup.keys {
        let known = models[(key % THREADS) as usize].get(&key).copied();
        let found = pinned.get(&Probe(key)).map(|value| version_for(key, value));
        assert!(found == known || setup.clear && found.is_none(), "key {key}: {found:?}, not {known:?}");
        present += usize::from(found.is_some());
    }
    assert_eq!(map.len(), present);
    assert_eq!(pinned.iter().count(), present);
    drop(pinned);
    finish_resizing(&map);
    ledger.assert_settles_at(2 * present);
    drop(map);
    ledger.assert_balanced();
}

fn stress(test: &str, setup: Setup) {
    let mut rng = Rng::new(fresh_seed(test));
    let end = Instant::now() + TIME;
    let mut rounds = 0;
    while Instant::now() < end {
        let seed = rng.next();
        let hashing = Hashing::ALL_BUT_CONSTANT[rng.below(5) as usize];
        println!("round {rounds}: {hashing:?}, seed {seed}");
        round(setup, hashing, seed);
        rounds += 1;
    }
    println!("{rounds} rounds");
    assert!(rounds > 0);
}

#[test]
fn few_keys() {
    stress("few_keys", Setup { keys: 32, clear: false });
}

#[test]
fn few_keys_with_clear() {
    stress("few_keys_with_clear", Setup { keys: 32, clear: true });
}

#[test]
fn many_keys() {
    stress("many_keys", Setup { keys: scaled(4_000, 1_000) as u64, clear: false });
}

#[test]
fn many_keys_with_clear() {
    stress("many_keys_with_clear", Setup { keys: scaled(4_000, 1_000) as u64, clear: true });
}
