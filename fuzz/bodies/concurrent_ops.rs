//! Two or three threads, each with operations of its own on one map: an order of the calls must explain what they saw,
//! for each key.
//!
//! Threads of one process seldom meet inside an operation. So the user code that operations call (`Eq` and closures)
//! gives up the processor where the input says so, and every input is run some times.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Barrier;
use std::thread;

use arbitrary::{Arbitrary, Result, Unstructured};
use loxley::{Computed, Decision, HashMap};

use crate::common::hashing::Hashing;
use crate::common::linearizability::{self, Clock, Effect, Left, Log, Saw};
use crate::common::ops::{Op, Run};
use crate::script::{Decoder, Setup, Step, check};

/// How often each input is run.
const ROUNDS: usize = 3;

#[derive(Debug)]
pub(crate) struct Scenario {
    setup: Setup,
    /// What the map holds before.
    first: Option<Run>,
    scripts: [Script; 3],
}

#[derive(Debug, Default)]
struct Script {
    /// A bit for each call of user code, in turn: whether it yields.
    yields: u32,
    ops: Vec<Op>,
}

impl<'a> Arbitrary<'a> for Scenario {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let yields = <[u32; 3]>::arbitrary(input)?;
        let mut decoder = Decoder::new(input, 600)?;
        let first = if bool::arbitrary(decoder.input)? { Some(decoder.run()?) } else { None };
        let mut scripts = yields.map(|yields| Script { yields, ops: Vec::new() });
        while let Some(step) = decoder.next() {
            let Ok(thread) = decoder.input.int_in_range(0..=2) else { break };
            // Other steps are for maps that nobody else works on.
            if let Step::Operate(op) = step {
                scripts[thread].ops.push(op);
            }
        }
        Ok(Self { setup: decoder.setup, first, scripts })
    }
}

/// How often a thread yields in a round: on a busy machine each time is as long as the others' time slices.
const MOST_YIELDS: usize = 16;

thread_local! {
    /// See [`Script::yields`], and how many are left.
    static YIELDS: Cell<(u32, usize)> = const { Cell::new((0, 0)) };
}

/// A call of user code.
fn called() {
    let (yields, left) = YIELDS.get();
    let yielding = yields & 1 == 1 && left > 0;
    YIELDS.set((yields.rotate_right(1), left - usize::from(yielding)));
    if yielding {
        thread::yield_now();
    }
}

#[derive(Clone, Copy, Debug, PartialOrd, Ord)]
struct Key(u64);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        called();
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        called();
        self.0.hash(state);
    }
}

type Map = HashMap<Key, u64, Hashing>;

impl Scenario {
    pub(crate) fn run(self) {
        let threads: Vec<_> =
            self.scripts.iter().enumerate().filter(|(_, script)| !script.ops.is_empty()).collect();
        let Setup { hashing, presized } = self.setup;
        let maps = [(); ROUNDS].map(|()| Map::with_capacity_and_hasher(presized, hashing));
        let keys = self.keys();
        let clocks = [(); ROUNDS].map(|()| Clock::default());
        let mut logs = Vec::from_iter(maps.iter().zip(&clocks).map(|(map, clock)| {
            let mut log = Log::new(threads.len(), clock);
            if let Some(run) = self.first {
                operate(Op::InsertRun(run, u64::MAX), map, &keys, &mut log, clock);
            }
            vec![log]
        }));
        let barrier = Barrier::new(threads.len());
        let work = |&(thread, script): &(usize, &Script)| {
            let rounds = maps.iter().zip(&clocks).enumerate().map(|(round, (map, clock))| {
                let mut log = Log::new(thread, clock);
                YIELDS.set((script.yields.rotate_left(round as u32), MOST_YIELDS));
                barrier.wait();
                for &op in &script.ops {
                    operate(op, map, &keys, &mut log, clock);
                }
                log
            });
            rounds.collect::<Vec<_>>()
        };
        thread::scope(|scope| {
            let workers: Vec<_> = threads.iter().map(|thread| scope.spawn(|| work(thread))).collect();
            for worker in workers {
                let of_thread = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                logs.iter_mut().zip(of_thread).for_each(|(logs, log)| logs.push(log));
            }
        });
        for ((map, clock), mut logs) in maps.iter().zip(&clocks).zip(logs) {
            let mut log = Log::new(threads.len(), clock);
            for &key in &keys {
                log.call(key, || Effect::get(map.pin().get(&Key(key)).copied()));
            }
            operate(Op::Iter, map, &keys, &mut log, clock);
            logs.push(log);
            if let Err(violation) = linearizability::check(logs.into_iter().flatten()) {
                panic!("{violation}");
            }
            assert_eq!(map.len(), map.pin().iter().count());
            assert!(map.capacity() >= map.len());
            check(map);
        }
    }

    /// All keys that any thread names.
    fn keys(&self) -> BTreeSet<u64> {
        let ops = self.scripts.iter().flat_map(|script| &script.ops);
        let mut keys: BTreeSet<u64> = self.first.into_iter().flat_map(Run::keys).collect();
        ops.for_each(|&op| match op {
            Op::Insert(key, _)
            | Op::TryInsert(key, _)
            | Op::Update(key, _)
            | Op::GetOrInsertWith(key, _)
            | Op::UpdateOrInsert(key, _)
            | Op::Compute(key, _)
            | Op::ReplaceIf(key, _)
            | Op::RemoveIf(key, _)
            | Op::Remove(key)
            | Op::RemoveEntry(key)
            | Op::Get(key)
            | Op::GetKeyValue(key)
            | Op::ContainsKey(key) => _ = keys.insert(key),
            Op::InsertRun(run, _) | Op::RemoveRun(run) | Op::Extend(run, _) => keys.extend(run.keys()),
            Op::Retain { .. } | Op::Iter | Op::IterClone | Op::Reserve(_) | Op::ShrinkTo(_) | Op::Clear => {}
        });
        keys
    }
}

/// Runs an operation and writes down what it did to each key.
fn operate(op: Op, map: &Map, keys: &BTreeSet<u64>, log: &mut Log<'_, u64>, clock: &Clock) {
    let map = map.pin();
    match op {
        Op::Insert(key, value) => {
            log.call(key, || Effect::insert(value, map.insert(Key(key), value).copied()));
        }
        Op::TryInsert(key, value) => log.call(key, || {
            let inserted = map.try_insert(Key(key), value);
            Effect::try_insert(value, inserted.map(|_| ()).map_err(|error| *error.current))
        }),
        Op::Update(key, value) => log.call(key, || {
            let mut seen = None;
            let new = map.update(Key(key), |old| {
                seen = Some(*old);
                called();
                value
            });
            Effect::update(value, new.and(seen))
        }),
        Op::GetOrInsertWith(key, value) => log.call(key, || {
            let found = map.get_or_insert_with(Key(key), || {
                called();
                value
            });
            Effect::get_or_insert_with(value, *found)
        }),
        // Here every value is one that is written once, so these write their number.
        Op::UpdateOrInsert(key, value) => log.call(key, || {
            // By the last attempt: the entry that `update` saw may have been removed since.
            let seen = Cell::new(None);
            map.update_or_insert_with(
                Key(key),
                |old| {
                    seen.set(Some(*old));
                    called();
                    value
                },
                || {
                    seen.set(None);
                    value
                },
            );
            Effect::insert(value, seen.get())
        }),
        Op::Compute(key, value) => log.call(key, || {
            let computed = map.compute(Key(key), |_| {
                called();
                Decision::<u64, ()>::Insert(value)
            });
            match computed {
                Computed::Replaced { old: (_, old), .. } => Effect::insert(value, Some(*old)),
                _ => Effect::insert(value, None),
            }
        }),
        Op::ReplaceIf(key, value) => {
            log.call(key, || Effect::update(value, map.replace_if(Key(key), value, |_, _| true).ok().copied()))
        }
        Op::RemoveIf(key, _) => {
            log.call(key, || Effect::remove(map.remove_if(&Key(key), |_, _| true).map(|(_, value)| *value)));
        }
        Op::Remove(key) => log.call(key, || Effect::remove(map.remove(&Key(key)).copied())),
        Op::RemoveEntry(key) => {
            log.call(key, || Effect::remove(map.remove_entry(&Key(key)).map(|(_, value)| *value)));
        }
        Op::Get(key) => log.call(key, || Effect::get(map.get(&Key(key)).copied())),
        Op::GetKeyValue(key) => {
            log.call(key, || Effect::get(map.get_key_value(&Key(key)).map(|(_, value)| *value)));
        }
        Op::ContainsKey(key) => log.call(key, || Effect::contains_key(map.contains_key(&Key(key)))),
        Op::InsertRun(run, value) => {
            for key in run.keys() {
                log.call(key, || Effect::insert(value, map.insert(Key(key), value).copied()));
            }
        }
        Op::RemoveRun(run) => {
            for key in run.keys() {
                log.call(key, || Effect::remove(map.remove(&Key(key)).copied()));
            }
        }
        Op::Extend(run, value) => {
            let start = clock.now();
            map.map().extend(run.keys().map(|key| (Key(key), value)));
            let effect = Effect { saw: Saw::Unknown, left: Left::Value(value) };
            note_all(run.keys().map(|key| (key, effect)), start, log, clock);
        }
        Op::Retain { .. } | Op::Clear => {
            let start = clock.now();
            let mut last = BTreeMap::new();
            if let Op::Clear = op {
                map.clear();
            } else {
                map.retain(|key, value| {
                    let kept = op.keeps(key.0, *value);
                    last.insert(key.0, kept.then_some(*value));
                    called();
                    kept
                });
            }
            // What it was asked to remove is gone when it returns, whoever removed it. `clear` does not say what it found.
            let effect = |key| match last.get(key) {
                Some(Some(kept)) => Effect::get(Some(*kept)),
                None if matches!(op, Op::Retain { .. }) => Effect::get(None),
                _ => Effect { saw: Saw::Unknown, left: Left::Absent },
            };
            note_all(keys.iter().map(|key| (*key, effect(key))), start, log, clock);
        }
        Op::Iter | Op::IterClone => {
            let start = clock.now();
            let mut found = BTreeMap::new();
            let mut yielded = |(key, value): (&Key, &u64)| {
                assert_eq!(found.insert(key.0, *value), None, "yielded twice");
                called();
            };
            if let Op::Iter = op {
                map.iter().for_each(&mut yielded);
            } else {
                map.map().clone().pin().iter().for_each(&mut yielded);
            }
            assert!(found.keys().all(|key| keys.contains(key)), "a key of nobody's");
            note_all(keys.iter().map(|key| (*key, Effect::get(found.get(key).copied()))), start, log, clock);
        }
        Op::Reserve(additional) => map.reserve(additional),
        Op::ShrinkTo(least) => map.shrink_to(least),
    }
}

fn note_all(effects: impl Iterator<Item = (u64, Effect)>, start: u64, log: &mut Log<'_, u64>, clock: &Clock) {
    let end = clock.now();
    effects.for_each(|(key, effect)| log.note(key, start, end, effect));
}
