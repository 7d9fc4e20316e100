//! Many schedules of one test.

use std::cell::{Cell, RefCell};
use std::env;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use shuttle::scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

thread_local! {
    /// What runs now; each test is one thread of the system.
    static PROGRAM: RefCell<Option<Arc<dyn Debug>>> = const { RefCell::new(None) };
    static SCHEDULES: Cell<usize> = const { Cell::new(0) };
}

/// To be called at the start of an execution.
pub(super) fn note_program<P: Debug + 'static>(program: &Arc<P>) {
    SCHEDULES.set(SCHEDULES.get() + 1);
    PROGRAM.set(Some(Arc::clone(program) as Arc<dyn Debug>));
}

/// Runs `LOXLEY_SCHEDULES` schedules. Or the one in the file that `LOXLEY_REPLAY` names.
#[track_caller]
pub(super) fn explore(execute: impl Fn() + Send + Sync + 'static) {
    let execute = Arc::new(execute);
    if let Ok(file) = env::var("LOXLEY_REPLAY") {
        let schedule = ReplayScheduler::new_from_file(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        return run(schedule, execute);
    }
    let schedules = env::var("LOXLEY_SCHEDULES").ok();
    let schedules = schedules.map_or(20_000, |number| number.parse().expect("LOXLEY_SCHEDULES is a number"));
    let start = Instant::now();
    run(Mixed::new(schedules), execute);
    println!("{} schedules, {:.1} s", SCHEDULES.get(), start.elapsed().as_secs_f32());
}

/// By turns a schedule that may take another thread at every access, at random, and one that does so at one, two or four
/// accesses, of which nobody knows which (probabilistic concurrency testing: a bug that takes so many switches is met
/// with a known probability).
#[derive(Debug)]
struct Mixed {
    random: RandomScheduler,
    probabilistic: [PctScheduler; 3],
    schedules: usize,
    drawn: usize,
}

impl Mixed {
    fn new(schedules: usize) -> Self {
        Self {
            random: RandomScheduler::new(schedules / 4),
            probabilistic: [1, 2, 4].map(|switches| PctScheduler::new(switches + 1, schedules)),
            schedules,
            drawn: 0,
        }
    }

    fn current(&mut self) -> &mut dyn Scheduler {
        match self.drawn % 4 {
            0 => &mut self.random,
            i => &mut self.probabilistic[i - 1],
        }
    }
}

impl Scheduler for Mixed {
    fn new_execution(&mut self) -> Option<Schedule> {
        if self.drawn == self.schedules {
            // It prints a seed unless it has come to its end.
            return self.random.new_execution();
        }
        self.drawn += 1;
        self.current().new_execution()
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        self.current().next_task(runnable, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.current().next_u64()
    }
}

fn run(scheduler: impl Scheduler + 'static, execute: Arc<impl Fn() + Send + Sync + 'static>) {
    let mut config = Config::new();
    // Panics print on the stack of the thread that shuttle has made.
    config.stack_size = 1 << 20;
    config.max_steps = MaxSteps::FailAfter(200_000);
    config.failure_persistence = FailurePersistence::File(Some(Path::new(env!("CARGO_TARGET_TMPDIR")).into()));
    // It would say that orderings are not what they are.
    config.silence_warnings = true;
    config.ungraceful_shutdown_config.immediately_return_on_panic = true;
    let result = catch_unwind(AssertUnwindSafe(|| Runner::new(scheduler, config).run(move || execute())));
    if let Err(panic) = result {
        let test = std::thread::current().name().unwrap_or("?").to_owned();
        eprintln!("{test}: schedule {} failed: {:x?}", SCHEDULES.get(), PROGRAM.take());
        eprintln!(
            "{test}: to see it again: LOXLEY_REPLAY=<the file named above> bash ci/shuttle.sh -- --exact {test}"
        );
        resume_unwind(panic);
    }
}
