//! How long single operations take: insertions while a map grows from empty, on one thread, and any
//! operations when there are more threads than processors.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use crate::alloc;
use crate::clock::LapClock;
use crate::contender::{Contender, View};
use crate::keys::{hasher, key};
use crate::kind::{Key, Value};
use crate::replay::{apply, fill};
use crate::streams::{Op, Streams, Task, Work};

/// The share of operations that take no longer than each reported figure.
pub(crate) const QUANTILES: [(&str, f64); 6] =
    [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999), ("p99.999", 0.99999), ("max", 1.0)];
/// The index of p99.9.
pub(crate) const RARE: usize = 2;
/// The index of p99.999.
pub(crate) const SLOWEST: usize = 4;
/// The index of the maximum.
pub(crate) const MAX: usize = 5;

/// The latencies of one run.
pub(crate) struct Profile {
    /// Nanoseconds, one for each of [`QUANTILES`].
    pub(crate) nanos: [f64; QUANTILES.len()],
    /// How long the thread was not running, if that is left out of the figures.
    pub(crate) off_cpu: Option<Duration>,
    /// Of all results and of what is left in the map.
    pub(crate) checksum: u64,
}

impl Profile {
    fn new(mut latencies: Vec<u32>, off_cpu: Option<Duration>, checksum: u64) -> Self {
        latencies.sort_unstable();
        let count = latencies.len() as f64;
        let quantile = |q: f64| f64::from(latencies[((count * q).ceil() as usize).max(1) - 1]);
        Self { nanos: QUANTILES.map(|(_, q)| quantile(q)), off_cpu, checksum }
    }
}

/// Inserts `count` keys into an empty map on one thread. `round` picks the hasher.
pub(crate) fn growth<C: Contender>(count: usize, round: u64) -> Profile {
    alloc::pay_debts();
    let map = C::with_capacity(0, hasher(round));
    // Written now, so that no page of it is faulted in while the clock runs.
    let mut latencies = vec![u32::MAX; count];
    let mut clock = LapClock::start();
    for (batch, latencies) in latencies.chunks_mut(C::OPS_PER_VIEW).enumerate() {
        let mut view = map.view();
        for (i, latency) in latencies.iter_mut().enumerate() {
            let key = C::Key::of(key((batch * C::OPS_PER_VIEW + i) as u64));
            view.put(&key, C::Value::of(key.digest()));
            *latency = clock.lap();
        }
    }
    let census = map.view().census();
    assert_eq!(census.entries, count as u64, "{} lost entries", C::NAME);
    map.settle(0);
    Profile::new(latencies, Some(clock.off_cpu), census.checksum())
}

/// Runs the streams once, on as many threads, and times every operation by the wall: who waits for
/// a thread that is not running waits long.
pub(crate) fn under_load<C: Contender>(streams: &Streams<C::Key>, round: u64) -> Profile {
    alloc::pay_debts();
    let map = C::with_capacity(streams.prefill, hasher(round));
    fill(&map, streams.prefill);
    let Task::Run(work) = &streams.task else { unreachable!("dropping a map is not an operation") };
    let barrier = Barrier::new(work.len());
    let run = |work: &Work<C::Key>| {
        let ops = work.ops();
        barrier.wait();
        time_each(&map, &ops)
    };
    let threads: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = work.iter().map(|work| scope.spawn(|| run(work))).collect();
        running.into_iter().map(|thread| thread.join().expect("a contender panicked")).collect()
    });
    let census = map.view().census();
    map.settle(0);
    let results = threads.iter().fold(0, |sum: u64, (_, results)| sum.wrapping_add(*results));
    let latencies = threads.into_iter().flat_map(|(latencies, _)| latencies).collect();
    Profile::new(latencies, None, results ^ census.checksum())
}

fn time_each<C: Contender>(map: &C, ops: &[Op<C::Key>]) -> (Vec<u32>, u64) {
    let mut latencies = vec![u32::MAX; ops.len()];
    let mut total = 0u64;
    let mut clock = LapClock::start();
    for (ops, latencies) in ops.chunks(C::OPS_PER_VIEW).zip(latencies.chunks_mut(C::OPS_PER_VIEW)) {
        let mut view = map.view();
        for (op, latency) in ops.iter().zip(latencies) {
            total = total.wrapping_add(apply(&mut view, op).unwrap_or(1));
            *latency = clock.wall_lap();
        }
    }
    (latencies, total)
}
