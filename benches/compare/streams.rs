//! The operations of a row, drawn before any map exists: every contender replays the same ones.

use std::collections::VecDeque;
use std::hint::black_box;

use crate::contender::{Contender, View};
use crate::keys::{ABSENT, FRESH, Rng, key, value};

/// One operation of a mixed stream.
#[derive(Clone, Copy)]
pub(crate) enum Op {
    Get(u64),
    Insert(u64),
    Remove(u64),
    Update(u64),
}

/// What one thread does while the clock runs. Lookups and insertions have loops of their own, so
/// that no branch on the kind of operation blurs the cheapest figures.
pub(crate) enum Work {
    Get { keys: Vec<u64>, passes: usize },
    Insert { keys: Vec<u64> },
    Mixed { ops: Vec<Op>, removed: usize },
    Iterate { entries: usize, passes: usize },
}

/// How many of a hundred operations insert, remove and update; the others get.
#[derive(Clone, Copy)]
pub(crate) struct Mix {
    pub(crate) insert: usize,
    pub(crate) remove: usize,
    pub(crate) update: usize,
}

impl Work {
    /// `count` lookups of keys drawn from `entries` keys that start at index `base`.
    ///
    /// The stream is short and repeated, as one that fits in no cache would share the caches with
    /// the map; it is still too long for a branch predictor to learn.
    pub(crate) fn get(base: u64, entries: usize, count: usize, thread: u64) -> Self {
        const STREAM: usize = 1 << 17;
        let mut rng = Rng::new(thread);
        let stream = count.min(STREAM);
        let keys = (0..stream).map(|_| key(base + rng.below(entries) as u64)).collect();
        Self::Get { keys, passes: count / stream }
    }

    /// Lookups that all miss.
    pub(crate) fn get_absent(entries: usize, count: usize, thread: u64) -> Self {
        Self::get(ABSENT, entries, count, thread)
    }

    /// `count` operations on the keys that this thread owns: it starts with `entries` of them and
    /// has as many in reserve. Every operation does what its name says: gets, removals and updates
    /// hit, insertions are new. As insertions and removals balance, the map keeps its size.
    ///
    /// A thread owns its keys so that results do not depend on timing and can be compared; the keys
    /// of all threads still share buckets and shards.
    pub(crate) fn mixed(mix: Mix, entries: usize, count: usize, thread: u64) -> Self {
        let mut rng = Rng::new(thread);
        let mut live: Vec<u64> = owned(0, entries, thread).collect();
        let mut dead: Vec<u64> = owned(FRESH, entries, thread).collect();
        let below_insert = mix.insert;
        let below_remove = below_insert + mix.remove;
        let below_update = below_remove + mix.update;
        let ops = (0..count).map(|_| {
            let die = rng.below(100);
            if die < below_insert && !dead.is_empty() {
                let born = dead.swap_remove(rng.below(dead.len()));
                live.push(born);
                Op::Insert(born)
            } else if die < below_remove && live.len() > 1 {
                let died = live.swap_remove(rng.below(live.len()));
                dead.push(died);
                Op::Remove(died)
            } else if die < below_update {
                Op::Update(rng.pick(&live))
            } else {
                Op::Get(rng.pick(&live))
            }
        });
        Self::from_ops(ops.collect())
    }

    /// Inserts a key never seen before, then removes the oldest, again and again: what wears out
    /// maps that leave tombstones.
    pub(crate) fn churn(entries: usize, count: usize, thread: u64) -> Self {
        let mut live: VecDeque<u64> = owned(0, entries, thread).collect();
        let mut ops = Vec::with_capacity(count);
        for born in owned(FRESH, count / 2, thread) {
            live.push_back(born);
            ops.push(Op::Insert(born));
            ops.extend(live.pop_front().map(Op::Remove));
        }
        Self::from_ops(ops)
    }

    fn from_ops(ops: Vec<Op>) -> Self {
        let removes = |op: &&Op| matches!(op, Op::Remove(_) | Op::Update(_));
        let removed = ops.iter().filter(removes).count();
        Self::Mixed { ops, removed }
    }

    /// How many operations a run does.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Get { keys, passes } => keys.len() * passes,
            Self::Insert { keys } => keys.len(),
            Self::Mixed { ops, .. } => ops.len(),
            Self::Iterate { entries, passes } => entries * passes,
        }
    }

    /// Does once, untimed, what leaves the map as it is, to have it in the caches.
    pub(crate) fn warm_up<C: Contender>(&self, map: &C) {
        match self {
            Self::Get { keys, .. } => _ = black_box(get_all(map, keys)),
            Self::Iterate { .. } => _ = black_box(map.view().census()),
            Self::Insert { .. } | Self::Mixed { .. } => {}
        }
    }

    /// Does it all and returns a checksum of all results, which keeps the optimizer from removing
    /// any and must be the same for every contender.
    pub(crate) fn run<C: Contender>(&self, map: &C) -> u64 {
        match self {
            Self::Get { keys, passes } => sum((0..*passes).map(|_| get_all(map, black_box(keys)))),
            Self::Insert { keys } => insert_all(map, keys),
            Self::Mixed { ops, removed } => {
                let checksum = apply_all(map, ops);
                // Who leaves the dead to be buried later must not look faster than who buries them.
                map.settle(*removed);
                checksum
            }
            Self::Iterate { passes, .. } => sum((0..*passes).map(|_| {
                let census = map.view().census();
                census.digest ^ census.entries
            })),
        }
    }
}

/// The keys that belong to a thread when each thread has `count` of those that start at index
/// `base`.
pub(crate) fn owned(base: u64, count: usize, thread: u64) -> impl Iterator<Item = u64> {
    let first = base + thread * count as u64;
    (first..first + count as u64).map(key)
}

/// Inserts all `keys`.
pub(crate) fn insert_all<C: Contender>(map: &C, keys: &[u64]) -> u64 {
    in_views(map, keys, |view, &key| view.put(key, value(key)))
}

fn get_all<C: Contender>(map: &C, keys: &[u64]) -> u64 {
    in_views(map, keys, |view, &key| view.find(key))
}

fn apply_all<C: Contender>(map: &C, ops: &[Op]) -> u64 {
    in_views(map, ops, |view, op| match *op {
        Op::Get(key) => view.find(key),
        Op::Insert(key) => view.put(key, value(key)),
        Op::Remove(key) => view.take(key),
        Op::Update(key) => view.bump(key),
    })
}

/// Applies `operation` to all `items`, with a fresh view for every [`Contender::OPS_PER_VIEW`] of
/// them, and adds up the results.
#[inline(always)]
fn in_views<'map, C: Contender, T>(
    map: &'map C,
    items: &[T],
    operation: impl Fn(&mut C::View<'map>, &T) -> Option<u64>,
) -> u64 {
    sum(items.chunks(C::OPS_PER_VIEW).map(|items| {
        let mut view = map.view();
        // An absent key counts too: a miss must not look like a hit of value zero.
        sum(items.iter().map(|item| operation(&mut view, item).unwrap_or(1)))
    }))
}

fn sum(terms: impl Iterator<Item = u64>) -> u64 {
    terms.fold(0, u64::wrapping_add)
}
