//! loxley against std, dashmap, papaya and scc: all in one process, in turns, with the same hasher
//! and the same operations, whose results must agree.
//!
//! ```text
//! cargo bench --bench compare                        # everything
//! cargo bench --bench compare -- --quick             # in less than two minutes
//! cargo bench --bench compare -- --filter get-hit    # rows whose name contains this
//! cargo bench --bench compare -- --targets           # what loxley promises: PASS or FAIL
//! cargo test --bench compare                         # do the contenders agree?
//! ```

mod alloc;
mod contender;
mod harness;
mod keys;
mod latency;
mod memory;
mod report;
mod results;
mod row;
mod sizes;
mod stats;
mod streams;
mod targets;
mod throughput;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use crate::contender::{ALL, CONCURRENT, MAPS};
use crate::harness::Harness;
use crate::results::Samples;
use crate::row::Row;
use crate::sizes::Sizes;

#[global_allocator]
static ALLOCATOR: alloc::CountingAllocator = alloc::CountingAllocator;

/// Measures loxley against std, dashmap, papaya and scc.
///
/// NAME/64 shares a guard between 64 operations, NAME/1 takes one for each. On one thread figures are
/// CPU time, on two wall time: run it on an otherwise idle machine.
#[derive(Parser)]
struct Options {
    /// Only the rows whose name contains this: get-hit/100k/2t, insert, latency, memory, ...
    #[arg(long, default_value = "")]
    filter: String,
    /// Everything in less than two minutes, with fewer rounds and operations
    #[arg(long)]
    quick: bool,
    /// Measurements of each contender in each row
    #[arg(long)]
    rounds: Option<usize>,
    /// Only what loxley promises, with PASS or FAIL; fails if a promise is not kept
    #[arg(long, conflicts_with = "filter")]
    targets: bool,
    /// Writes every sample to this file
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// What `cargo bench` passes; without it (`cargo test`) everything is tiny and runs once
    #[arg(long, hide = true)]
    bench: bool,
    /// CONTENDER:LIFE:ENTRIES: what the memory row starts processes of its own for
    #[arg(long, hide = true)]
    memory_of: Option<String>,
}

impl Options {
    fn sizes(&self) -> Sizes {
        let sizes = match (self.bench, self.quick) {
            (false, _) => Sizes::SMOKE,
            (true, false) => Sizes::FULL,
            (true, true) => Sizes::QUICK,
        };
        Sizes { rounds: self.rounds.unwrap_or(sizes.rounds), ..sizes }
    }
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    if let Some(request) = &options.memory_of {
        measure_memory(request)?;
        return Ok(ExitCode::SUCCESS);
    }
    let sizes = options.sizes();
    ensure!(sizes.rounds > 0, "--rounds must be at least 1");
    let samples = Samples::create(options.csv.as_deref())?;
    if options.targets {
        ensure!(options.bench, "--targets needs --bench: without it the sizes are tiny");
        let mut harness = Harness::new(sizes, samples, targets::steps(sizes.rounds));
        let reached = targets::run(&mut harness)?;
        return Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    run(sizes, samples, &options.filter)?;
    Ok(ExitCode::SUCCESS)
}

/// Measures and prints all rows whose name contains `filter`.
fn run(sizes: Sizes, samples: Samples, filter: &str) -> Result<()> {
    let selected = |name: &str| name.contains(filter);
    let rows: Vec<Row> = Row::all(&sizes).into_iter().filter(|row| selected(&row.to_string())).collect();
    let latency = Some(harness::latency_name(&sizes)).filter(|name| selected(name));
    let memory = Some(harness::memory_name(&sizes)).filter(|name| selected(name));
    let steps = rows.len() * ALL.len() * sizes.rounds
        + usize::from(latency.is_some()) * CONCURRENT.len() * sizes.rounds
        + usize::from(memory.is_some()) * MAPS.len();
    ensure!(steps > 0, "no row has {filter:?} in its name");

    let mut harness = Harness::new(sizes, samples, steps);
    if !rows.is_empty() {
        harness.print(&report::throughput_header());
    }
    for row in rows {
        let comparison = harness.compare(&row, &ALL)?;
        harness.print(&report::throughput_row(&comparison));
    }
    if let Some(name) = latency {
        let latencies = harness.latencies(&CONCURRENT)?;
        harness.print(&report::latency_table(&name, &latencies));
    }
    if let Some(name) = memory {
        let footprints = harness.footprints(&MAPS)?;
        harness.print(&report::memory_table(&name, &footprints, sizes.large));
    }
    Ok(())
}

/// The process that [`memory::measure`] starts.
fn measure_memory(request: &str) -> Result<()> {
    let parts: Vec<&str> = request.split(':').collect();
    let [name, life, entries] = parts[..] else { anyhow::bail!("not a request: {request}") };
    let entrant = ALL.iter().find(|entrant| entrant.name == name).context("no such contender")?;
    memory::child(entrant, life.parse()?, entries.parse()?);
    Ok(())
}
