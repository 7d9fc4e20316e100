//! The workload, written once for every [`Counter`], and the rounds of the race.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use loxley::RandomState;

use crate::counters::{Counter, Counts, Dash, Locked, Loxley};
use crate::words::{self, Words};

/// Bytes of text that a thread takes at a time: small enough to share the work out evenly, large
/// enough that taking it costs nothing.
const BATCH: usize = 64 << 10;

/// What the race found.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What all contenders counted.
    pub(crate) counts: Counts,
    /// Each contender's name and median time, the fastest first.
    pub(crate) medians: Vec<(&'static str, Duration)>,
    /// The threads that counted.
    pub(crate) threads: usize,
    pub(crate) rounds: NonZero<u32>,
}

/// One contender: its name and its way to count everything once.
struct Contender {
    name: &'static str,
    count: fn(&Job<'_>, RandomState) -> Result<(Duration, Counts)>,
    times: Vec<Duration>,
}

impl Contender {
    fn new<C: Counter>() -> Self {
        Self { name: C::NAME, count: count_all::<C>, times: Vec::new() }
    }
}

/// What each contender is given to do.
struct Job<'a> {
    batches: Vec<&'a str>,
    threads: usize,
    progress: ProgressBar,
}

/// Lets all contenders count all `texts`, `rounds` times, and fails unless they always agree.
pub(crate) fn run(texts: &[String], threads: NonZero<usize>, rounds: NonZero<u32>) -> Result<Outcome> {
    let mut contenders = [Contender::new::<Loxley>(), Contender::new::<Dash>(), Contender::new::<Locked>()];
    let batches: Vec<&str> = texts.iter().flat_map(|text| words::batches(text, BATCH)).collect();
    let steps = (batches.len() * contenders.len()) as u64 * u64::from(rounds.get());
    // A thread without a batch would have nothing to do.
    let threads = threads.get().min(batches.len());
    let job = Job { batches, threads, progress: progress_bar(steps)? };

    // Interleaved, and with another one first each time, so that whatever else the machine does
    // meanwhile hits all of them alike.
    let hasher = RandomState::new();
    let mut agreed: Option<Counts> = None;
    for _ in 0..rounds.get() {
        for contender in &mut contenders {
            job.progress.set_message(contender.name);
            let (time, counts) = (contender.count)(&job, hasher.clone())?;
            contender.times.push(time);
            match &agreed {
                Some(agreed) => check(agreed, &counts, contender.name)?,
                None => agreed = Some(counts),
            }
        }
        contenders.rotate_left(1);
    }
    job.progress.finish_and_clear();

    let mut medians = contenders.map(|c| (c.name, median(c.times)));
    medians.sort_by_key(|&(_, time)| time);
    Ok(Outcome { counts: agreed.unwrap_or_default(), medians: medians.into(), threads, rounds })
}

/// Counts all batches with all threads on one new counter; only the counting is timed.
fn count_all<C: Counter>(job: &Job<'_>, hasher: RandomState) -> Result<(Duration, Counts)> {
    let counter = C::new(hasher);
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..job.threads {
            thread::Builder::new()
                .spawn_scoped(scope, || work(&counter, job, &next))
                .with_context(|| format!("cannot start {} threads", job.threads))?;
        }
        anyhow::Ok(())
    })?;
    let time = start.elapsed();
    Ok((time, counter.into_counts()))
}

/// What each thread does: take the next batch, split it, count its words.
fn work(counter: &impl Counter, job: &Job<'_>, next: &AtomicUsize) {
    let mut words = Words::default();
    while let Some(batch) = job.batches.get(next.fetch_add(1, Ordering::Relaxed)) {
        words.split(batch);
        counter.count(&words);
        job.progress.inc(1);
    }
}

/// Fails with an example if `counts` is not what the others counted.
fn check(agreed: &Counts, counts: &Counts, name: &str) -> Result<()> {
    let mut words = agreed.keys().chain(counts.keys());
    match words.find(|&word| agreed.get(word) != counts.get(word)) {
        None => Ok(()),
        Some(word) => bail!(
            "{name} counted {word:?} {} times, others {} times",
            counts.get(word).unwrap_or(&0),
            agreed.get(word).unwrap_or(&0),
        ),
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    (times[(times.len() - 1) / 2] + times[times.len() / 2]) / 2
}

fn progress_bar(steps: u64) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{msg:16} {wide_bar} {percent:>3} % {eta:>4}")?;
    Ok(ProgressBar::new(steps).with_style(style))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contenders_agree() {
        let texts = ["to be or not to be", "To BE\u{2026}", ""].map(String::from);
        let outcome = run(&texts, NonZero::new(2).unwrap(), NonZero::new(3).unwrap()).unwrap();
        let mut counts: Vec<_> = outcome.counts.into_iter().collect();
        counts.sort_unstable();
        let expected = [("be", 3), ("not", 1), ("or", 1), ("to", 3)];
        assert_eq!(counts, expected.map(|(word, n)| (word.to_owned(), n)));
    }

    #[test]
    fn a_wrong_count_is_named() {
        let counts = |n| Counts::from_iter([("same".to_owned(), 7), ("word".to_owned(), n)]);
        assert!(check(&counts(2), &counts(2), "x").is_ok());
        let error = check(&counts(2), &counts(1), "x").unwrap_err();
        assert_eq!(error.to_string(), r#"x counted "word" 1 times, others 2 times"#);
    }

    #[test]
    fn the_median_of_an_even_number_is_between() {
        let seconds = |all: &[u64]| all.iter().copied().map(Duration::from_secs).collect();
        assert_eq!(median(seconds(&[9, 1, 4])), Duration::from_secs(4));
        assert_eq!(median(seconds(&[9, 1, 4, 2])), Duration::from_secs(3));
    }
}
