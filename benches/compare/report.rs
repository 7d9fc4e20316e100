//! The tables for people.

use std::fmt::Write;

use crate::entrant::{DASHMAP, LOXLEY};
use crate::latency::{MAX, QUANTILES, SLOWEST};
use crate::memory::{STAGES, Stage};
use crate::results::{Comparison, Footprints, Latencies, Measured, Ratio, medians};
use crate::stats::Summary;

const LABEL: usize = 24;
const CELL: usize = 11;
const WIDE_CELL: usize = 13;
/// What stands where a contender has nothing to show.
const NONE: &str = "–";

/// The table of throughput rows, which has a column for each contender.
pub(crate) struct ThroughputTable {
    contenders: Vec<&'static str>,
}

impl ThroughputTable {
    pub(crate) fn new(contenders: Vec<&'static str>) -> Self {
        Self { contenders }
    }

    /// The lines above the rows.
    pub(crate) fn header(&self) -> String {
        let mut text = String::from(
            "Nanoseconds per operation: median, and min–max below it. 1 thread (1t): its CPU time.\n\
             2 threads (2t): wall time over the operations of both. – : cannot do it atomically, or has\n\
             no place there. /64: one guard for 64 operations; /1: one for each; /many: get_many.\n\
             The last column says how many times as fast as the best other concurrent map loxley/64 is.\n\
             Locks around std's map count as such where there are two threads.\n\n",
        );
        text += &line("", CELL, self.contenders.iter().map(|&name| name.into()));
        text + "  loxley/64 vs best"
    }

    /// One row.
    pub(crate) fn row(&self, comparison: &Comparison) -> String {
        let cells = |show: &dyn Fn(Summary) -> String| -> Vec<String> {
            let summary = |name| comparison.get(name).map(Summary::of);
            self.contenders.iter().map(|&name| summary(name).map_or(NONE.into(), show)).collect()
        };
        let mut text = line(&comparison.row.to_string(), CELL, cells(&|s| nanos(s.median)));
        if let Some(Ratio { times, rival }) = comparison.ratio() {
            _ = write!(text, "  {times:.2} × {rival}");
        }
        text.push('\n');
        text + &line("", CELL, cells(&|s| format!("{}–{}", nanos(s.min), nanos(s.max))))
    }
}

/// A latency row, a table of its own.
pub(crate) fn latency_table(latencies: &Latencies) -> String {
    let row = latencies.row.0;
    let how = if row.threads == 1 {
        "on one thread. Time in which it did not run is excluded (last column)"
    } else {
        "on more threads than there are processors, by the wall"
    };
    let mut text = format!(
        "\n{}: {},\n{how}. Medians of the rounds, reading the clock (some 25 ns) included.\n\n",
        latencies.row,
        row.load.description(),
    );
    let columns = QUANTILES.iter().map(|(name, _)| (*name).to_owned());
    text += &line("", WIDE_CELL, columns.chain(["off CPU".into()]));
    text.push('\n');
    for Measured { name, figures, .. } in &latencies.measured {
        let off_cpu: Option<Vec<f64>> =
            figures.iter().map(|profile| Some(profile.off_cpu?.as_nanos() as f64)).collect();
        let off_cpu = off_cpu.map_or(NONE.into(), |samples| time(Summary::of(&samples).median));
        text += &line(name, WIDE_CELL, medians(figures).into_iter().map(time).chain([off_cpu]));
        text.push('\n');
    }
    if let Some(Ratio { times, rival }) = latencies.ratio() {
        _ = writeln!(text, "\n{rival}'s p99.9 / loxley's: {times:.2}");
    }
    if let Some(share) = slowest_share(latencies) {
        _ = writeln!(text, "loxley's p99.999 / dashmap's max: {share:.3}");
    }
    text
}

/// loxley's p99.999 as a share of dashmap's maximum.
pub(crate) fn slowest_share(latencies: &Latencies) -> Option<f64> {
    let of = |wanted| latencies.get(wanted).map(medians);
    Some(of(LOXLEY)?[SLOWEST] / of(DASHMAP)?[MAX])
}

/// A memory row, a table of its own.
pub(crate) fn memory_table(footprints: &Footprints) -> String {
    let entries = footprints.row.entries;
    let mut text = format!(
        "\n{}: a map of {} when empty, when it has grown to {entries} entries, when they have\n\
         been removed, when it has then been shrunk; and of one made for as many entries when it is filled,\n\
         and when its entries have been replaced one by one four times, with nothing flushed.\n",
        footprints.row,
        footprints.row.kind.types(),
    );
    let per_entry = |bytes: isize| format!("{:.1} B/entry", bytes as f64 / entries as f64);
    let total = |bytes: isize| format!("{bytes} B");
    let show = |stage: &str, bytes| match stage {
        "grown" | "presized" | "churned" => per_entry(bytes),
        _ => total(bytes),
    };
    let mut table = |title: &str, figure: &dyn Fn(&Stage) -> Option<isize>| {
        text.push('\n');
        text += &line(title, WIDE_CELL, STAGES.map(str::to_owned));
        text.push('\n');
        for Measured { name, figures, .. } in &footprints.measured {
            let cells = STAGES.map(|name| {
                let stage = figures.iter().find(|stage| stage.name == name);
                stage.and_then(figure).map_or(NONE.into(), |bytes| show(name, bytes))
            });
            text += &line(name, WIDE_CELL, cells);
            text.push('\n');
        }
    };
    table("requested", &|stage| Some(stage.requested));
    table("resident", &|stage| stage.resident);
    if let Some(Ratio { times, rival }) = footprints.ratio() {
        _ = writeln!(text, "\n{rival} grown, requested / loxley: {times:.2}");
    }
    text
}

/// Nanoseconds, in few digits.
fn nanos(nanos: f64) -> String {
    if nanos < 99.95 { format!("{nanos:.1}") } else { format!("{nanos:.0}") }
}

/// Nanoseconds in the unit that suits them.
fn time(nanos: f64) -> String {
    match nanos {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.1} µs", n / 1e3),
        n => format!("{:.2} ms", n / 1e6),
    }
}

fn line(label: &str, width: usize, cells: impl IntoIterator<Item = String>) -> String {
    let mut line = format!("{label:LABEL$}");
    for cell in cells {
        _ = write!(line, " {cell:>width$}");
    }
    line
}
