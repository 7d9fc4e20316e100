//! Random sequences of operations against std's map, over every shape of hasher: each result is compared,
//! and `len()` after each step. Failures shrink to a short sequence and are kept in `proptest-regressions`.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::{assert_same, mix, scaled};
use loxley::{Computed, Decision, HashMap};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use std::collections::HashMap as StdMap;

type Map = HashMap<u64, u64, Hashing>;

#[derive(Clone, Copy, Debug)]
enum Op {
    Insert(u64, u64),
    TryInsert(u64, u64),
    Update(u64, u64),
    GetOrInsertWith(u64, u64),
    /// With the entry API, and a known hash.
    UpdateOrInsert(u64, u64),
    /// What is decided depends on the number and the current value.
    Compute(u64, u64),
    ReplaceIf(u64, u64),
    RemoveIf(u64, u64),
    Remove(u64),
    RemoveEntry(u64),
    Get(u64),
    ContainsKey(u64),
    /// Many operations in one step, so that sequences short enough to shrink still cross thresholds.
    InsertRun(Run, u64),
    RemoveRun(Run),
    Retain {
        modulus: u64,
        keep_below: u64,
    },
    Iter,
    Reserve(usize),
    ShrinkTo(usize),
    Clear,
}

/// The keys of `count` consecutive numbers.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: u64,
    count: u64,
    spread: bool,
}

impl Run {
    fn keys(self) -> impl Iterator<Item = u64> {
        (self.first..self.first + self.count).map(move |i| key(i, self.spread))
    }
}

/// Spread over all 64 bits, or small: to the hashers that look at some bits only these are different worlds.
const fn key(i: u64, spread: bool) -> u64 {
    if spread { mix(i) } else { i }
}

/// What an operation answered, in a form that both maps can give.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Nothing,
    Value(Option<u64>),
    Entry(Option<(u64, u64)>),
    Inserted(Result<u64, (u64, u64)>),
    Yes(bool),
    Count(usize),
    Entries(Vec<(u64, u64)>),
}

const fn kept(key: u64, value: u64, modulus: u64, keep_below: u64) -> bool {
    (key ^ value) % modulus < keep_below
}

fn decide(number: u64, current: Option<u64>) -> Decision<u64, u64> {
    match (number % 3, current) {
        (0, _) => Decision::Insert(current.unwrap_or(1) ^ number),
        (1, _) => Decision::Remove,
        _ => Decision::Abort(number),
    }
}

fn sorted(entries: impl Iterator<Item = (u64, u64)>) -> Answer {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_unstable();
    Answer::Entries(entries)
}

impl Op {
    fn on_std(self, map: &mut StdMap<u64, u64>) -> Answer {
        match self {
            Self::Insert(key, value) => Answer::Value(map.insert(key, value)),
            Self::TryInsert(key, value) => Answer::Inserted(match map.get(&key) {
                Some(current) => Err((*current, value)),
                None => {
                    map.insert(key, value);
                    Ok(value)
                }
            }),
            Self::Update(key, add) => Answer::Value(map.get_mut(&key).map(|value| {
                *value = value.wrapping_add(add);
                *value
            })),
            Self::GetOrInsertWith(key, value) => Answer::Value(Some(*map.entry(key).or_insert(value))),
            Self::UpdateOrInsert(key, number) => {
                Answer::Value(Some(*map.entry(key).and_modify(|value| *value ^= number).or_insert(number)))
            }
            Self::Compute(key, number) => match decide(number, map.get(&key).copied()) {
                Decision::Insert(value) => Answer::Value(map.insert(key, value)),
                Decision::Remove => Answer::Value(map.remove(&key)),
                Decision::Abort(number) => Answer::Value(Some(number)),
            },
            Self::ReplaceIf(key, number) => match map.get_mut(&key) {
                Some(value) if *value % 2 == number % 2 => Answer::Inserted(Ok(std::mem::replace(value, number))),
                current => Answer::Inserted(Err((current.map_or(0, |value| *value), number))),
            },
            Self::RemoveIf(key, modulus) => match map.get(&key) {
                Some(value) if value % modulus == 0 => Answer::Entry(map.remove_entry(&key)),
                _ => Answer::Entry(None),
            },
            Self::Remove(key) => Answer::Value(map.remove(&key)),
            Self::RemoveEntry(key) => Answer::Entry(map.remove_entry(&key)),
            Self::Get(key) => Answer::Value(map.get(&key).copied()),
            Self::ContainsKey(key) => Answer::Yes(map.contains_key(&key)),
            Self::InsertRun(run, value) => {
                Answer::Count(run.keys().filter(|key| map.insert(*key, value).is_none()).count())
            }
            Self::RemoveRun(run) => Answer::Count(run.keys().filter_map(|key| map.remove(&key)).count()),
            Self::Retain { modulus, keep_below } => {
                map.retain(|key, value| kept(*key, *value, modulus, keep_below));
                Answer::Count(map.len())
            }
            Self::Iter => sorted(map.iter().map(|(key, value)| (*key, *value))),
            Self::Reserve(_) | Self::ShrinkTo(_) => Answer::Nothing,
            Self::Clear => {
                map.clear();
                Answer::Nothing
            }
        }
    }

    fn on_loxley(self, map: &Map) -> Answer {
        let map = map.pin();
        match self {
            Self::Insert(key, value) => Answer::Value(map.insert(key, value).copied()),
            Self::TryInsert(key, value) => Answer::Inserted(
                map.try_insert(key, value).copied().map_err(|error| (*error.current, error.not_inserted)),
            ),
            Self::Update(key, add) => Answer::Value(map.update(key, |value| value.wrapping_add(add)).copied()),
            Self::GetOrInsertWith(key, value) => Answer::Value(Some(*map.get_or_insert_with(key, || value))),
            Self::UpdateOrInsert(key, number) => {
                let entry = map.hashed(map.hash_of(&key)).entry(key);
                Answer::Value(Some(*entry.and_modify(|value| value ^ number).or_insert(number)))
            }
            Self::Compute(key, number) => {
                match map.compute(key, |current| decide(number, current.map(|(_, value)| *value))) {
                    Computed::Inserted { .. } | Computed::Absent => Answer::Value(None),
                    Computed::Replaced { old: (_, value), .. } | Computed::Removed { value, .. } => {
                        Answer::Value(Some(*value))
                    }
                    Computed::Aborted(number) => Answer::Value(Some(number)),
                }
            }
            Self::ReplaceIf(key, number) => {
                let exchanged = map.replace_if(key, number, |_, value| value % 2 == number % 2).copied();
                Answer::Inserted(
                    exchanged.map_err(|error| (error.current.copied().unwrap_or(0), error.not_inserted)),
                )
            }
            Self::RemoveIf(key, modulus) => {
                let removed = map.remove_if(&key, |_, value| value % modulus == 0);
                Answer::Entry(removed.map(|(key, value)| (*key, *value)))
            }
            Self::Remove(key) => Answer::Value(map.remove(&key).copied()),
            Self::RemoveEntry(key) => Answer::Entry(map.remove_entry(&key).map(|(key, value)| (*key, *value))),
            Self::Get(key) => Answer::Value(map.get(&key).copied()),
            Self::ContainsKey(key) => Answer::Yes(map.contains_key(&key)),
            Self::InsertRun(run, value) => {
                Answer::Count(run.keys().filter(|key| map.insert(*key, value).is_none()).count())
            }
            Self::RemoveRun(run) => Answer::Count(run.keys().filter_map(|key| map.remove(&key)).count()),
            Self::Retain { modulus, keep_below } => {
                map.retain(|key, value| kept(*key, *value, modulus, keep_below));
                Answer::Count(map.iter().count())
            }
            Self::Iter => sorted(map.iter().map(|(key, value)| (*key, *value))),
            Self::Reserve(additional) => {
                map.reserve(additional);
                assert!(map.capacity() >= map.len() + additional, "reserved {additional}");
                Answer::Nothing
            }
            Self::ShrinkTo(least) => {
                let before = map.capacity();
                map.shrink_to(least);
                assert!(map.capacity() >= least.min(before));
                Answer::Nothing
            }
            Self::Clear => {
                map.clear();
                Answer::Nothing
            }
        }
    }
}

/// The reference: std's map and what it answered last, with keys made from `0..DOMAIN` and a run beyond.
#[derive(Clone, Debug)]
struct Model<const DOMAIN: u64> {
    hashing: Hashing,
    presized: usize,
    spread: bool,
    map: StdMap<u64, u64>,
    answer: Answer,
}

const fn longest_run(domain: u64) -> u64 {
    let limit = scaled(600, 150) as u64;
    if domain < limit { domain } else { limit }
}

impl<const DOMAIN: u64> ReferenceStateMachine for Model<DOMAIN> {
    type State = Self;
    type Transition = Op;

    fn init_state() -> BoxedStrategy<Self> {
        let hashing = prop::sample::select(&Hashing::ALL_BUT_CONSTANT);
        let presized = prop_oneof![Just(0), 1..300_usize];
        (hashing, presized, any::<bool>())
            .prop_map(|(hashing, presized, spread)| Self {
                hashing,
                presized,
                spread,
                map: StdMap::new(),
                answer: Answer::Nothing,
            })
            .boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Op> {
        let spread = state.spread;
        let key = (0..DOMAIN).prop_map(move |i| key(i, spread));
        let value = any::<u64>();
        let run =
            (0..DOMAIN, 1..=longest_run(DOMAIN)).prop_map(move |(first, count)| Run { first, count, spread });
        prop_oneof![
            8 => (key.clone(), value).prop_map(|(key, value)| Op::Insert(key, value)),
            4 => (key.clone(), value).prop_map(|(key, value)| Op::TryInsert(key, value)),
            4 => (key.clone(), value).prop_map(|(key, value)| Op::Update(key, value)),
            4 => (key.clone(), value).prop_map(|(key, value)| Op::GetOrInsertWith(key, value)),
            4 => (key.clone(), value).prop_map(|(key, number)| Op::UpdateOrInsert(key, number)),
            8 => (key.clone(), value).prop_map(|(key, number)| Op::Compute(key, number)),
            4 => (key.clone(), value).prop_map(|(key, number)| Op::ReplaceIf(key, number)),
            2 => (key.clone(), 1..5_u64).prop_map(|(key, modulus)| Op::RemoveIf(key, modulus)),
            6 => key.clone().prop_map(Op::Remove),
            3 => key.clone().prop_map(Op::RemoveEntry),
            4 => key.clone().prop_map(Op::Get),
            2 => key.prop_map(Op::ContainsKey),
            4 => (run.clone(), value).prop_map(|(run, value)| Op::InsertRun(run, value)),
            3 => run.prop_map(Op::RemoveRun),
            1 => (1..8_u64, 0..8_u64).prop_map(|(modulus, keep_below)| Op::Retain { modulus, keep_below }),
            2 => Just(Op::Iter),
            1 => (0..1000_usize).prop_map(Op::Reserve),
            2 => prop_oneof![Just(0), 0..1000_usize].prop_map(Op::ShrinkTo),
            1 => Just(Op::Clear),
        ]
        .boxed()
    }

    fn apply(mut state: Self, op: &Op) -> Self {
        state.answer = op.on_std(&mut state.map);
        state
    }
}

impl<const DOMAIN: u64> StateMachineTest for Model<DOMAIN> {
    type SystemUnderTest = Map;
    type Reference = Self;

    fn init_test(reference: &Self) -> Map {
        Map::with_capacity_and_hasher(reference.presized, reference.hashing)
    }

    fn apply(map: Map, reference: &Self, op: Op) -> Map {
        assert_eq!(op.on_loxley(&map), reference.answer);
        map
    }

    fn check_invariants(map: &Map, reference: &Self) {
        assert_eq!(map.len(), reference.map.len());
        assert_eq!(map.is_empty(), reference.map.is_empty());
        assert!(map.capacity() >= map.len());
    }

    fn teardown(map: Map, reference: Self) {
        assert_same(&map, &reference.map);
        assert_same(&map.clone(), &reference.map);
    }
}

fn config() -> Config {
    Config {
        cases: scaled(500, 150) as u32,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("proptest-regressions/model.txt"))),
        ..Config::default()
    }
}

prop_state_machine! {
    #![proptest_config(config())]

    /// Few keys: every operation meets keys that are there, and tombstones of their own.
    #[test]
    fn few_keys(sequential 1..200 => Model<40>);

    /// Many keys: tables grow and shrink many times, and neighbours overflow into each other.
    #[test]
    fn many_keys(sequential 1..200 => Model<5000>);
}
