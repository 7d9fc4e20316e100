//! A map, the threads that are stopped in it, and those that go on.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use loxley::{HashMap, hooks};

use super::actor::{Actor, Op};
use super::gate::Gate;
use super::{Moment, SLOTS};
use crate::common::Rng;
use crate::common::ledger::{Item, Ledger};
use crate::common::linearizability::{Clock, check};

/// In a table of 2^n buckets, the upper n bits of a key are its home.
#[derive(Clone, Copy, Default)]
pub(crate) struct Placed(u8);

impl BuildHasher for Placed {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        *self
    }
}

impl Hasher for Placed {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes[0];
    }

    fn finish(&self) -> u64 {
        hooks::hash_for(u64::from(self.0), 8, 0)
    }
}

/// What a map is like before anybody is stopped in it.
#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// log2 of the buckets; without a table if None.
    pub(crate) log2: Option<u32>,
    pub(crate) setup: Vec<Op>,
    /// What that comes to with buckets of one slot, as [`hooks::layout`] has it; not looked at if empty.
    pub(crate) layout: &'static str,
    /// log2 of the buckets of a successor that is linked and that nobody has migrated to.
    pub(crate) resize_to: Option<u32>,
    pub(crate) victim: Vec<Op>,
}

/// Where a thread is stopped: at its n-th atomic access, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stop {
    pub(crate) access: usize,
    pub(crate) moment: Moment,
}

/// A thread that is stopped somewhere in these operations.
#[derive(Clone, Debug)]
pub(crate) struct Victim {
    pub(crate) ops: Vec<Op>,
    pub(crate) stop: Stop,
}

/// What all threads of a run share.
pub(crate) struct Stage {
    pub(super) map: HashMap<u8, Item, Placed>,
    pub(super) clock: Clock,
    pub(super) ledger: &'static Ledger,
    /// All keys that anybody ever inserts.
    pub(super) keys: Vec<u8>,
}

/// A victim at work.
struct Running {
    actor: Arc<Actor>,
    gate: Arc<Gate>,
    /// How many atomic accesses it made.
    accesses: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

/// Others finish in milliseconds, on a machine that has time for them.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// What a test has done.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) scenarios: usize,
    pub(crate) points: usize,
    pub(crate) runs: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenarios, points, runs } = self;
        write!(f, "{SLOTS} slots a bucket: {scenarios} scenarios, threads stopped at {points} points, {runs} runs")
    }
}

/// Others were held up.
#[derive(Debug)]
pub(crate) struct HeldUp;

impl Scenario {
    /// Stops one thread at each of its atomic accesses in turn, just before and just after it, and lets another one go on.
    pub(crate) fn stop_everywhere(&self, report: &mut Report) {
        report.scenarios += 1;
        let nowhere = Stop { access: usize::MAX, moment: Moment::Before };
        let alone =
            || self.run(&[Victim { ops: self.victim.clone(), stop: nowhere }], 1, LIMIT).expect("alone")[0];
        let total = alone();
        assert!(total > 0, "{}: no atomic access", self.name);
        // In the end, a shrink gives the pool back whatever the thread has.
        if !self.victim.contains(&Op::Shrink) {
            assert_eq!(alone(), total, "{}: not the same accesses each time", self.name);
        }
        for access in sample(total) {
            for moment in [Moment::Before, Moment::After] {
                let victim = Victim { ops: self.victim.clone(), stop: Stop { access, moment } };
                if self.run(&[victim], 1, LIMIT).is_err() {
                    panic!("{}: a thread that was stopped {moment:?} access {access} holds up another", self.name);
                }
                report.runs += 1;
            }
            report.points += 1;
        }
    }

    /// Stops all these threads, one after the other, and lets `survivors` others go on. When those have finished, all that
    /// they saw must be explained, whether the operations of the victims have taken effect or not. Then the victims go on,
    /// too, and the map must be in order. Returns how many accesses each victim made.
    pub(crate) fn run(&self, victims: &[Victim], survivors: usize, limit: Duration) -> Result<Vec<usize>, HeldUp> {
        let stage = Arc::new(self.stage(victims));
        let setup = Arc::new(Actor::new(0));
        self.setup.iter().for_each(|&op| setup.perform(&stage, op));
        if SLOTS == 1 && !self.layout.is_empty() {
            assert_eq!(hooks::layout(&stage.map), self.layout, "{}", self.name);
        }
        self.resize_to.into_iter().for_each(|log2| hooks::begin_resize(&stage.map, log2));

        let victims: Vec<_> = victims.iter().enumerate().map(|(i, victim)| stage.start(i + 1, victim)).collect();
        let mut actors = vec![setup];
        actors.extend(victims.iter().map(|victim| Arc::clone(&victim.actor)));
        let survived = stage.survive(&mut actors, survivors, limit);
        if survived.is_ok() {
            self.assert_explained(&actors);
        }
        victims.iter().for_each(|victim| victim.gate.release());
        let join = |victim: Running| {
            victim.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            victim.accesses.load(SeqCst)
        };
        let accesses = victims.into_iter().map(join).collect();
        survived?;
        hooks::check(&stage.map);
        let last = Arc::new(Actor::new(actors.len()));
        last.perform(&stage, Op::Iterate);
        actors.push(last);
        self.assert_explained(&actors);
        stage.ledger.assert_sound();
        Ok(accesses)
    }

    fn stage(&self, victims: &[Victim]) -> Stage {
        let ops = self.setup.iter().chain(victims.iter().flat_map(|victim| &victim.ops));
        let mut keys: BTreeSet<u8> = ops.filter_map(|op| op.key()).collect();
        // Neighbours, and some everywhere.
        keys.extend((0..16).map(|i| i * 17));
        let map = match self.log2 {
            Some(log2) => hooks::with_buckets(log2, Placed::default()),
            None => HashMap::with_hasher(Placed::default()),
        };
        Stage { map, clock: Clock::default(), ledger: Ledger::new(8_000), keys: keys.into_iter().collect() }
    }

    #[track_caller]
    fn assert_explained(&self, actors: &[Arc<Actor>]) {
        if let Err(violation) = check(actors.iter().flat_map(|actor| actor.calls())) {
            panic!("{}: {violation}", self.name);
        }
    }
}

impl Stage {
    fn start(self: &Arc<Self>, number: usize, Victim { ops, stop }: &Victim) -> Running {
        let actor = Arc::new(Actor::new(number));
        let gate = Arc::new(Gate::new());
        let accesses = Arc::new(AtomicUsize::new(0));
        let thread = {
            let (stage, actor, gate) = (Arc::clone(self), Arc::clone(&actor), Arc::clone(&gate));
            let (accesses, ops, stop) = (Arc::clone(&accesses), ops.clone(), *stop);
            thread::spawn(move || {
                let _end = EndOnDrop(Arc::clone(&gate));
                stage.warm_up();
                hooks::on_access(move |moment| {
                    if moment == stop.moment && accesses.fetch_add(1, SeqCst) + 1 == stop.access {
                        gate.stop();
                    }
                });
                ops.iter().for_each(|&op| actor.perform(&stage, op));
                hooks::ignore_accesses();
            })
        };
        gate.is_stopped();
        Running { actor, gate, accesses, thread }
    }

    /// Gets memory for more nodes than a victim makes. How many accesses the pool takes for that differs; afterwards the same
    /// operations take the same number each time, so that stops at the first, the second and so on leave none out.
    fn warm_up(&self) {
        let map = HashMap::<u8, Item, Placed>::default();
        (0..16).for_each(|key| _ = map.pin().insert(key << 4, self.ledger.item(0)));
    }

    /// Runs `survivors` threads to their end.
    fn survive(
        self: &Arc<Self>,
        actors: &mut Vec<Arc<Actor>>,
        survivors: usize,
        limit: Duration,
    ) -> Result<(), HeldUp> {
        let (finished, all_finished) = mpsc::channel::<()>();
        let mut threads = Vec::new();
        for i in 0..survivors {
            let actor = Arc::new(Actor::new(actors.len()));
            actors.push(Arc::clone(&actor));
            let (stage, finished) = (Arc::clone(self), finished.clone());
            threads.push(thread::spawn(move || {
                let _finished = finished;
                if survivors > 1 {
                    let mut rng = Rng::new(i as u64);
                    hooks::on_access(move |_| {
                        if rng.one_in(256) {
                            thread::yield_now();
                        }
                    });
                }
                stage.go_on(&actor, i);
            }));
        }
        drop(finished);
        // Nothing is sent: the channel is closed when the last thread has ended.
        if all_finished.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            return Err(HeldUp);
        }
        for thread in threads {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
        Ok(())
    }

    /// Everything there is to do to a map.
    fn go_on(&self, actor: &Actor, which: usize) {
        let mut keys = self.keys.clone();
        if which % 2 == 1 {
            keys.reverse();
        }
        let perform = |op| actor.perform(self, op);
        for &key in &keys {
            [Op::Get(key), Op::Contains(key), Op::Update(key), Op::Insert(key)].into_iter().for_each(perform);
            [Op::Remove(key), Op::TryInsert(key), Op::Get(key)].into_iter().for_each(perform);
        }
        [Op::Iterate, Op::Reserve(40)].into_iter().for_each(perform);
        for &key in keys.iter().rev() {
            [Op::Update(key), Op::Remove(key), Op::Get(key)].into_iter().for_each(perform);
        }
        [Op::Shrink, Op::Iterate].into_iter().for_each(perform);
        for &key in &keys {
            [Op::GetOrInsert(key), Op::Update(key), Op::Get(key)].into_iter().for_each(perform);
        }
        [Op::Retain, Op::Iterate, Op::Shrink].into_iter().for_each(perform);
        keys.iter().for_each(|&key| perform(Op::Insert(key)));
        [Op::Retain, Op::Help, Op::Clear, Op::Help, Op::Shrink, Op::Iterate].into_iter().for_each(perform);
        keys.iter().for_each(|&key| perform(Op::TryInsert(key)));
        perform(Op::Reserve(0));
    }
}

struct EndOnDrop(Arc<Gate>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Of `total` accesses, all, or where they are too many, those at the beginning, at the end, and some between.
fn sample(total: usize) -> Vec<usize> {
    const PART: usize = 100;
    if total <= 3 * PART {
        return (1..=total).collect();
    }
    let between = total - 2 * PART;
    let middle = (0..PART).map(|i| PART + 1 + i * between / PART);
    (1..=PART).chain(middle).chain(total - PART + 1..=total).collect()
}
