//! Counts the words of whole directory trees with every core on **one shared map**, and races
//! loxley against `DashMap` and a `Mutex<HashMap>` at the same job.
//!
//! ```text
//! cargo run --release --example wordcount -- [PATH]...
//! cargo run --release --example wordcount -- --threads 4 --top 25 src /usr/share/doc
//! ```
//!
//! Without a path it reads the current directory and, where rustc is installed, Rust's own
//! documentation. What to look at:
//!
//! - [`counters`]: the idiom for hot counters (atomics as values, borrowed lookups, one pin for
//!   many words), beside the same lines written for the two other maps;
//! - [`race`]: the workload, written once for all three;
//! - [`words`] and [`corpus`]: what a word is, and which files are read.
//!
//! All texts are in memory before the first clock starts, every round starts with empty maps, and
//! the three must agree on every single count, or the program fails.

mod corpus;
mod counters;
mod race;
mod report;
mod words;

use std::io::{self, ErrorKind, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use anyhow::{Result, ensure};
use clap::Parser;

use crate::corpus::{Corpus, Limits};

/// Count words with all cores on one shared map, and race three maps at it.
#[derive(Debug, Parser)]
#[command(name = "wordcount")]
struct Args {
    /// Files and directories to read [default: this directory and Rust's documentation]
    paths: Vec<PathBuf>,

    /// How many of the most frequent words to print
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,

    /// Threads that count [default: one per core]
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,

    /// Rounds of the race; the median is shown
    #[arg(long, value_name = "N", default_value = "3")]
    rounds: NonZero<u32>,

    /// Stop reading when this much text is in memory
    #[arg(long, value_name = "MIB", default_value = "64")]
    max_mib: NonZero<u32>,

    /// Skip files that are larger than this
    #[arg(long, value_name = "MIB", default_value = "16")]
    max_file_mib: NonZero<u32>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not `eprintln!`, which panics when nobody reads stderr any more.
            let _ = writeln!(io::stderr(), "wordcount: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let threads = match args.threads {
        Some(threads) => threads,
        None => thread::available_parallelism()?,
    };
    let limits = Limits { total: mib(args.max_mib), file: mib(args.max_file_mib.min(args.max_mib)) };
    let paths = if args.paths.is_empty() { default_paths() } else { args.paths.clone() };

    let corpus = Corpus::read(&paths, limits)?;
    // Nobody may be reading stderr any more: no reason to stop.
    let _ = report::warn(&mut io::stderr().lock(), &corpus, limits);
    let outcome = race::run(&corpus.texts, threads, args.rounds)?;
    ensure!(
        !outcome.counts.is_empty(),
        "no words in the {} text files of {} ({})",
        corpus.texts.len(),
        display_all(&paths),
        corpus.skipped,
    );

    match report::print(&mut io::stdout().lock(), &corpus, &outcome, args.top) {
        // `wordcount | head -1` has read all it wants: that is no failure.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

fn mib(mib: NonZero<u32>) -> u64 {
    u64::from(mib.get()) << 20
}

fn display_all(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths.iter().map(|p| p.display().to_string()).collect();
    names.join(", ")
}

/// The current directory and what of Rust's documentation or library sources is installed.
fn default_paths() -> Vec<PathBuf> {
    let mut paths = vec![PathBuf::from(".")];
    paths.extend(rust_texts());
    paths
}

fn rust_texts() -> Option<PathBuf> {
    let rustc = Command::new("rustc")
        .args(["--print", "sysroot"])
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let sysroot = String::from_utf8(rustc.stdout).ok()?;
    ["share/doc/rust", "lib/rustlib/src"]
        .map(|place| Path::new(sysroot.trim_end()).join(place))
        .into_iter()
        .find(|path| path.is_dir())
}
