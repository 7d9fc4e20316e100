//! Runs contenders against each other: in rounds, everybody once in each.

use anyhow::{Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};

use crate::contender::Entrant;
use crate::latency::{Profile, QUANTILES};
use crate::memory::{self, Footprint};
use crate::results::{Comparison, Samples, Series};
use crate::row::Row;
use crate::sizes::{Count, Sizes};
use crate::stats::Summary;

/// What all measurements share.
pub(crate) struct Harness {
    pub(crate) sizes: Sizes,
    samples: Samples,
    bar: ProgressBar,
}

/// The latencies of some contenders, over all rounds.
pub(crate) type Latencies = Vec<(&'static Entrant, Vec<Profile>)>;
/// The memory of some contenders.
pub(crate) type Footprints = Vec<(&'static Entrant, Footprint)>;

impl Harness {
    /// `steps` is how many measurements the bar shows as the whole.
    pub(crate) fn new(sizes: Sizes, samples: Samples, steps: usize) -> Self {
        let style = "{bar:40} {pos}/{len} {msg} (about {eta} left)";
        let style = ProgressStyle::with_template(style).expect("the template is constant");
        let bar = ProgressBar::new(steps as u64).with_style(style);
        Self { sizes, samples, bar }
    }

    /// Prints to standard output, around the bar.
    pub(crate) fn print(&self, text: &str) {
        self.bar.suspend(|| println!("{}", text.trim_end()));
    }

    /// Measures a throughput row.
    pub(crate) fn compare(&mut self, row: &Row, entrants: &[&'static Entrant]) -> Result<Comparison> {
        let name = row.to_string();
        let streams = row.streams(self.sizes.ops);
        // A map that is not concurrent has no place where there are two threads.
        let mut series: Vec<Series> = entrants
            .iter()
            .filter(|entrant| entrant.concurrent || row.threads == 1)
            .map(|&entrant| Series { entrant, samples: Vec::new() })
            .collect();
        let skipped = entrants.len() - series.len();
        for round in 0..self.sizes.rounds {
            let mut agreed = None;
            for turn in turns(round, series.len()) {
                let Series { entrant, samples } = &mut series[turn];
                self.bar.set_message(format!("{name} {}", entrant.name));
                let sample = (entrant.throughput)(&streams, round as u64);
                let expected = *agreed.get_or_insert(sample.checksum);
                ensure!(
                    sample.checksum == expected,
                    "{name}: {} disagrees with the contender before it",
                    entrant.name
                );
                samples.push(sample.nanos);
                self.samples.add(&name, entrant, "time", "ns/op", round, sample.nanos)?;
                self.bar.inc(1);
            }
            self.bar.inc(skipped as u64);
        }
        Ok(Comparison { row: name, series })
    }

    /// Measures the latency row.
    pub(crate) fn latencies(&mut self, entrants: &[&'static Entrant]) -> Result<Latencies> {
        let name = latency_name(&self.sizes);
        let mut latencies: Latencies = entrants.iter().map(|&e| (e, Vec::new())).collect();
        for round in 0..self.sizes.rounds {
            for turn in turns(round, latencies.len()) {
                let (entrant, profiles) = &mut latencies[turn];
                self.bar.set_message(format!("{name} {}", entrant.name));
                let profile = (entrant.latency)(self.sizes.latency, round as u64);
                for ((figure, _), nanos) in QUANTILES.iter().zip(profile.nanos) {
                    self.samples.add(&name, entrant, figure, "ns", round, nanos)?;
                }
                profiles.push(profile);
                self.bar.inc(1);
            }
        }
        Ok(latencies)
    }

    /// Measures the memory row: once, as it does not depend on timing.
    pub(crate) fn footprints(&mut self, entrants: &[&'static Entrant]) -> Result<Footprints> {
        let name = memory_name(&self.sizes);
        let mut footprints = Footprints::new();
        for &entrant in entrants {
            self.bar.set_message(format!("{name} {}", entrant.name));
            let footprint = memory::measure(entrant, self.sizes.large)?;
            for stage in &footprint {
                let mut add = |figure: String, bytes: isize| {
                    self.samples.add(&name, entrant, &figure, "bytes", 0, bytes as f64)
                };
                add(format!("{} requested", stage.name), stage.requested)?;
                if let Some(bytes) = stage.resident {
                    add(format!("{} resident", stage.name), bytes)?;
                }
            }
            footprints.push((entrant, footprint));
            self.bar.inc(1);
        }
        Ok(footprints)
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The latency row's name.
pub(crate) fn latency_name(sizes: &Sizes) -> String {
    format!("latency/{}", Count(sizes.latency))
}

/// The memory row's name.
pub(crate) fn memory_name(sizes: &Sizes) -> String {
    format!("memory/{}", Count(sizes.large))
}

/// The order of the contenders in a round: another one begins each time, so that none always runs
/// on what the same other has left in the caches and the allocator.
fn turns(round: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |turn| (round + turn) % count)
}

/// The median over the rounds of each of [`QUANTILES`].
pub(crate) fn medians(profiles: &[Profile]) -> [f64; QUANTILES.len()] {
    std::array::from_fn(|quantile| {
        let samples: Vec<f64> = profiles.iter().map(|profile| profile.nanos[quantile]).collect();
        Summary::of(&samples).median
    })
}
