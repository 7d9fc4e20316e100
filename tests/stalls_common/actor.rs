//! What a thread does to the map, written down as it goes.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};

use super::stage::Stage;
use crate::common::ledger::Item;
use crate::common::linearizability::{Call, Effect, Left, Saw};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Op {
    Get(u8),
    Contains(u8),
    Insert(u8),
    TryInsert(u8),
    GetOrInsert(u8),
    Update(u8),
    Remove(u8),
    Iterate,
    /// `retain` of the odd keys.
    Retain,
    Clear,
    Reserve(usize),
    Shrink,
    /// `help_resize` until nothing is left to do.
    Help,
}

impl Op {
    pub(crate) fn key(self) -> Option<u8> {
        match self {
            Self::Get(key)
            | Self::Contains(key)
            | Self::Insert(key)
            | Self::TryInsert(key)
            | Self::GetOrInsert(key)
            | Self::Update(key)
            | Self::Remove(key) => Some(key),
            Self::Iterate | Self::Retain | Self::Clear | Self::Reserve(_) | Self::Shrink | Self::Help => None,
        }
    }

    /// What the operation may do to which keys while it has not returned.
    fn prospects(self, value: u64, keys: &[u8]) -> Vec<(u8, Effect)> {
        let removal = Effect { saw: Saw::Present, left: Left::Absent };
        let written = |saw| Effect { saw, left: Left::Value(value) };
        match self {
            Self::Insert(key) => vec![(key, written(Saw::Unknown))],
            Self::TryInsert(key) | Self::GetOrInsert(key) => vec![(key, written(Saw::Absent))],
            Self::Update(key) => vec![(key, written(Saw::Present))],
            Self::Remove(key) => vec![(key, removal)],
            Self::Clear => keys.iter().map(|&key| (key, removal)).collect(),
            Self::Retain => keys.iter().filter(|&key| key % 2 == 0).map(|&key| (key, removal)).collect(),
            Self::Get(_) | Self::Contains(_) | Self::Iterate | Self::Reserve(_) | Self::Shrink | Self::Help => {
                Vec::new()
            }
        }
    }
}

/// A thread's operations. Others may read what it has written down while it is stopped.
pub(crate) struct Actor {
    number: usize,
    written: AtomicU64,
    calls: Mutex<Vec<(u8, Call)>>,
}

impl Actor {
    pub(super) fn new(number: usize) -> Self {
        Self { number, written: AtomicU64::new(0), calls: Mutex::default() }
    }

    pub(super) fn calls(&self) -> Vec<(u8, Call)> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn perform(&self, stage: &Stage, op: Op) {
        let value = (self.number as u64) << 32 | self.written.fetch_add(1, SeqCst);
        let start = stage.clock.now();
        let call = |end, effect| Call { thread: self.number, start, end, effect };
        let noted = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            let noted = calls.len();
            let prospects = op.prospects(value, &stage.keys);
            calls.extend(prospects.into_iter().map(|(key, effect)| (key, call(Call::NEVER, effect))));
            noted
        };
        // Without effects: the map does not tell what it did, so that all remains that it may have done.
        let effects = self.run(stage, op, value);
        let end = stage.clock.now();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(effects) = effects {
            calls.truncate(noted);
            calls.extend(effects.into_iter().map(|(key, effect)| (key, call(end, effect))));
        }
    }

    fn run(&self, stage: &Stage, op: Op, value: u64) -> Option<Vec<(u8, Effect)>> {
        let map = stage.map.pin();
        let item = || stage.ledger.item(value);
        let effect = match op {
            Op::Get(key) => Effect::get(map.get(&key).map(Item::check)),
            Op::Contains(key) => Effect::contains_key(map.contains_key(&key)),
            Op::Insert(key) => Effect::insert(value, map.insert(key, item()).map(Item::check)),
            Op::TryInsert(key) => {
                let result = map.try_insert(key, item());
                Effect::try_insert(value, result.map(|_| ()).map_err(|error| error.current.check()))
            }
            Op::GetOrInsert(key) => Effect::get_or_insert_with(value, map.get_or_insert_with(key, item).check()),
            Op::Update(key) => {
                let mut seen = None;
                let update = |old: &Item| {
                    seen = Some(old.check());
                    item()
                };
                let new = map.update(key, update).map(Item::check);
                Effect::update(value, new.and(seen))
            }
            Op::Remove(key) => Effect::remove(map.remove(&key).map(Item::check)),
            Op::Iterate => {
                let mut yielded = vec![None; 256];
                for (&key, item) in &map {
                    let before = yielded[usize::from(key)].replace(item.check());
                    assert_eq!(before, None, "key {key:#x} was yielded twice");
                }
                let look = |&key: &u8| (key, Effect::get(yielded[usize::from(key)]));
                return Some(stage.keys.iter().map(look).collect());
            }
            Op::Retain => {
                map.retain(|key, _| key % 2 == 1);
                return None;
            }
            Op::Clear => {
                map.clear();
                return None;
            }
            Op::Reserve(additional) => {
                map.reserve(additional);
                return None;
            }
            Op::Shrink => {
                map.shrink_to_fit();
                return None;
            }
            Op::Help => {
                while map.help_resize() {}
                return None;
            }
        };
        op.key().map(|key| vec![(key, effect)])
    }
}
