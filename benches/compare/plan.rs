//! What a run measures.

use std::fmt;

use crate::kind::Kind;
use crate::load::Load;
use crate::row::Row;
use crate::sizes::{Count, Sizes};

/// The rows of a run, in the order of the report.
pub(crate) struct Plan {
    /// Throughput. Rows of a group share a map, which takes them in order: all but the last leave
    /// its entries as they are.
    pub(crate) groups: Vec<Vec<Row>>,
    /// Latency of single operations: on one thread of insertions into an empty map, on more of all.
    pub(crate) latencies: Vec<LatencyRow>,
    pub(crate) memories: Vec<MemoryRow>,
}

/// More threads than the processors of the machine that this is meant for: who holds a lock may be
/// stopped while others wait for it.
const CROWD: usize = 8;

impl Plan {
    pub(crate) fn new(sizes: &Sizes) -> Self {
        let mut groups = Vec::new();
        plain(sizes, &mut groups);
        hot(sizes, &mut groups);
        for kind in [Kind::String, Kind::Wide] {
            other(sizes, kind, &mut groups);
        }
        if let Some(entries) = sizes.huge {
            huge(entries, &mut groups);
        }
        Self { groups, latencies: latencies(sizes), memories: memories(sizes) }
    }

    /// Only the rows that `selected` wants, which is told their names and how many entries they have.
    pub(crate) fn retain(&mut self, selected: impl Fn(&str, usize) -> bool) {
        self.groups.iter_mut().for_each(|group| group.retain(|row| selected(&row.to_string(), row.entries)));
        self.groups.retain(|group| !group.is_empty());
        self.latencies.retain(|row| selected(&row.to_string(), row.0.entries));
        self.memories.retain(|row| selected(&row.to_string(), row.entries));
    }
}

/// A row for one thread and one for two, each with a map of its own.
fn pair(load: Load, kind: Kind, entries: usize) -> [Vec<Row>; 2] {
    [1, 2].map(|threads| vec![Row::new(load, kind, entries, threads)])
}

/// A row for one thread.
fn single(load: Load, kind: Kind, entries: usize) -> Vec<Row> {
    vec![Row::new(load, kind, entries, 1)]
}

/// All loads on `u64` to `u64`. Growth to a thousand is over before a second thread has started.
fn plain(sizes: &Sizes, groups: &mut Vec<Vec<Row>>) {
    const SMALL: [Load; 8] = [
        Load::GetHit,
        Load::GetMiss,
        Load::Chain,
        Load::Mixed,
        Load::Exchange,
        Load::YcsbA,
        Load::YcsbB,
        Load::Churn,
    ];
    let &Sizes { small, medium, large, .. } = sizes;
    let kind = Kind::U64;
    for entries in [small, medium] {
        groups.extend(SMALL.iter().flat_map(|&load| pair(load, kind, entries)));
    }
    for entries in [medium, large] {
        groups.extend(pair(Load::Insert, kind, entries));
        groups.extend(pair(Load::RapidGrowth, kind, entries));
    }
    groups.extend([small, medium].map(|entries| single(Load::Iterate, kind, entries)));
    groups.push(single(Load::Drop, kind, medium));
}

/// One key that everybody wants, in a small map.
fn hot(sizes: &Sizes, groups: &mut Vec<Vec<Row>>) {
    groups.extend(pair(Load::HotGet, Kind::U64, sizes.small));
    groups.extend(pair(Load::HotReplace, Kind::U64, sizes.small));
    groups.extend(pair(Load::HotAdd, Kind::Counter, sizes.small));
}

/// The loads that other kinds of entries make a difference to.
fn other(sizes: &Sizes, kind: Kind, groups: &mut Vec<Vec<Row>>) {
    let &Sizes { small, medium, .. } = sizes;
    for load in [Load::GetHit, Load::GetMiss] {
        groups.extend(pair(load, kind, small));
    }
    for load in [Load::GetHit, Load::GetMiss, Load::Mixed, Load::Exchange, Load::YcsbB, Load::Insert] {
        groups.extend(pair(load, kind, medium));
    }
    groups.push(single(Load::Iterate, kind, medium));
    groups.push(single(Load::Drop, kind, medium));
}

/// Maps that take seconds to fill: one for all that leaves it as it is.
fn huge(entries: usize, groups: &mut Vec<Vec<Row>>) {
    let plain = |load, threads| Row::new(load, Kind::U64, entries, threads);
    groups.push(vec![
        plain(Load::GetHit, 1),
        plain(Load::GetHit, 2),
        plain(Load::GetMiss, 1),
        plain(Load::GetMiss, 2),
        plain(Load::Chain, 1),
        plain(Load::YcsbA, 2),
        plain(Load::YcsbB, 2),
        plain(Load::Iterate, 1),
        plain(Load::Drop, 1),
    ]);
    groups.push(vec![plain(Load::Mixed, 2)]);
    groups.push(vec![plain(Load::Exchange, 2)]);
    groups.push(vec![plain(Load::Insert, 1)]);
}

fn latencies(sizes: &Sizes) -> Vec<LatencyRow> {
    let crowd = |load, entries| LatencyRow(Row::new(load, Kind::U64, entries, CROWD));
    vec![
        LatencyRow(Row::new(Load::Insert, Kind::U64, sizes.latency, 1)),
        crowd(Load::Insert, sizes.large),
        crowd(Load::GetHit, sizes.medium),
        crowd(Load::Mixed, sizes.medium),
        crowd(Load::Exchange, sizes.medium),
    ]
}

fn memories(sizes: &Sizes) -> Vec<MemoryRow> {
    let mut rows = [sizes.medium, sizes.large].map(|entries| MemoryRow { kind: Kind::U64, entries }).to_vec();
    if sizes.huge.is_some() {
        rows.extend([Kind::String, Kind::Wide].map(|kind| MemoryRow { kind, entries: sizes.large }));
    }
    rows
}

/// A row of which every operation is timed.
#[derive(Clone, Copy)]
pub(crate) struct LatencyRow(pub(crate) Row);

impl fmt::Display for LatencyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "latency/{}", self.0)
    }
}

/// A map whose memory is looked at.
#[derive(Clone, Copy)]
pub(crate) struct MemoryRow {
    pub(crate) kind: Kind,
    pub(crate) entries: usize,
}

impl fmt::Display for MemoryRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "memory/{}", Count(self.entries))?;
        if self.kind == Kind::U64 { Ok(()) } else { write!(f, "/{}", self.kind) }
    }
}
