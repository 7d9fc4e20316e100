//! The operations of a row, drawn before any map exists: every contender replays the same ones.

use std::collections::VecDeque;

use rand_distr::{Distribution, Zipf};

use crate::keys::{ABSENT, FRESH, Rng, key};
use crate::kind::{Key, Value};
use crate::load::Mix;

/// The operations of a row.
pub(crate) struct Streams<K> {
    /// How many entries are in the map before the clock starts.
    pub(crate) prefill: usize,
    pub(crate) task: Task<K>,
}

/// What is timed.
pub(crate) enum Task<K> {
    /// The work of each thread.
    Run(Vec<Work<K>>),
    /// The end of a map of `prefill` entries.
    Drop { prefill: usize },
}

/// One operation of a mixed stream.
#[derive(Clone)]
pub(crate) enum Op<K> {
    Get(K),
    /// Of a new key, or of one that is there.
    Insert(K),
    Remove(K),
    Update(K),
}

/// What one thread does while the clock runs. Lookups and insertions have loops of their own, so
/// that no branch on the kind of operation blurs the cheapest figures.
pub(crate) enum Work<K> {
    Get {
        keys: Vec<K>,
        passes: usize,
    },
    /// Keys with the result of looking them up.
    Chain {
        links: Vec<(K, u64)>,
        passes: usize,
    },
    Insert {
        keys: Vec<K>,
    },
    Mixed {
        ops: Vec<Op<K>>,
        removed: usize,
    },
    /// Lookups of `key` that count, again and again.
    Add {
        key: K,
        count: usize,
    },
    Iterate {
        entries: usize,
        passes: usize,
    },
}

impl<K: Key> Work<K> {
    /// `count` lookups of keys that are there.
    pub(crate) fn get(entries: usize, count: usize, thread: u64) -> Self {
        Self::get_of(0, entries, count, thread)
    }

    /// Lookups that all miss.
    pub(crate) fn get_absent(entries: usize, count: usize, thread: u64) -> Self {
        Self::get_of(ABSENT, entries, count, thread)
    }

    /// Lookups of keys drawn from `entries` keys that start at index `base`.
    fn get_of(base: u64, entries: usize, count: usize, thread: u64) -> Self {
        let (stream, passes) = stream(entries, count);
        let mut rng = Rng::new(thread);
        let keys = (0..stream).map(|_| K::of(key(base + rng.below(entries) as u64))).collect();
        Self::Get { keys, passes }
    }

    /// Lookups of keys that are there, with the results that they will have.
    pub(crate) fn chain<V: Value>(entries: usize, count: usize, thread: u64) -> Self {
        let (stream, passes) = stream(entries, count);
        let mut rng = Rng::new(thread);
        let links = (0..stream).map(|_| {
            let key = K::of(key(rng.below(entries) as u64));
            let value = V::of(key.digest()).digest();
            (key, value)
        });
        Self::Chain { links: links.collect(), passes }
    }

    /// Insertions of new keys.
    pub(crate) fn insert(entries: usize, thread: u64) -> Self {
        Self::Insert { keys: owned(0, entries, thread).map(K::of).collect() }
    }

    /// `count` operations on the keys that this thread owns: it starts with `entries` of them and
    /// has `reserve` more. Every operation does what its name says: gets, removals and updates hit,
    /// insertions are new.
    ///
    /// A thread owns its keys so that results do not depend on timing and can be compared; the keys
    /// of all threads still share buckets and shards.
    pub(crate) fn mixed(mix: Mix, entries: usize, reserve: usize, count: usize, thread: u64) -> Self {
        let mut rng = Rng::new(thread);
        let mut live: Vec<u64> = owned(0, entries, thread).collect();
        let mut dead: Vec<u64> = owned(FRESH, reserve, thread).collect();
        let below_insert = mix.insert;
        let below_remove = below_insert + mix.remove;
        let below_update = below_remove + mix.update;
        let ops = (0..count).map(|_| {
            let die = rng.below(100);
            if (die < below_insert || live.is_empty()) && !dead.is_empty() {
                let born = dead.swap_remove(rng.below(dead.len()));
                live.push(born);
                Op::Insert(K::of(born))
            } else if die < below_remove && live.len() > 1 {
                let died = live.swap_remove(rng.below(live.len()));
                dead.push(died);
                Op::Remove(K::of(died))
            } else if (below_remove..below_update).contains(&die) {
                Op::Update(K::of(rng.pick(&live)))
            } else {
                Op::Get(K::of(rng.pick(&live)))
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
            ops.push(Op::Insert(K::of(born)));
            ops.extend(live.pop_front().map(|died| Op::Remove(K::of(died))));
        }
        Self::from_ops(ops)
    }

    /// `count` operations on keys of which all threads prefer the same few, by Zipf's law with
    /// exponent 0.99. `replace` of a hundred replace the value, the others get it.
    ///
    /// The new value is the old one: results do not depend on timing.
    pub(crate) fn skewed(replace: usize, entries: usize, count: usize, thread: u64) -> Self {
        let mut rng = Rng::new(thread);
        let ranks = Zipf::new(entries as f64, 0.99).expect("there are entries");
        let ops = (0..count).map(|_| {
            let rank = ranks.sample(&mut rng) as u64;
            let key = K::of(key(rank - 1));
            if rng.below(100) < replace { Op::Insert(key) } else { Op::Get(key) }
        });
        let ops: Vec<_> = ops.collect();
        let removed = ops.iter().filter(|op| matches!(op, Op::Insert(_))).count();
        Self::Mixed { ops, removed }
    }

    /// Additions to the value of one key.
    pub(crate) fn add(count: usize) -> Self {
        Self::Add { key: K::of(key(0)), count }
    }

    fn from_ops(ops: Vec<Op<K>>) -> Self {
        let removes = |op: &&Op<K>| matches!(op, Op::Remove(_) | Op::Update(_));
        let removed = ops.iter().filter(removes).count();
        Self::Mixed { ops, removed }
    }

    /// How many operations a run does.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Get { keys, passes } => keys.len() * passes,
            Self::Chain { links, passes } => links.len() * passes,
            Self::Insert { keys } => keys.len(),
            Self::Mixed { ops, .. } => ops.len(),
            Self::Add { count, .. } => *count,
            Self::Iterate { entries, passes } => entries * passes,
        }
    }

    /// The operations one by one, for those who time each.
    pub(crate) fn ops(&self) -> Vec<Op<K>> {
        match self {
            Self::Get { keys, .. } => keys.iter().cloned().map(Op::Get).collect(),
            Self::Insert { keys } => keys.iter().cloned().map(Op::Insert).collect(),
            Self::Mixed { ops, .. } => ops.clone(),
            Self::Chain { .. } | Self::Add { .. } | Self::Iterate { .. } => {
                unreachable!("no row times single operations of such work")
            }
        }
    }
}

/// How long a stream of lookups is and how often it is repeated to make `count`.
///
/// It is short, as one that fits in no cache would share the caches with the map; it is still too
/// long for a branch predictor to learn. On a map that fits in no cache it must be long, or the
/// entries that it meets would fit.
fn stream(entries: usize, count: usize) -> (usize, usize) {
    const SHORT: usize = 1 << 17;
    let stream = if entries > 1_000_000 { count } else { count.min(SHORT) };
    (stream, count / stream)
}

/// The keys that belong to a thread when each thread has `count` of those that start at index
/// `base`, as numbers.
fn owned(base: u64, count: usize, thread: u64) -> impl Iterator<Item = u64> {
    let first = base + thread * count as u64;
    (first..first + count as u64).map(key)
}
