//! A clock for single operations.

use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

/// Times every lap from the end of the one before, so that nothing falls between two laps: not the
/// making and dropping of a guard either, where garbage may be freed.
///
/// On a busy machine the longest laps would be those in which the thread was not running. Its CPU
/// clock tells, but a look at it costs more than most insertions; so it is only looked at after a
/// lap that was suspiciously long, and the time off the CPU since the last look, wall time less CPU
/// time, is taken off that lap.
pub(crate) struct LapClock {
    wall: Instant,
    looked_wall: Instant,
    looked_cpu: ThreadTime,
    pub(crate) off_cpu: Duration,
}

impl LapClock {
    /// Shorter than the shortest time that a scheduler gives a processor away for.
    const SUSPICIOUS: Duration = Duration::from_micros(5);

    pub(crate) fn start() -> Self {
        let (looked_wall, looked_cpu) = (Instant::now(), ThreadTime::now());
        Self { wall: Instant::now(), looked_wall, looked_cpu, off_cpu: Duration::ZERO }
    }

    /// The nanoseconds since the last call, with the cost of reading the clock (some 25 ns).
    #[inline]
    pub(crate) fn lap(&mut self) -> u32 {
        let now = Instant::now();
        let lap = now - self.wall;
        self.wall = now;
        if lap < Self::SUSPICIOUS { lap.subsec_nanos() } else { self.inspect(lap) }
    }

    /// The same, with the time off the CPU: it belongs to an operation that waits for another thread.
    #[inline]
    pub(crate) fn wall_lap(&mut self) -> u32 {
        let now = Instant::now();
        let lap = now - self.wall;
        self.wall = now;
        u32::try_from(lap.as_nanos()).unwrap_or(u32::MAX)
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
