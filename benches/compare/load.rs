//! What a row does to a map.

use std::fmt;

/// How many of a hundred operations insert, remove and update; the others get.
#[derive(Clone, Copy)]
pub(crate) struct Mix {
    pub(crate) insert: usize,
    pub(crate) remove: usize,
    pub(crate) update: usize,
}

impl Mix {
    pub(crate) const MOSTLY_READ: Self = Self { insert: 1, remove: 1, update: 0 };
    pub(crate) const EXCHANGE: Self = Self { insert: 40, remove: 40, update: 10 };
    pub(crate) const RAPID_GROWTH: Self = Self { insert: 80, remove: 5, update: 10 };
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Load {
    /// Lookups of keys drawn uniformly.
    GetHit,
    GetMiss,
    /// Lookups each of which needs the result of the one before.
    Chain,
    /// [`Mix::MOSTLY_READ`] at constant size.
    Mixed,
    /// [`Mix::EXCHANGE`] at constant size.
    Exchange,
    /// YCSB's workload A: half lookups, half replacements, of keys that follow Zipf's law.
    YcsbA,
    /// YCSB's workload B: 95 % lookups, 5 % replacements.
    YcsbB,
    /// From empty, growth included.
    Insert,
    /// [`Mix::RAPID_GROWTH`], from empty.
    RapidGrowth,
    /// Insertions of new keys and removals of the oldest, in turn.
    Churn,
    /// Everybody looks up the same key.
    HotGet,
    /// Everybody replaces the value of the same key.
    HotReplace,
    /// Everybody looks up the same key and adds to its value, which is atomic.
    HotAdd,
    Iterate,
    /// The map is dropped with all that is in it.
    Drop,
}

impl Load {
    /// Whether the map is empty when the clock starts.
    pub(crate) const fn starts_empty(self) -> bool {
        matches!(self, Self::Insert | Self::RapidGrowth)
    }

    /// Whether values of keys that are there are replaced, by insertion or by an update.
    pub(crate) const fn replaces(self) -> bool {
        matches!(self, Self::Exchange | Self::RapidGrowth | Self::YcsbA | Self::YcsbB | Self::HotReplace)
    }

    /// As a title has it.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::GetHit => "lookups that hit",
            Self::GetMiss => "lookups that miss",
            Self::Chain => "lookups, each of which waits for the one before",
            Self::Mixed => "98 % lookups, 1 % insertions, 1 % removals",
            Self::Exchange => "10 % lookups, 40 % insertions, 40 % removals, 10 % updates",
            Self::YcsbA => "YCSB A: 50 % lookups, 50 % replacements, Zipf 0.99",
            Self::YcsbB => "YCSB B: 95 % lookups, 5 % replacements, Zipf 0.99",
            Self::Insert => "insertions, growing from empty",
            Self::RapidGrowth => "5 % lookups, 80 % insertions, 5 % removals, 10 % updates, from empty",
            Self::Churn => "insertions of new keys and removals of the oldest",
            Self::HotGet => "lookups of one key",
            Self::HotReplace => "replacements of one key's value",
            Self::HotAdd => "additions to one key's atomic value",
            Self::Iterate => "iteration, entries",
            Self::Drop => "dropping the map, entries",
        }
    }
}

/// As the names of rows have it.
impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::GetHit => "get-hit",
            Self::GetMiss => "get-miss",
            Self::Chain => "chain",
            Self::Mixed => "mixed",
            Self::Exchange => "exchange",
            Self::YcsbA => "ycsb-a",
            Self::YcsbB => "ycsb-b",
            Self::Insert => "insert",
            Self::RapidGrowth => "rapid-growth",
            Self::Churn => "churn",
            Self::HotGet => "hot-get",
            Self::HotReplace => "hot-replace",
            Self::HotAdd => "hot-add",
            Self::Iterate => "iterate",
            Self::Drop => "drop",
        })
    }
}
