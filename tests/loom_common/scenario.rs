//! A scenario and its exploration.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use loxley::{Computed, Decision, Guard, hooks};

use super::entry::{Homes, Key, Map, Name, Value, close_ledger, open_ledger};
use super::history::{self, Answer, Call, Contents, Op, Outcome, number};
use super::quarantine;

/// An initial table and the threads' programs.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    /// log2 of the buckets.
    pub(crate) log2: u32,
    /// What is done before the threads start.
    pub(crate) setup: &'static [Op],
    /// What the table looks like then, see [`hooks::layout`].
    pub(crate) layout: &'static str,
    /// A migration to a table of so many buckets (log2) is begun, and not worked on, after `layout` was compared.
    pub(crate) resize_to: Option<u32>,
    pub(crate) threads: &'static [&'static [Op]],
    /// How often the scheduler may take a thread off the processor that could go on.
    pub(crate) preemptions: usize,
    /// Stops after so many executions: for what takes too long to explore, if the guard that it is for is missed before.
    pub(crate) executions: usize,
    /// What has been retired is freed as soon as the guards are gone that were there when it was, and not only at the end.
    /// This takes more interleavings.
    pub(crate) eager_collector: bool,
}

impl Scenario {
    pub(crate) const DEFAULT: Self = Self {
        log2: 0,
        setup: &[],
        layout: "",
        resize_to: None,
        threads: &[],
        preemptions: 3,
        executions: usize::MAX,
        eager_collector: false,
    };

    /// Explores the scenario, see the module's documentation.
    #[track_caller]
    pub(crate) fn run(mut self) {
        self.preemptions = self.preemptions.min(most_preemptions());
        let start = Instant::now();
        let exploration = Arc::new(Mutex::new(Exploration::default()));
        let inner = exploration.clone();
        hooks::model_in_part(self.preemptions, self.executions, move || self.execute(&inner));
        let Exploration { executions, histories, outcomes } = &*exploration.lock().unwrap();
        let initial = self.contents_after_setup();
        let expected = history::outcomes(self.threads, &initial, self.preemptions);
        let missing: Vec<_> = expected.difference(outcomes).collect();
        let (histories, outcomes, seconds) = (histories.len(), outcomes.len(), start.elapsed().as_secs_f32());
        // Loom's own variable overrides what we ask for.
        let depth = std::env::var("LOOM_MAX_PREEMPTIONS").unwrap_or_else(|_| self.preemptions.to_string());
        println!(
            "{depth} preemptions: {executions} executions, {histories} histories, {outcomes} outcomes, {seconds:.1} s"
        );
        assert!(missing.is_empty(), "never seen: {missing:#?}");
    }

    fn contents_after_setup(&self) -> Contents {
        let mut contents = Contents::new();
        for (i, &op) in self.setup.iter().enumerate() {
            history::step(&mut contents, op, number(0, i));
        }
        contents
    }

    fn execute(self, exploration: &Mutex<Exploration>) {
        open_ledger();
        let world =
            Arc::new(World { map: hooks::with_buckets(self.log2, Homes), log: Mutex::new(Log::default()) });
        for (i, &op) in self.setup.iter().enumerate() {
            world.perform(op, number(0, i));
        }
        hooks::collect();
        assert_eq!(hooks::layout(&world.map), self.layout, "the table is not what the scenario says");
        if let Some(log2) = self.resize_to {
            hooks::begin_resize(&world.map, log2);
        }
        // A scenario may ask for a table that is too small to take anything in.
        let keeps_capacity_rule = !hooks::is_overfull(&world.map);
        if self.eager_collector {
            hooks::collect_eagerly();
        }
        let threads: Vec<_> = (0..self.threads.len())
            .map(|t| {
                let world = world.clone();
                loom::thread::spawn(move || world.run(t + 1, self.threads[t]))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let overfull = keeps_capacity_rule && hooks::is_overfull(&world.map);
        assert!(!overfull, "a table that is being filled has taken in too much");
        self.judge(&world, exploration);
        drop(world);
        hooks::collect();
        close_ledger();
        quarantine::release();
    }

    fn judge(self, world: &World, exploration: &Mutex<Exploration>) {
        hooks::check(&world.map);
        let last = world.contents();
        let mut calls = world.log.lock().unwrap().calls.clone();
        calls.sort_by_key(|call| (call.thread, call.start));
        let mut exploration = exploration.lock().unwrap();
        exploration.executions += 1;
        if exploration.histories.insert((calls.clone(), last.clone())) {
            let initial = self.contents_after_setup();
            let fine = history::is_linearizable(&calls, &initial, &last);
            assert!(fine, "not linearizable: from {initial:?} to {last:?} by {calls:#?}");
            let answers = calls.chunk_by(|a, b| a.thread == b.thread);
            let answers = answers.map(|calls| calls.iter().map(|call| call.answer.clone()).collect());
            exploration.outcomes.insert((answers.collect(), last));
        }
    }
}

/// What `LOXLEY_PREEMPTIONS` allows, for a run that has less time: the scenarios are as many, and explored less deep.
fn most_preemptions() -> usize {
    let most = std::env::var("LOXLEY_PREEMPTIONS").ok();
    most.map_or(usize::MAX, |most| most.parse().expect("LOXLEY_PREEMPTIONS is a number"))
}

/// What all executions of a scenario came to.
#[derive(Default)]
struct Exploration {
    executions: usize,
    histories: HashSet<(Vec<Call>, Contents)>,
    outcomes: BTreeSet<Outcome>,
}

/// What an execution's threads share.
struct World {
    map: Map,
    /// Not loom's: looking at the clock must not order anything.
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    clock: u32,
    calls: Vec<Call>,
}

impl World {
    fn run(&self, thread: usize, program: &[Op]) {
        for (i, &op) in program.iter().enumerate() {
            let start = self.tick();
            let answer = self.perform(op, number(thread, i));
            let end = self.tick();
            self.log.lock().unwrap().calls.push(Call {
                thread,
                start,
                end,
                op,
                number: number(thread, i),
                answer,
            });
        }
    }

    fn tick(&self) -> u32 {
        let mut log = self.log.lock().unwrap();
        log.clock += 1;
        log.clock
    }

    fn perform(&self, op: Op, number: u32) -> Answer {
        let guard = &self.map.guard();
        let answer = match op {
            Op::Get(key) => self.map.get(Name::of(&key), guard),
            Op::Put(key) => self.map.insert(Key::new(key), Value::new(number), guard),
            Op::Try(key) => match self.map.try_insert(Key::new(key), Value::new(number), guard) {
                Ok(value) => {
                    assert_eq!(value.number(), number, "an insertion returned another's value");
                    None
                }
                Err(occupied) => {
                    assert_eq!(occupied.not_inserted.number(), number, "an insertion gave back another's value");
                    Some(occupied.current)
                }
            },
            Op::GetOrPut(key) => Some(self.map.get_or_insert_with(Key::new(key), || Value::new(number), guard)),
            Op::Update(key) => {
                let update = |old: &Value| Value::new(history::updated(old.number(), number));
                self.map.update(Key::new(key), update, guard)
            }
            Op::Upsert(key) => {
                let update = |old: &Value| Value::new(history::updated(old.number(), number));
                Some(self.map.update_or_insert(Key::new(key), update, Value::new(number), guard))
            }
            Op::Replace(key) => self.map.replace(Key::new(key), Value::new(number), guard),
            Op::Toggle(key) => {
                let toggle = |current: Option<_>| match current {
                    Some(_) => Decision::<_, ()>::Remove,
                    None => Decision::Insert(Value::new(number)),
                };
                match self.map.compute(Key::new(key), toggle, guard) {
                    Computed::Removed { value, .. } => Some(value),
                    Computed::Inserted { value, .. } => {
                        assert_eq!(value.number(), number, "an insertion returned another's value");
                        None
                    }
                    _ => unreachable!("inserted what was there, or removed what was not"),
                }
            }
            Op::Adopt(key) => {
                let adopt = |current: Option<(_, _)>| match current {
                    Some((_, value)) => Decision::Abort(value),
                    None => Decision::Insert(Value::new(number)),
                };
                match self.map.compute(Key::new(key), adopt, guard) {
                    Computed::Inserted { value, .. } | Computed::Aborted(value) => Some(value),
                    _ => unreachable!("replaced or removed what was there"),
                }
            }
            Op::Look(key) => {
                let look = |current: Option<(_, _)>| Decision::Abort(current.map(|(_, value)| value));
                match self.map.compute(Key::new(key), look, guard) {
                    Computed::Aborted(value) => value,
                    _ => unreachable!("only looked"),
                }
            }
            Op::Remove(key) => self.map.remove(Name::of(&key), guard),
            Op::Iterate => return Answer::Entries(self.entries(guard)),
            Op::Begin(log2) => {
                hooks::begin_resize(&self.map, log2);
                return Answer::Done;
            }
            Op::Shrink => {
                self.map.shrink_to_fit(guard);
                return Answer::Done;
            }
            Op::Evict(key) => {
                hooks::evict(&self.map, Name::of(&key));
                return Answer::Done;
            }
            Op::Place(group) => {
                hooks::place(&self.map, group);
                return Answer::Done;
            }
            Op::Carry(group) => {
                hooks::carry(&self.map, group);
                return Answer::Done;
            }
            Op::Migrate(group) => {
                hooks::migrate(&self.map, group);
                return Answer::Done;
            }
            Op::Reserve(additional) => {
                self.map.reserve(additional, guard);
                return Answer::Done;
            }
        };
        Answer::Value(answer.map(Value::number))
    }

    fn entries(&self, guard: &Guard) -> Vec<(u8, u32)> {
        let mut entries: Vec<_> = self.map.iter(guard).map(|(k, v)| (k.name(), v.number())).collect();
        entries.sort_unstable();
        assert!(entries.windows(2).all(|pair| pair[0].0 < pair[1].0), "a key was yielded twice: {entries:?}");
        entries
    }

    /// What the map holds, when nobody works on it: as an iteration has it, and lookups of each key.
    fn contents(&self) -> Contents {
        let guard = &self.map.guard();
        let contents: Contents = self.entries(guard).into_iter().collect();
        for (key, &value) in &contents {
            assert_eq!(self.map.get(Name::of(key), guard).map(Value::number), Some(value));
        }
        contents
    }
}
