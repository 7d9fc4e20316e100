//! The tables for people.

use std::fmt::Write;

use crate::contender::{ALL, DASHMAP, Entrant, LOXLEY};
use crate::harness::{Footprints, Latencies, medians};
use crate::latency::{MAX, QUANTILES, SLOWEST};
use crate::memory::{STAGES, Stage};
use crate::results::Comparison;
use crate::stats::Summary;

const LABEL: usize = 18;
const CELL: usize = 13;
/// What stands where a contender has nothing to show.
const NONE: &str = "–";

/// The line above the throughput rows.
pub(crate) fn throughput_header() -> String {
    let mut text = String::from(
        "Nanoseconds per operation: median, and min–max below it. 1 thread (1t): its CPU time.\n\
         2 threads (2t): wall time over the operations of both. The last column says how many times\n\
         as fast as the best other concurrent map loxley/64 is.\n\n",
    );
    text += &line("", ALL.iter().map(|entrant| entrant.name.into()));
    text + "  loxley/64 vs best"
}

/// One throughput row.
pub(crate) fn throughput_row(comparison: &Comparison) -> String {
    let summary = |entrant| comparison.get(entrant).map(|s| Summary::of(&s.samples));
    let cells = |show: &dyn Fn(Summary) -> String| -> Vec<String> {
        ALL.iter().map(|entrant| summary(entrant).map_or(NONE.into(), show)).collect()
    };
    let mut text = line(&comparison.row, cells(&|s| format!("{:.1}", s.median)));
    if let Some(rival) = comparison.best_rival() {
        if let Some(speedup) = comparison.speedup(&LOXLEY, rival) {
            _ = write!(text, "  {speedup:.2} × {}", rival.name);
        }
    }
    text.push('\n');
    text + &line("", cells(&|s| format!("{:.1}–{:.1}", s.min, s.max)))
}

/// The latency row, a table of its own.
pub(crate) fn latency_table(name: &str, latencies: &Latencies) -> String {
    let mut text = format!(
        "\n{name}: one thread inserts into an empty map. Medians of the rounds, reading the clock\n\
         (some 25 ns) included, time in which the thread did not run excluded (last column).\n\n",
    );
    let columns = QUANTILES.iter().map(|(name, _)| (*name).to_owned());
    text += &line("", columns.chain(["off CPU".into()]));
    text.push('\n');
    for (entrant, profiles) in latencies {
        let off_cpu: Vec<f64> = profiles.iter().map(|p| p.off_cpu.as_nanos() as f64).collect();
        let cells = medians(profiles).into_iter().chain([Summary::of(&off_cpu).median]);
        text += &line(entrant.name, cells.map(time));
        text.push('\n');
    }
    if let Some(share) = slowest_share(latencies) {
        _ = writeln!(text, "\nloxley's p99.999 / dashmap's max: {share:.3}");
    }
    text
}

/// loxley's p99.999 as a share of dashmap's maximum.
pub(crate) fn slowest_share(latencies: &Latencies) -> Option<f64> {
    let of = |wanted: &Entrant| {
        let (_, profiles) = latencies.iter().find(|(entrant, _)| entrant.name == wanted.name)?;
        Some(medians(profiles))
    };
    Some(of(&LOXLEY)?[SLOWEST] / of(&DASHMAP)?[MAX])
}

/// The memory row, a table of its own.
pub(crate) fn memory_table(name: &str, footprints: &Footprints, entries: usize) -> String {
    let mut text = format!(
        "\n{name}: a map of u64 to u64 when empty, when it has grown to {entries} entries, when they have\n\
         been removed, when it has then been shrunk; and of one made for as many entries when it is filled,\n\
         and when its entries have been replaced one by one four times, with nothing flushed.\n",
    );
    let per_entry = |bytes: isize| format!("{:.1} B/entry", bytes as f64 / entries as f64);
    let total = |bytes: isize| format!("{bytes} B");
    let show = |stage: &str, bytes| match stage {
        "grown" | "presized" | "churned" => per_entry(bytes),
        _ => total(bytes),
    };
    let mut table = |title: &str, figure: &dyn Fn(&Stage) -> Option<isize>| {
        text.push('\n');
        text += &line(title, STAGES.map(str::to_owned));
        text.push('\n');
        for (entrant, footprint) in footprints {
            let cells = STAGES.map(|name| {
                let stage = footprint.iter().find(|stage| stage.name == name);
                stage.and_then(figure).map_or(NONE.into(), |bytes| show(name, bytes))
            });
            text += &line(entrant.name, cells);
            text.push('\n');
        }
    };
    table("requested", &|stage| Some(stage.requested));
    table("resident", &|stage| stage.resident);
    text
}

/// Nanoseconds in the unit that suits them.
fn time(nanos: f64) -> String {
    match nanos {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.1} µs", n / 1e3),
        n => format!("{:.2} ms", n / 1e6),
    }
}

fn line(label: &str, cells: impl IntoIterator<Item = String>) -> String {
    let mut line = format!("{label:LABEL$}");
    for cell in cells {
        _ = write!(line, " {cell:>CELL$}");
    }
    line
}
