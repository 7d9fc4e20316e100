//! Runs contenders against each other: in rounds, everybody once in each.

use anyhow::{Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};

use crate::entrant::{self, Entrant, LOXLEY};
use crate::files::{Figure, Files};
use crate::kind::{Key, Value, for_kind};
use crate::latency::QUANTILES;
use crate::memory;
use crate::plan::{LatencyRow, MemoryRow, Plan};
use crate::results::{Comparison, Footprints, Latencies, Measured};
use crate::row::Row;
use crate::sizes::Sizes;
use crate::streams::Streams;
use crate::throughput::Run;

/// What all measurements share.
pub(crate) struct Harness {
    pub(crate) sizes: Sizes,
    files: Files,
    bar: ProgressBar,
}

/// Which contenders take part, by their names.
pub(crate) type Wanted<'a> = &'a dyn Fn(&str) -> bool;

impl Harness {
    /// `steps` is how many measurements the bar shows as the whole.
    pub(crate) fn new(sizes: Sizes, files: Files, steps: usize) -> Self {
        let style = "{bar:40} {pos}/{len} {msg} ({elapsed}, about {eta} left)";
        let style = ProgressStyle::with_template(style).expect("the template is constant");
        let bar = ProgressBar::new(steps as u64).with_style(style);
        Self { sizes, files, bar }
    }

    /// How many measurements a plan takes.
    pub(crate) fn steps(plan: &Plan, sizes: &Sizes, wanted: Wanted<'_>) -> usize {
        let entrants: Vec<_> = entrant::all::<u64, u64>().into_iter().filter(|e| wanted(e.name)).collect();
        let in_group = |group: &Vec<Row>| {
            let rounds = sizes.rounds_at(group[0].entries);
            rounds * entrants.iter().filter(|entrant| group.iter().any(|row| entrant.is_in(row))).count()
        };
        let timed = |row: &LatencyRow| entrants.iter().filter(|entrant| entrant.is_timed_in(row)).count();
        plan.groups.iter().map(in_group).sum::<usize>()
            + plan.latencies.iter().map(timed).sum::<usize>() * sizes.rounds
            + plan.memories.len() * entrants.iter().filter(|entrant| entrant.has_memory()).count()
    }

    /// Prints to standard output, around the bar.
    pub(crate) fn print(&self, text: &str) {
        self.bar.suspend(|| println!("{}", text.trim_end()));
    }

    /// Measures throughput rows that share a map, as a [`Plan`] has them.
    pub(crate) fn compare(&mut self, group: &[Row], wanted: Wanted<'_>) -> Result<Vec<Comparison>> {
        for_kind!(group[0].kind, |K, V| self.compare_kind::<K, V>(group, wanted))
    }

    fn compare_kind<K: Key, V: Value>(&mut self, group: &[Row], wanted: Wanted<'_>) -> Result<Vec<Comparison>> {
        let streams: Vec<Streams<K>> = group.iter().map(|row| row.streams::<K, V>(self.sizes.ops)).collect();
        let entrants = entrants::<K, V>(wanted, |entrant| group.iter().any(|row| entrant.is_in(row)));
        let mut comparisons: Vec<Comparison> = group.iter().map(|&row| blank(row, &entrants)).collect();
        let mut agreed = Agreement::new(group.len());
        for round in 0..self.sizes.rounds_at(group[0].entries) {
            agreed.forget();
            for entrant in in_turn(&entrants, round) {
                let own: Vec<usize> = (0..group.len()).filter(|&row| entrant.is_in(&group[row])).collect();
                self.announce(&group[own[0]].to_string(), entrant.name);
                let mine: Vec<&Streams<K>> = own.iter().map(|&row| &streams[row]).collect();
                let Run { samples, left } = (entrant.throughput)(&mine, round as u64);
                for (&row, sample) in own.iter().zip(samples) {
                    let name = group[row].to_string();
                    agreed.check(row, sample.checksum, &name, entrant.name)?;
                    let figure = Figure { row: &name, contender: entrant.name, name: "time", unit: "ns/op" };
                    self.files.sample(figure, round, sample.nanos)?;
                    comparisons[row].add(entrant.name, sample.nanos);
                }
                agreed.check(group.len(), left, "what is left in the map", entrant.name)?;
                self.bar.inc(1);
            }
        }
        for comparison in &comparisons {
            let (name, ratio) = (comparison.row.to_string(), comparison.ratio());
            for Measured { name: contender, figures, .. } in &comparison.measured {
                let figure = Figure { row: &name, contender, name: "time", unit: "ns/op" };
                self.files.summary(figure, figures, ratio.filter(|_| *contender == LOXLEY))?;
            }
        }
        Ok(comparisons)
    }

    /// Measures a latency row.
    pub(crate) fn latencies(&mut self, row: LatencyRow, wanted: Wanted<'_>) -> Result<Latencies> {
        for_kind!(row.0.kind, |K, V| self.latencies_kind::<K, V>(row, wanted))
    }

    fn latencies_kind<K: Key, V: Value>(&mut self, row: LatencyRow, wanted: Wanted<'_>) -> Result<Latencies> {
        let name = row.to_string();
        let entrants = entrants::<K, V>(wanted, |entrant| entrant.is_timed_in(&row));
        let mut measured: Vec<_> = entrants.iter().map(|entrant| entrant.measured(Vec::new())).collect();
        let streams = (row.0.threads > 1).then(|| row.0.streams::<K, V>(self.sizes.ops));
        let mut agreed = Agreement::new(1);
        for round in 0..self.sizes.rounds {
            agreed.forget();
            for entrant in in_turn(&entrants, round) {
                self.announce(&name, entrant.name);
                let profile = match &streams {
                    Some(streams) => (entrant.latency)(streams, round as u64),
                    None => (entrant.growth)(row.0.entries, round as u64),
                };
                agreed.check(0, profile.checksum, &name, entrant.name)?;
                for ((figure, _), nanos) in QUANTILES.iter().zip(profile.nanos) {
                    let figure = Figure { row: &name, contender: entrant.name, name: figure, unit: "ns" };
                    self.files.sample(figure, round, nanos)?;
                }
                let own = measured.iter_mut().find(|measured| measured.name == entrant.name);
                own.expect("it was made of the same list").figures.push(profile);
                self.bar.inc(1);
            }
        }
        let latencies = Latencies { row, measured };
        for Measured { name: contender, figures, .. } in &latencies.measured {
            for (i, (quantile, _)) in QUANTILES.iter().enumerate() {
                let samples: Vec<f64> = figures.iter().map(|profile| profile.nanos[i]).collect();
                let ratio = latencies.ratio().filter(|_| *contender == LOXLEY && *quantile == "p99.9");
                let figure = Figure { row: &name, contender, name: quantile, unit: "ns" };
                self.files.summary(figure, &samples, ratio)?;
            }
        }
        Ok(latencies)
    }

    /// Measures a memory row: once, as it does not depend on timing.
    pub(crate) fn footprints(&mut self, row: MemoryRow, wanted: Wanted<'_>) -> Result<Footprints> {
        let name = row.to_string();
        let mut measured = Vec::new();
        for entrant in entrants::<u64, u64>(wanted, Entrant::has_memory) {
            self.announce(&name, entrant.name);
            let footprint = memory::measure(entrant.name, row.kind, row.entries)?;
            measured.push(entrant.measured(footprint));
            self.bar.inc(1);
        }
        let footprints = Footprints { row, measured };
        for Measured { name: contender, figures, .. } in &footprints.measured {
            for stage in figures {
                let looks = [("requested", Some(stage.requested)), ("resident", stage.resident)];
                for (look, bytes) in looks.into_iter().filter_map(|(look, bytes)| Some((look, bytes? as f64))) {
                    let what = format!("{} {look}", stage.name);
                    let figure = Figure { row: &name, contender, name: &what, unit: "bytes" };
                    let ratio = footprints.ratio().filter(|_| *contender == LOXLEY && what == "grown requested");
                    self.files.sample(figure, 0, bytes)?;
                    self.files.summary(figure, &[bytes], ratio)?;
                }
            }
        }
        Ok(footprints)
    }

    fn announce(&self, row: &str, contender: &str) {
        self.bar.set_message(format!("{row} {contender}"));
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn entrants<K: Key, V: Value>(wanted: Wanted<'_>, takes_part: impl Fn(&Entrant<K>) -> bool) -> Vec<Entrant<K>> {
    entrant::all::<K, V>().into_iter().filter(|entrant| wanted(entrant.name) && takes_part(entrant)).collect()
}

/// A comparison for those who take part in this row, without samples.
fn blank<K: Key>(row: Row, entrants: &[Entrant<K>]) -> Comparison {
    let measured =
        entrants.iter().filter(|entrant| entrant.is_in(&row)).map(|entrant| entrant.measured(Vec::new()));
    Comparison { row, measured: measured.collect() }
}

/// The contenders in the order of a round: another one begins each time, so that none always runs
/// on what the same other has left in the caches and the allocator.
fn in_turn<T>(entrants: &[T], round: usize) -> impl Iterator<Item = &T> {
    let count = entrants.len();
    (0..count).map(move |turn| &entrants[(round + turn) % count])
}

/// What the contenders must agree on in a round.
struct Agreement(Vec<Option<u64>>);

impl Agreement {
    /// On the results of so many rows and one thing more.
    fn new(rows: usize) -> Self {
        Self(vec![None; rows + 1])
    }

    fn forget(&mut self) {
        self.0.fill(None);
    }

    fn check(&mut self, subject: usize, checksum: u64, what: &str, contender: &str) -> Result<()> {
        let expected = *self.0[subject].get_or_insert(checksum);
        ensure!(checksum == expected, "{what}: {contender} disagrees with the contender before it");
        Ok(())
    }
}
