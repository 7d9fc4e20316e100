//! The rows of the throughput table: which load, on how many entries of which kind, from how many threads.

use std::fmt;

use crate::kind::{Key, Kind, Value};
use crate::load::{Load, Mix};
use crate::sizes::Count;
use crate::streams::{Streams, Task, Work};

/// One row of the table.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) load: Load,
    pub(crate) kind: Kind,
    /// Entries in the map: all the time, except in rows that begin with an empty one. Of these
    /// [`Load::Insert`] gets there, and [`Load::RapidGrowth`] by three quarters.
    pub(crate) entries: usize,
    pub(crate) threads: usize,
}

impl Row {
    pub(crate) const fn new(load: Load, kind: Kind, entries: usize, threads: usize) -> Self {
        Self { load, kind, entries, threads }
    }

    /// Draws the operations, `count` for each thread where the load leaves that open.
    pub(crate) fn streams<K: Key, V: Value>(&self, count: usize) -> Streams<K> {
        let prefill = if self.load.starts_empty() { 0 } else { self.entries };
        let work = (0..self.threads as u64).map(|thread| self.work::<K, V>(count, thread));
        let task = if self.load == Load::Drop { Task::Drop { prefill } } else { Task::Run(work.collect()) };
        Streams { prefill, task }
    }

    fn work<K: Key, V: Value>(&self, count: usize, thread: u64) -> Work<K> {
        let own = self.entries / self.threads;
        match self.load {
            Load::GetHit => Work::get(self.entries, count, thread),
            Load::GetMiss => Work::get_absent(self.entries, count, thread),
            Load::Chain => Work::chain::<V>(self.entries, count, thread),
            Load::Mixed => Work::mixed(Mix::MOSTLY_READ, own, own, count, thread),
            Load::Exchange => Work::mixed(Mix::EXCHANGE, own, own, count, thread),
            Load::RapidGrowth => Work::mixed(Mix::RAPID_GROWTH, 0, own, own, thread),
            Load::YcsbA => Work::skewed(50, self.entries, count, thread),
            Load::YcsbB => Work::skewed(5, self.entries, count, thread),
            Load::Insert => Work::insert(own, thread),
            Load::Churn => Work::churn(own, count, thread),
            Load::HotGet => Work::get(1, count, thread),
            Load::HotReplace => Work::skewed(100, 1, count, thread),
            Load::HotAdd => Work::add(count),
            Load::Iterate => Work::Iterate { entries: own, passes: (count / own).clamp(1, 10) },
            Load::Drop => unreachable!("no thread works on a map that is dropped"),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { load, kind, entries, threads } = self;
        write!(f, "{load}/{}/{threads}t", Count(*entries))?;
        // `u64` goes without saying; that counters count is the load's own name.
        if matches!(kind, Kind::String | Kind::Wide) { write!(f, "/{kind}") } else { Ok(()) }
    }
}
