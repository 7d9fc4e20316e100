//! The throughput rows: which loads, on how many entries, from how many threads.

use std::fmt;

use crate::keys::key;
use crate::sizes::{Count, Sizes};
use crate::streams::{self, Mix, Work};

/// What a row does to a map.
#[derive(Clone, Copy)]
pub(crate) enum Load {
    GetHit,
    GetMiss,
    /// From empty, growth included.
    Insert,
    /// 98 % gets, 1 % insertions, 1 % removals.
    Mixed,
    /// 10 % gets, 40 % insertions, 40 % removals, 10 % updates.
    Exchange,
    /// Insertions of new keys and removals of the oldest, in turn.
    Churn,
    Iterate,
}

/// One row of the table.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) load: Load,
    /// Entries in the map: all the time, except that [`Load::Insert`] gets there.
    pub(crate) entries: usize,
    pub(crate) threads: usize,
}

/// The operations of a row.
pub(crate) struct Streams {
    /// What is in the map before the clock starts.
    pub(crate) prefill: Vec<u64>,
    /// What each thread does.
    pub(crate) work: Vec<Work>,
}

impl Row {
    pub(crate) const fn new(load: Load, entries: usize, threads: usize) -> Self {
        Self { load, entries, threads }
    }

    /// All rows, in the order of the report.
    pub(crate) fn all(sizes: &Sizes) -> Vec<Self> {
        let &Sizes { small, medium, large, .. } = sizes;
        let loads = [
            (Load::GetHit, small),
            (Load::GetMiss, small),
            (Load::GetHit, medium),
            (Load::GetMiss, medium),
            (Load::Insert, medium),
            (Load::Insert, large),
            (Load::Mixed, medium),
            (Load::Exchange, medium),
            (Load::Churn, medium),
        ];
        let rows = loads.into_iter().flat_map(|(load, n)| [1, 2].map(|threads| Self::new(load, n, threads)));
        rows.chain([Self::new(Load::Iterate, medium, 1)]).collect()
    }

    /// Draws the operations, `count` for each thread where the load leaves that open.
    pub(crate) fn streams(&self, count: usize) -> Streams {
        let prefill = match self.load {
            Load::Insert => 0,
            _ => self.entries,
        };
        Streams {
            prefill: (0..prefill as u64).map(key).collect(),
            work: (0..self.threads as u64).map(|thread| self.work(count, thread)).collect(),
        }
    }

    fn work(&self, count: usize, thread: u64) -> Work {
        const MIXED: Mix = Mix { insert: 1, remove: 1, update: 0 };
        const EXCHANGE: Mix = Mix { insert: 40, remove: 40, update: 10 };
        let own = self.entries / self.threads;
        match self.load {
            Load::GetHit => Work::get(0, self.entries, count, thread),
            Load::GetMiss => Work::get_absent(self.entries, count, thread),
            Load::Insert => Work::Insert { keys: streams::owned(0, own, thread).collect() },
            Load::Mixed => Work::mixed(MIXED, own, count, thread),
            Load::Exchange => Work::mixed(EXCHANGE, own, count, thread),
            Load::Churn => Work::churn(own, count, thread),
            Load::Iterate => Work::Iterate { entries: own, passes: (count / own).clamp(1, 10) },
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let load = match self.load {
            Load::GetHit => "get-hit",
            Load::GetMiss => "get-miss",
            Load::Insert => "insert",
            Load::Mixed => "mixed",
            Load::Exchange => "exchange",
            Load::Churn => "churn",
            Load::Iterate => "iterate",
        };
        write!(f, "{load}/{}/{}t", Count(self.entries), self.threads)
    }
}
