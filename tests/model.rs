//! Random sequences of operations against std's map, over every shape of hasher: each result is compared,
//! and `len()` after each step. Failures shrink to a short sequence and are kept in `proptest-regressions`.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::ops::{Answer, Map, Op, Run, key};
use common::{assert_same, scaled};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use std::collections::HashMap as StdMap;

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
            2 => key.clone().prop_map(Op::ContainsKey),
            2 => key.prop_map(Op::GetKeyValue),
            4 => (run.clone(), value).prop_map(|(run, value)| Op::InsertRun(run, value)),
            3 => run.clone().prop_map(Op::RemoveRun),
            1 => (run, value).prop_map(|(run, value)| Op::Extend(run, value)),
            1 => (1..8_u64, 0..8_u64).prop_map(|(modulus, keep_below)| Op::Retain { modulus, keep_below }),
            2 => Just(Op::Iter),
            1 => Just(Op::IterClone),
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
