//! How inputs are read: a kind of hasher, a capacity, and then steps, one byte for the operation and one or two for a key.
#![allow(dead_code)] // not every target can use every part

use std::hash::{BuildHasher, Hash};

use arbitrary::{Arbitrary, Result, Unstructured};
use loxley::HashMap;

use crate::common::hashing::Hashing;
use crate::common::ops::{Op, Run, key};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Operate(Op),
    ReplaceByClone,
    /// A migration begins, and nothing is migrated yet, see [`begin_resize`].
    BeginResize(u32),
}

/// What a map is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) hashing: Hashing,
    pub(crate) presized: usize,
}

#[derive(Debug)]
pub(crate) struct Decoder<'a, 'b> {
    pub(crate) input: &'b mut Unstructured<'a>,
    pub(crate) setup: Setup,
    /// Keys come from many, or from few.
    wide: bool,
    spread: bool,
    longest_run: u64,
    /// Each value is another, so that no old one passes for a new one.
    values: u64,
    /// What may still follow, in operations on single keys or so: an input must not take long.
    budget: u64,
}

impl<'a, 'b> Decoder<'a, 'b> {
    /// Reads the beginning of an input. All sizes follow from the budget.
    pub(crate) fn new(input: &'b mut Unstructured<'a>, budget: u64) -> Result<Self> {
        let hashing = *input.choose(&[
            Hashing::Ahash,
            Hashing::Identity,
            Hashing::Constant,
            Hashing::Values(2),
            Hashing::TopByte,
            Hashing::BottomByte,
        ])?;
        let presized = match input.int_in_range(0..=3)? {
            0 | 1 => 0,
            2 => input.int_in_range(1..=30)?,
            _ => input.int_in_range(31..=budget as usize / 5)?,
        };
        // Long runs of keys that all collide would take quadratic time.
        let all_collide = matches!(hashing, Hashing::Constant | Hashing::Values(_));
        let longest_run = if all_collide { 60 } else { budget / 10 };
        let (wide, spread) = (bool::arbitrary(input)?, bool::arbitrary(input)?);
        Ok(Self { input, setup: Setup { hashing, presized }, wide, spread, longest_run, values: 0, budget })
    }

    fn number(&mut self) -> Result<u64> {
        Ok(if self.wide {
            u64::from(u16::arbitrary(self.input)?) % 5000
        } else {
            u64::from(u8::arbitrary(self.input)?) % 48
        })
    }

    fn key(&mut self) -> Result<u64> {
        Ok(key(self.number()?, self.spread))
    }

    fn scale(&self) -> u64 {
        if self.wide { 8 } else { 1 }
    }

    fn value(&mut self) -> u64 {
        self.values += 1;
        self.values
    }

    pub(crate) fn run(&mut self) -> Result<Run> {
        let (first, count) = (self.number()?, self.scale() * u64::from(u8::arbitrary(self.input)?));
        Ok(Run { first, count: count.min(self.longest_run), spread: self.spread })
    }

    fn read(&mut self) -> Result<Step> {
        Ok(Step::Operate(match self.input.int_in_range(0..=31)? {
            0..5 => Op::Insert(self.key()?, self.value()),
            5 | 6 => Op::TryInsert(self.key()?, self.value()),
            7 | 8 => Op::Update(self.key()?, self.value()),
            9 | 10 => Op::GetOrInsertWith(self.key()?, self.value()),
            11..14 => Op::Remove(self.key()?),
            14 => Op::RemoveEntry(self.key()?),
            15 => Op::Get(self.key()?),
            16 => Op::GetKeyValue(self.key()?),
            17 => Op::ContainsKey(self.key()?),
            18 => Op::InsertRun(self.run()?, self.value()),
            19 => Op::RemoveRun(self.run()?),
            20 => Op::Extend(self.run()?, self.value()),
            21 => {
                let modulus = self.input.int_in_range(1..=8)?;
                Op::Retain { modulus, keep_below: self.input.int_in_range(0..=modulus)? }
            }
            22 => Op::Iter,
            23 => Op::IterClone,
            24 => Op::Reserve(usize::from(u8::arbitrary(self.input)?) * self.scale() as usize),
            25 => Op::ShrinkTo(usize::from(u8::arbitrary(self.input)?)),
            26 => Op::Clear,
            27 => Op::UpdateOrInsert(self.key()?, self.value()),
            28 => Op::Compute(self.key()?, self.value()),
            29 => Op::ReplaceIf(self.key()?, self.value()),
            30 => Op::RemoveIf(self.key()?, self.input.int_in_range(1..=5)?),
            _ => {
                return Ok(match self.input.int_in_range(0..=3)? {
                    0 => Step::ReplaceByClone,
                    more => Step::BeginResize(more - 1),
                });
            }
        }))
    }
}

/// The steps, up to the end of the input or of the budget.
impl Iterator for Decoder<'_, '_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if self.budget == 0 || self.input.is_empty() {
            return None;
        }
        let step = self.read().ok()?;
        let cost = match step {
            Step::Operate(Op::InsertRun(run, _) | Op::RemoveRun(run) | Op::Extend(run, _)) => run.count,
            Step::Operate(Op::Retain { .. } | Op::Iter | Op::Reserve(_) | Op::ShrinkTo(_) | Op::Clear) => 200,
            Step::Operate(Op::IterClone) | Step::ReplaceByClone | Step::BeginResize(_) => 500,
            Step::Operate(_) => 1,
        };
        self.budget = self.budget.saturating_sub(cost);
        Some(step)
    }
}

/// The invariants of a map at rest, where there are hooks to see them.
pub(crate) fn check<K: Hash + Eq, V, S: BuildHasher>(map: &HashMap<K, V, S>) {
    #[cfg(loxley_hooks)]
    loxley::hooks::check(map);
    #[cfg(not(loxley_hooks))]
    let _ = map;
}

/// Begins a migration of a map that nobody else works on, to a table that is `1 << more` times as large as its entries
/// need, or so. Without hooks it is completed too.
pub(crate) fn begin_resize<K, V, S>(map: &HashMap<K, V, S>, more: u32)
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    // Enough with one slot a bucket, and so with any.
    #[cfg(loxley_hooks)]
    loxley::hooks::begin_resize(map, (2 * map.len()).next_power_of_two().ilog2() + more);
    #[cfg(not(loxley_hooks))]
    map.pin().reserve(map.len() << more);
}
