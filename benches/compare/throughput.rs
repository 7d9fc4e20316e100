//! How one run of a throughput row is timed.

use std::hint;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

use crate::alloc;
use crate::contender::{Contender, View};
use crate::keys::hasher;
use crate::replay::fill;
use crate::streams::{Streams, Task, Work};

/// A row, timed once.
pub(crate) struct Sample {
    /// Time for one operation: of one thread's CPU time, or of wall time shared by all threads.
    pub(crate) nanos: f64,
    /// Of all results.
    pub(crate) checksum: u64,
}

/// What some rows did to a map.
pub(crate) struct Run {
    /// One for each row.
    pub(crate) samples: Vec<Sample>,
    /// A checksum of what is left in the map.
    pub(crate) left: u64,
}

/// Runs the streams of some rows once, one after the other on the same map. `round` picks the hasher.
pub(crate) fn measure<C: Contender>(rows: &[&Streams<C::Key>], round: u64) -> Run {
    alloc::pay_debts();
    // Made to measure: grown maps would be caught in the middle of a migration, each in another.
    let map = C::with_capacity(rows[0].prefill, hasher(round));
    fill(&map, rows[0].prefill);
    let mut samples = Vec::with_capacity(rows.len());
    let mut drops = None;
    for row in rows {
        match &row.task {
            Task::Run(work) => samples.push(run(&map, work)),
            Task::Drop { prefill } => drops = Some(*prefill),
        }
    }
    let census = map.view().census();
    // The next contender must not pay for tables that this one has outgrown.
    map.settle(0);
    if let Some(entries) = drops {
        samples.push(end(map, entries));
    }
    Run { samples, left: census.checksum() }
}

fn run<C: Contender>(map: &C, work: &[Work<C::Key>]) -> Sample {
    let (time, checksum) = match work {
        [work] => on_this_thread(map, work),
        work => on_threads(map, work),
    };
    let ops: usize = work.iter().map(Work::len).sum();
    Sample { nanos: time.as_nanos() as f64 / ops as f64, checksum }
}

/// Drops the map and what waits to be dropped then.
fn end<C: Contender>(map: C, entries: usize) -> Sample {
    // All maps of a library share what is kept for readers, or keep it to themselves.
    let another = C::with_capacity(0, hasher(0));
    let start = ThreadTime::now();
    drop(map);
    another.settle(0);
    Sample { nanos: start.elapsed().as_nanos() as f64 / entries as f64, checksum: 0 }
}

/// CPU time: what other processes do meanwhile does not count.
fn on_this_thread<C: Contender>(map: &C, work: &Work<C::Key>) -> (Duration, u64) {
    work.warm_up(map);
    let start = ThreadTime::now();
    let checksum = work.run(map);
    (start.elapsed(), checksum)
}

/// Wall time, from the first thread to start until the last to end: CPU time would hide a thread
/// that sleeps while it waits for another.
fn on_threads<C: Contender>(map: &C, work: &[Work<C::Key>]) -> (Duration, u64) {
    let threads = work.len();
    let ready = AtomicUsize::new(0);
    let run = |work: &Work<C::Key>| {
        // This thread may have been given another part of the allocator.
        alloc::pay_debts();
        work.warm_up(map);
        // Spins, as `std::sync::Barrier` wakes threads one after the other: on a busy machine the
        // first might be done before the second starts, and they would never meet.
        ready.fetch_add(1, Relaxed);
        while ready.load(Relaxed) < threads {
            hint::spin_loop();
        }
        let start = Instant::now();
        let checksum = work.run(map);
        (start, Instant::now(), checksum)
    };
    thread::scope(|scope| {
        let running: Vec<_> = work.iter().map(|work| scope.spawn(|| run(work))).collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("a contender panicked"))
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1), a.2.wrapping_add(b.2)))
            .map(|(start, end, checksum)| (end - start, checksum))
            .expect("no thread")
    })
}
