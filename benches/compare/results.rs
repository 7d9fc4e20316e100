//! What has been measured, and how loxley compares.

use crate::contender::Role;
use crate::entrant::LOXLEY;
use crate::latency::{Profile, QUANTILES, RARE};
use crate::memory::Footprint;
use crate::plan::{LatencyRow, MemoryRow};
use crate::row::Row;
use crate::stats::{Summary, quotient};

/// The figures of one contender in one row.
pub(crate) struct Measured<T> {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) figures: T,
}

/// One throughput row: nanoseconds for one operation. Sample `i` of every contender is from round `i`.
pub(crate) struct Comparison {
    pub(crate) row: Row,
    pub(crate) measured: Vec<Measured<Vec<f64>>>,
}

/// One latency row.
pub(crate) struct Latencies {
    pub(crate) row: LatencyRow,
    pub(crate) measured: Vec<Measured<Vec<Profile>>>,
}

/// One memory row.
pub(crate) struct Footprints {
    pub(crate) row: MemoryRow,
    pub(crate) measured: Vec<Measured<Footprint>>,
}

/// How many times better loxley is than the best other concurrent map.
#[derive(Clone, Copy)]
pub(crate) struct Ratio {
    pub(crate) rival: &'static str,
    pub(crate) times: f64,
}

impl Comparison {
    pub(crate) fn get(&self, name: &str) -> Option<&[f64]> {
        find(&self.measured, name).map(Vec::as_slice)
    }

    /// Adds a sample of a contender that takes part.
    pub(crate) fn add(&mut self, name: &str, nanos: f64) {
        let measured = self.measured.iter_mut().filter(|measured| measured.name == name);
        measured.for_each(|measured| measured.figures.push(nanos));
    }

    /// How many times as fast as `rival` is `name`?
    pub(crate) fn speedup(&self, name: &str, rival: &str) -> Option<f64> {
        Some(quotient(self.get(rival)?, self.get(name)?))
    }

    pub(crate) fn ratio(&self) -> Option<Ratio> {
        let rival =
            best_rival(&self.measured, self.row.threads, |samples: &Vec<f64>| Summary::of(samples).median)?;
        Some(Ratio { rival, times: self.speedup(LOXLEY, rival)? })
    }
}

impl Latencies {
    pub(crate) fn get(&self, name: &str) -> Option<&[Profile]> {
        find(&self.measured, name).map(Vec::as_slice)
    }

    /// By p99.9.
    pub(crate) fn ratio(&self) -> Option<Ratio> {
        let rare = |profiles: &[Profile]| medians(profiles)[RARE];
        let rival = best_rival(&self.measured, self.row.0.threads, |profiles: &Vec<Profile>| rare(profiles))?;
        Some(Ratio { rival, times: rare(self.get(rival)?) / rare(self.get(LOXLEY)?) })
    }
}

impl Footprints {
    /// By what a map has requested that has grown.
    pub(crate) fn ratio(&self) -> Option<Ratio> {
        let grown = |footprint: &Footprint| {
            let stage = footprint.iter().find(|stage| stage.name == "grown");
            stage.map_or(f64::INFINITY, |stage| stage.requested as f64)
        };
        let rival = best_rival(&self.measured, 1, grown)?;
        let of = |name| find(&self.measured, name).map(grown);
        Some(Ratio { rival, times: of(rival)? / of(LOXLEY)? })
    }
}

fn find<'a, T>(measured: &'a [Measured<T>], name: &str) -> Option<&'a T> {
    measured.iter().find(|measured| measured.name == name).map(|measured| &measured.figures)
}

/// The concurrent map other than loxley that costs the least.
fn best_rival<T>(measured: &[Measured<T>], threads: usize, cost: impl Fn(&T) -> f64) -> Option<&'static str> {
    let rivals = measured.iter().filter(|measured| measured.role.is_rival(threads));
    rivals.min_by(|a, b| cost(&a.figures).total_cmp(&cost(&b.figures))).map(|measured| measured.name)
}

/// The median over the rounds of each of [`QUANTILES`].
pub(crate) fn medians(profiles: &[Profile]) -> [f64; QUANTILES.len()] {
    std::array::from_fn(|quantile| {
        let samples: Vec<f64> = profiles.iter().map(|profile| profile.nanos[quantile]).collect();
        Summary::of(&samples).median
    })
}
