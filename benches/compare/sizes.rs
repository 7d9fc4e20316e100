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
    /// Insertions of the latency row.
    pub(crate) latency: usize,
    /// Operations of each thread in one measurement, where the load does not fix them.
    pub(crate) ops: usize,
    /// Measurements of each contender.
    pub(crate) rounds: usize,
}

impl Sizes {
    /// For figures to be published.
    pub(crate) const FULL: Self =
        Self { small: 1_000, medium: 100_000, large: 1_000_000, latency: 4_000_000, ops: 1 << 20, rounds: 9 };

    /// The same maps, measured less often: for a look while working.
    pub(crate) const QUICK: Self = Self { ops: 1 << 18, rounds: 3, ..Self::FULL };

    /// For `cargo test`: no figures, only proof that the contenders agree.
    pub(crate) const SMOKE: Self =
        Self { small: 10, medium: 1_000, large: 10_000, latency: 100_000, ops: 1 << 12, rounds: 1 };
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
