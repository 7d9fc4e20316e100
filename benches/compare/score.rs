//! How loxley fares in all rows together.

use std::fmt;

use crate::results::Ratio;
use crate::stats::geometric_mean;

/// The ratios of the rows of each class: they are of unlike things, and not averaged together.
#[derive(Default)]
pub(crate) struct Score {
    throughput: Class,
    latency: Class,
    memory: Class,
}

#[derive(Default)]
struct Class(Vec<(String, Ratio)>);

impl Score {
    pub(crate) fn throughput(&mut self, row: &impl fmt::Display, ratio: Option<Ratio>) {
        self.throughput.add(row, ratio);
    }

    pub(crate) fn latency(&mut self, row: &impl fmt::Display, ratio: Option<Ratio>) {
        self.latency.add(row, ratio);
    }

    pub(crate) fn memory(&mut self, row: &impl fmt::Display, ratio: Option<Ratio>) {
        self.memory.add(row, ratio);
    }
}

impl Class {
    fn add(&mut self, row: &impl fmt::Display, ratio: Option<Ratio>) {
        self.0.extend(ratio.map(|ratio| (row.to_string(), ratio)));
    }

    /// A line on the whole, then the rows in which somebody else is ahead, the worst first.
    fn write(&self, title: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times: Vec<f64> = self.0.iter().map(|(_, ratio)| ratio.times).collect();
        let Some(mean) = geometric_mean(&times) else { return Ok(()) };
        let mut behind: Vec<_> = self.0.iter().filter(|(_, ratio)| ratio.times < 1.0).collect();
        behind.sort_by(|(_, a), (_, b)| a.times.total_cmp(&b.times));
        let ahead = times.len() - behind.len();
        writeln!(f, "{title:38} {mean:.2}  (at least 1.00 in {ahead} of {} rows)", times.len())?;
        behind
            .iter()
            .try_for_each(|(row, Ratio { times, rival })| writeln!(f, "    {row:34} {times:.2} × {rival}"))
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nloxley/64 against the best other concurrent map: geometric mean, and where it is behind\n"
        )?;
        self.throughput.write("times as fast", f)?;
        self.latency.write("its p99.9 / loxley's", f)?;
        self.memory.write("its bytes when grown / loxley's", f)
    }
}
