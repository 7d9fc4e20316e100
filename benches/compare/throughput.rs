//! How one run of a throughput row is timed.

use std::hint;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

use crate::alloc;
use crate::contender::{Contender, View};
use crate::keys::hasher;
use crate::row::Streams;
use crate::streams::{self, Work};

/// One timed run.
pub(crate) struct Sample {
    /// Time for one operation: of one thread's CPU time, or of wall time shared by all threads.
    pub(crate) nanos: f64,
    /// Of all results and of what is left in the map.
    pub(crate) checksum: u64,
}

/// Runs the streams of a row once. `round` picks the hasher.
pub(crate) fn measure<C: Contender>(streams: &Streams, round: u64) -> Sample {
    alloc::pay_debts();
    // Made to measure: grown maps would be caught in the middle of a migration, each in another.
    let map = C::with_capacity(streams.prefill.len(), hasher(round));
    streams::insert_all(&map, &streams.prefill);
    let (time, results) = match &streams.work[..] {
        [work] => on_this_thread(&map, work),
        work => on_threads(&map, work),
    };
    let census = map.view().census();
    // The next contender must not pay for tables that this one has outgrown.
    map.settle(0);
    let ops: usize = streams.work.iter().map(Work::len).sum();
    Sample {
        nanos: time.as_nanos() as f64 / ops as f64,
        checksum: results ^ census.digest.rotate_left(1) ^ census.entries,
    }
}

/// CPU time: what other processes do meanwhile does not count.
fn on_this_thread<C: Contender>(map: &C, work: &Work) -> (Duration, u64) {
    work.warm_up(map);
    let start = ThreadTime::now();
    let checksum = work.run(map);
    (start.elapsed(), checksum)
}

/// Wall time, from the first thread to start until the last to end: CPU time would hide a thread
/// that sleeps while it waits for another.
fn on_threads<C: Contender>(map: &C, work: &[Work]) -> (Duration, u64) {
    let threads = work.len();
    let ready = AtomicUsize::new(0);
    let run = |work: &Work| {
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
