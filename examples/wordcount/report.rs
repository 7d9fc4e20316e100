//! What is printed: results on stdout, complaints on stderr.

use std::cmp::Reverse;
use std::io::{self, Write};

use indicatif::{BinaryBytes, HumanCount};

use crate::corpus::{Corpus, Limits};
use crate::race::Outcome;

/// Says what is missing from the results.
pub(crate) fn warn(out: &mut impl Write, corpus: &Corpus, limits: Limits) -> io::Result<()> {
    for error in &corpus.skipped.errors {
        writeln!(out, "wordcount: skipped: {error:#}")?;
    }
    let unnamed = corpus.skipped.unreadable - corpus.skipped.errors.len();
    if unnamed > 0 {
        writeln!(out, "wordcount: skipped: {unnamed} more unreadable files")?;
    }
    if corpus.is_cut {
        let limit = BinaryBytes(limits.total);
        writeln!(out, "wordcount: stopped reading at {limit} (see --max-mib)")?;
    }
    Ok(())
}

/// Prints the most frequent words, what was read, and how long each map took.
pub(crate) fn print(out: &mut impl Write, corpus: &Corpus, outcome: &Outcome, top: usize) -> io::Result<()> {
    print_top(out, outcome, top)?;
    print_corpus(out, corpus, outcome)?;
    print_race(out, corpus, outcome)?;
    out.flush()
}

fn print_top(out: &mut impl Write, outcome: &Outcome, top: usize) -> io::Result<()> {
    let mut ranking: Vec<(&String, &u64)> = outcome.counts.iter().collect();
    ranking.sort_unstable_by_key(|&(word, count)| (Reverse(count), word));
    for (word, &count) in ranking.into_iter().take(top) {
        writeln!(out, "{:>14}  {word}", grouped(count))?;
    }
    Ok(())
}

fn print_corpus(out: &mut impl Write, corpus: &Corpus, outcome: &Outcome) -> io::Result<()> {
    writeln!(
        out,
        "\n{} words, {} different, in {} files of {:.1} MB",
        grouped(words(outcome)),
        grouped(outcome.counts.len() as u64),
        grouped(corpus.texts.len() as u64),
        corpus.bytes as f64 / 1e6,
    )?;
    writeln!(out, "{}", corpus.skipped)
}

fn print_race(out: &mut impl Write, corpus: &Corpus, outcome: &Outcome) -> io::Result<()> {
    let (threads, rounds) = (outcome.threads, outcome.rounds);
    writeln!(out, "threads: {threads}; rounds: {rounds}; all counts agree\n")?;
    writeln!(out, "{:<16}{:>10}{:>10}{:>14}", "", "median s", "MB/s", "M words/s")?;
    for (name, time) in &outcome.medians {
        let seconds = time.as_secs_f64();
        let per_second = |amount: u64| amount as f64 / 1e6 / seconds;
        writeln!(
            out,
            "{name:<16}{seconds:>10.3}{:>10.1}{:>14.2}",
            per_second(corpus.bytes),
            per_second(words(outcome)),
        )?;
    }
    Ok(())
}

fn words(outcome: &Outcome) -> u64 {
    outcome.counts.values().sum()
}

/// `1,234,567`, as a string because `HumanCount` does not pad.
fn grouped(count: u64) -> String {
    HumanCount(count).to_string()
}
