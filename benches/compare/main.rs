//! loxley against std, dashmap, papaya, scc and flurry: all in one process, in turns, with the same
//! hasher and the same operations, whose results must agree.
//!
//! ```text
//! cargo bench --bench compare                               # everything, in about half an hour
//! cargo bench --bench compare -- --quick                    # in about two minutes
//! cargo bench --bench compare -- --filter get-hit           # rows whose name contains this
//! cargo bench --bench compare -- --sizes 10M --contenders loxley,papaya
//! cargo bench --bench compare -- --targets                  # what loxley promises: PASS or FAIL
//! cargo test --bench compare                                # do the contenders agree?
//! ```
//!
//! Tables go to standard output, all samples and charts to `target/compare` (`--out`).

mod alloc;
mod chart;
mod clock;
mod contender;
mod entrant;
mod files;
mod harness;
mod keys;
mod kind;
mod latency;
mod load;
mod memory;
mod options;
mod plan;
mod replay;
mod report;
mod results;
mod row;
mod score;
mod sizes;
mod stats;
mod streams;
mod targets;
mod throughput;

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;

use crate::harness::Harness;
use crate::options::Options;
use crate::plan::Plan;
use crate::report::ThroughputTable;
use crate::score::Score;

#[global_allocator]
static ALLOCATOR: alloc::CountingAllocator = alloc::CountingAllocator;

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    if let Some(request) = &options.memory_of {
        memory::child(request)?;
        return Ok(ExitCode::SUCCESS);
    }
    if options.targets {
        let sizes = options.work()?;
        let mut harness = Harness::new(sizes, options.files()?, targets::steps(sizes.rounds));
        let reached = targets::run(&mut harness)?;
        return Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    run(&options)?;
    Ok(ExitCode::SUCCESS)
}

/// Measures and prints all rows that are wanted.
fn run(options: &Options) -> Result<()> {
    let sizes = options.work()?;
    let table = ThroughputTable::new(options.contenders()?);
    let mut plan = Plan::new(&sizes);
    plan.retain(|name, entries| options.wants_row(name, entries));
    let wanted = |name: &str| options.wants_contender(name);
    let steps = Harness::steps(&plan, &sizes, &wanted);
    ensure!(steps > 0, "nothing is left to be measured");

    let files = options.files()?;
    let directory = files.directory().map(ToOwned::to_owned);
    let mut harness = Harness::new(sizes, files, steps);
    let mut score = Score::default();
    if !plan.groups.is_empty() {
        harness.print(&table.header());
    }
    let mut comparisons = Vec::new();
    for group in &plan.groups {
        for comparison in harness.compare(group, &wanted)? {
            harness.print(&table.row(&comparison));
            score.throughput(&comparison.row, comparison.ratio());
            comparisons.push(comparison);
        }
    }
    for row in plan.latencies {
        let latencies = harness.latencies(row, &wanted)?;
        harness.print(&report::latency_table(&latencies));
        score.latency(&row, latencies.ratio());
    }
    for row in plan.memories {
        let footprints = harness.footprints(row, &wanted)?;
        harness.print(&report::memory_table(&footprints));
        score.memory(&row, footprints.ratio());
    }
    harness.print(&score.to_string());
    if let Some(directory) = directory {
        chart::draw_all(&directory, &comparisons)?;
        harness.print(&format!("\nSamples, summary and charts: {}", directory.display()));
    }
    Ok(())
}
