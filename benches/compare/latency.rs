//! How long single insertions take while a map grows from empty.

use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

use crate::alloc;
use crate::contender::{Contender, View};
use crate::keys::{hasher, key, value};

/// The share of insertions that take no longer than each reported figure.
pub(crate) const QUANTILES: [(&str, f64); 6] =
    [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999), ("p99.999", 0.99999), ("max", 1.0)];
/// The index of p99.999.
pub(crate) const SLOWEST: usize = 4;
/// The index of the maximum.
pub(crate) const MAX: usize = 5;

/// The latencies of one run.
pub(crate) struct Profile {
    /// Nanoseconds, one for each of [`QUANTILES`].
    pub(crate) nanos: [f64; QUANTILES.len()],
    /// How long the thread was not running, which is left out of the figures.
    pub(crate) off_cpu: Duration,
}

/// Inserts `count` keys into an empty map on one thread. `round` picks the hasher.
pub(crate) fn measure<C: Contender>(count: usize, round: u64) -> Profile {
    alloc::pay_debts();
    let map = C::with_capacity(0, hasher(round));
    // Written now, so that no page of it is faulted in while the clock runs.
    let mut latencies = vec![u32::MAX; count];
    let mut clock = LapClock::start();
    for (batch, latencies) in latencies.chunks_mut(C::OPS_PER_VIEW).enumerate() {
        let mut view = map.view();
        for (i, latency) in latencies.iter_mut().enumerate() {
            let key = key((batch * C::OPS_PER_VIEW + i) as u64);
            view.put(key, value(key));
            *latency = clock.lap();
        }
    }
    assert_eq!(map.view().census().entries, count as u64, "{} lost entries", C::NAME);
    map.settle(0);
    latencies.sort_unstable();
    let quantile = |q: f64| f64::from(latencies[((count as f64 * q).ceil() as usize).max(1) - 1]);
    Profile { nanos: QUANTILES.map(|(_, q)| quantile(q)), off_cpu: clock.off_cpu }
}

/// Times every lap from the end of the one before, so that nothing falls between two laps: not the
/// making and dropping of a guard either, where garbage may be freed.
///
/// On a busy machine the longest laps would be those in which the thread was not running. Its CPU
/// clock tells, but a look at it costs more than most insertions; so it is only looked at after a
/// lap that was suspiciously long, and the time off the CPU since the last look, wall time less CPU
/// time, is taken off that lap.
struct LapClock {
    wall: Instant,
    looked_wall: Instant,
    looked_cpu: ThreadTime,
    off_cpu: Duration,
}

impl LapClock {
    /// Shorter than the shortest time that a scheduler gives a processor away for.
    const SUSPICIOUS: Duration = Duration::from_micros(5);

    fn start() -> Self {
        let (looked_wall, looked_cpu) = (Instant::now(), ThreadTime::now());
        Self { wall: Instant::now(), looked_wall, looked_cpu, off_cpu: Duration::ZERO }
    }

    /// The nanoseconds since the last call, with the cost of reading the clock (some 25 ns).
    #[inline]
    fn lap(&mut self) -> u32 {
        let now = Instant::now();
        let lap = now - self.wall;
        self.wall = now;
        if lap < Self::SUSPICIOUS { lap.subsec_nanos() } else { self.inspect(lap) }
    }

    #[cold]
    fn inspect(&mut self, lap: Duration) -> u32 {
        let (wall, cpu) = (Instant::now(), ThreadTime::now());
        let ran = cpu.duration_since(self.looked_cpu);
        let off_cpu = (wall - self.looked_wall).saturating_sub(ran).min(lap);
        (self.looked_wall, self.looked_cpu) = (wall, cpu);
        self.off_cpu += off_cpu;
        self.wall = Instant::now();
        u32::try_from((lap - off_cpu).as_nanos()).unwrap_or(u32::MAX)
    }
}
