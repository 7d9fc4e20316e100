//! How much work a run of the program does.

use std::fmt;

/// Entries and operations of the rows, and how often each is measured.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// A map in the first-level cache.
    pub(crate) small: usize,
    /// A map in the second- or third-level cache.
    pub(crate) medium: usize,
    /// A map in memory.
    pub(crate) large: usize,
    /// A map of which no cache holds a part worth mentioning, where the run is long enough for one.
    pub(crate) huge: Option<usize>,
    /// Insertions of the latency row that grows a map.
    pub(crate) latency: usize,
    /// Operations of each thread in one measurement, where the load does not fix them.
    pub(crate) ops: usize,
    /// Measurements of each contender.
    pub(crate) rounds: usize,
}

impl Sizes {
    /// For figures to be published.
    pub(crate) const FULL: Self = Self {
        small: 1_000,
        medium: 100_000,
        large: 1_000_000,
        huge: Some(10_000_000),
        latency: 4_000_000,
        ops: 1 << 19,
        rounds: 5,
    };

    /// The smaller ones of these maps, measured less often: for a look while working.
    pub(crate) const QUICK: Self = Self { huge: None, latency: 1_000_000, ops: 1 << 17, rounds: 3, ..Self::FULL };

    /// For `cargo test`: no figures, only proof that the contenders agree.
    pub(crate) const SMOKE: Self = Self {
        small: 10,
        medium: 1_000,
        large: 10_000,
        huge: Some(20_000),
        latency: 100_000,
        ops: 1 << 12,
        rounds: 1,
    };

    /// For what loxley promises: fewer rows, each measured longer.
    pub(crate) const TARGETS: Self = Self { ops: 1 << 20, rounds: 9, ..Self::FULL };

    /// The same in less time.
    pub(crate) const QUICK_TARGETS: Self = Self { ops: 1 << 18, rounds: 3, ..Self::FULL };

    /// How often a map of so many entries is measured. A huge one takes seconds to fill:
    /// three rounds of these would take longer than all the rest.
    pub(crate) fn rounds_at(&self, entries: usize) -> usize {
        if self.huge.is_some_and(|huge| entries >= huge) { self.rounds.min(2) } else { self.rounds }
    }
}

/// A number as names have it: `1k`, `100k`, `1M`.
pub(crate) struct Count(pub(crate) usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n if n >= 1_000_000 && n % 1_000_000 == 0 => write!(f, "{}M", n / 1_000_000),
            n if n >= 1_000 && n % 1_000 == 0 => write!(f, "{}k", n / 1_000),
            n => write!(f, "{n}"),
        }
    }
}
