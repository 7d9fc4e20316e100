//! The command line.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::Parser;

use crate::entrant;
use crate::files::Files;
use crate::sizes::{Count, Sizes};

/// Measures loxley against std, dashmap, papaya, scc and flurry.
///
/// NAME/64 shares a guard between 64 operations, NAME/1 takes one for each. On one thread figures are
/// CPU time, on two wall time: run it on an otherwise idle machine.
#[derive(Parser)]
pub(crate) struct Options {
    /// Only the rows whose name contains this: get-hit/100k/2t, string, latency, memory, ...
    #[arg(long, default_value = "")]
    filter: String,
    /// Only the contenders whose names start with one of these: loxley/64,papaya,dashmap,...
    #[arg(long, value_delimiter = ',')]
    contenders: Vec<String>,
    /// Only the rows with so many entries: 1k,100k,1M,10M,...
    #[arg(long, value_delimiter = ',')]
    sizes: Vec<String>,
    /// In about two minutes, without the largest maps, with fewer rounds and operations
    #[arg(long)]
    quick: bool,
    /// Measurements of each contender in each row
    #[arg(long)]
    rounds: Option<usize>,
    /// Only what loxley promises, with PASS or FAIL; fails if a promise is not kept
    #[arg(long, conflicts_with_all = ["filter", "contenders", "sizes"])]
    pub(crate) targets: bool,
    /// Where samples.csv, summary.csv and the charts go [default: target/compare, none for --targets]
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
    /// What `cargo bench` passes; without it (`cargo test`) everything is tiny and runs once
    #[arg(long, hide = true)]
    bench: bool,
    /// CONTENDER:LIFE:ENTRIES:KIND: what the memory row starts processes of its own for
    #[arg(long, hide = true)]
    pub(crate) memory_of: Option<String>,
}

impl Options {
    /// How much work to do.
    pub(crate) fn work(&self) -> Result<Sizes> {
        ensure!(self.bench || !self.targets, "--targets needs --bench: without it the sizes are tiny");
        let sizes = match (self.bench, self.targets, self.quick) {
            (false, ..) => Sizes::SMOKE,
            (true, false, false) => Sizes::FULL,
            (true, false, true) => Sizes::QUICK,
            (true, true, false) => Sizes::TARGETS,
            (true, true, true) => Sizes::QUICK_TARGETS,
        };
        let rounds = self.rounds.unwrap_or(sizes.rounds);
        ensure!(rounds > 0, "--rounds must be at least 1");
        Ok(Sizes { rounds, ..sizes })
    }

    /// The files that results are written to.
    pub(crate) fn files(&self) -> Result<Files> {
        match &self.out {
            Some(directory) => Files::create(directory),
            None if self.targets => Ok(Files::none()),
            None if self.bench => Files::create(Path::new("target/compare")),
            // Not over the results of a measurement.
            None => Files::create(Path::new("target/compare/smoke")),
        }
    }

    pub(crate) fn wants_row(&self, name: &str, entries: usize) -> bool {
        let size = Count(entries).to_string();
        name.contains(&self.filter) && (self.sizes.is_empty() || self.sizes.contains(&size))
    }

    pub(crate) fn wants_contender(&self, name: &str) -> bool {
        self.contenders.is_empty() || self.contenders.iter().any(|wanted| name.starts_with(wanted))
    }

    /// The names of the contenders, in the order of the tables.
    pub(crate) fn contenders(&self) -> Result<Vec<&'static str>> {
        let mut names = entrant::names();
        names.retain(|name| self.wants_contender(name));
        ensure!(!names.is_empty(), "no contender is called {}", self.contenders.join(" or "));
        Ok(names)
    }
}
