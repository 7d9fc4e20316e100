//! What loxley promises in comparison with others, each promise measured and judged.

use anyhow::{Context, Result};

use crate::entrant::{DASHMAP, LOXLEY, PAPAYA};
use crate::harness::Harness;
use crate::kind::Kind;
use crate::load::Load;
use crate::memory::Stage;
use crate::plan::{LatencyRow, MemoryRow};
use crate::report::slowest_share;
use crate::row::Row;

/// Two runs of the same map on a shared machine differ by as much: no slower than this is level.
const LEVEL: f64 = 0.95;

/// Bytes of a map that is empty: that never had an entry, or has none any more and was shrunk.
const EMPTY: f64 = 128.0;

/// The number of measurements that [`run`] takes at `rounds` rounds.
pub(crate) const fn steps(rounds: usize) -> usize {
    (5 * 3 + 2) * rounds + 1
}

/// Measures all targets and prints a line for each; says whether all have been reached.
pub(crate) fn run(harness: &mut Harness) -> Result<bool> {
    let mut verdict = Verdict { harness, passed: true };
    verdict.speed()?;
    verdict.memory()?;
    verdict.latency()?;
    Ok(verdict.passed)
}

struct Verdict<'a> {
    harness: &'a mut Harness,
    passed: bool,
}

impl Verdict<'_> {
    fn speed(&mut self) -> Result<()> {
        let sizes = self.harness.sizes;
        let get = |load, threads| Row::new(load, Kind::U64, sizes.medium, threads);
        let targets: [(Row, &[(&str, f64)]); 5] = [
            (get(Load::GetHit, 1), &[(PAPAYA, LEVEL)]),
            (get(Load::GetMiss, 1), &[(PAPAYA, LEVEL)]),
            (get(Load::GetHit, 2), &[(PAPAYA, LEVEL), (DASHMAP, 3.0)]),
            (get(Load::GetMiss, 2), &[(PAPAYA, LEVEL), (DASHMAP, 3.0)]),
            (Row::new(Load::Insert, Kind::U64, sizes.large, 2), &[(PAPAYA, 2.0), (DASHMAP, LEVEL)]),
        ];
        for (row, rivals) in targets {
            let comparisons = self.harness.compare(&[row], &|name| [LOXLEY, PAPAYA, DASHMAP].contains(&name))?;
            let comparison = comparisons.first().context("no row")?;
            for &(rival, least) in rivals {
                let speedup = comparison.speedup(LOXLEY, rival).context("no sample")?;
                let what = format!("{row}: times as fast as {rival}");
                self.at_least(&what, speedup, least);
            }
        }
        Ok(())
    }

    fn memory(&mut self) -> Result<()> {
        let row = MemoryRow { kind: Kind::U64, entries: self.harness.sizes.large };
        let entries = row.entries as f64;
        let footprints = self.harness.footprints(row, &|name| name == LOXLEY)?;
        let measured = footprints.measured.first().context("no footprint")?;
        let stage = |name: &str| -> Result<&Stage> {
            measured.figures.iter().find(|stage| stage.name == name).context("no such stage")
        };
        let (empty, grown, shrunk) = (stage("empty")?, stage("grown")?, stage("shrunk")?);
        let requested = grown.requested as f64 / entries;
        self.at_most("grown to 1M: bytes requested per entry", requested, 36.0);
        match grown.resident {
            Some(bytes) => {
                let resident = bytes as f64 / entries;
                self.at_most("grown to 1M: bytes resident per entry", resident, 52.0);
            }
            None => self.harness.print("grown to 1M: this system does not tell resident bytes"),
        }
        self.at_most("empty: bytes requested", empty.requested as f64, EMPTY);
        self.at_most("emptied and shrunk: bytes requested", shrunk.requested as f64, EMPTY);
        Ok(())
    }

    fn latency(&mut self) -> Result<()> {
        let row = LatencyRow(Row::new(Load::Insert, Kind::U64, self.harness.sizes.latency, 1));
        let latencies = self.harness.latencies(row, &|name| [LOXLEY, DASHMAP].contains(&name))?;
        let share = slowest_share(&latencies).context("no profile")?;
        self.at_most("growing to 4M: p99.999 over dashmap's max", share, 0.1);
        Ok(())
    }

    fn at_least(&mut self, what: &str, measured: f64, least: f64) {
        self.judge(what, measured, "≥", least, measured >= least);
    }

    fn at_most(&mut self, what: &str, measured: f64, most: f64) {
        self.judge(what, measured, "≤", most, measured <= most);
    }

    fn judge(&mut self, what: &str, measured: f64, relation: &str, bound: f64, passed: bool) {
        let word = if passed { "PASS" } else { "FAIL" };
        let decimals = if measured < 1.0 { 3 } else { 1 };
        let line = format!("{word}  {what:46} {measured:9.decimals$}  (target {relation} {bound})");
        self.harness.print(&line);
        self.passed &= passed;
    }
}
