//! Random programs, and the judgement on what came of them.

use std::sync::Arc;

use loxley::hooks;
use shuttle::rand::{RngCore, thread_rng};
use shuttle::thread;

use super::entry::{Homes, close_ledger, open_ledger};
use super::explore::{explore, note_program};
use super::op::Op;
use super::quarantine;
use super::world::{Actor, World};
use crate::common::Rng;
use crate::common::linearizability::check;

/// A kind of table and of programs. Of a range or a choice, each program takes what it draws.
#[derive(Clone, Copy)]
pub(crate) struct Storm {
    /// log2 of the buckets.
    pub(crate) log2: &'static [u32],
    /// So many keys, which lie in the first of so many homes of eight (a key that is at home in one of them is more often
    /// in one of the first).
    pub(crate) keys: Range,
    pub(crate) homes: u64,
    /// So many insertions and removals come first.
    pub(crate) setup: Range,
    /// How many times as large, as a power of two, a successor is that is linked then and that nobody has migrated to. 0: none is.
    /// A smaller one must have slots for the entries, and the program must insert nothing more.
    pub(crate) growth: &'static [i32],
    pub(crate) threads: Range,
    /// Operations of a thread.
    pub(crate) ops: Range,
    /// What these are, each one as likely.
    pub(crate) mix: &'static [Kind],
}

/// Slots of a bucket in this build.
const SLOTS: usize = if cfg!(loxley_slots = "1") { 1 } else { 2 };

/// Both included.
pub(crate) type Range = (u64, u64);

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Of(fn(u8) -> Op),
    Any(&'static [Op]),
}

/// One schedule's program.
#[derive(Debug)]
struct Program {
    log2: u32,
    names: Vec<u8>,
    setup: Vec<Op>,
    growth: i32,
    /// Of each thread its operations, and whether it has one guard for all of them.
    threads: Vec<(Vec<Op>, bool)>,
    /// Memory is reused at once.
    reuse: bool,
}

impl Storm {
    /// Draws and runs as many programs and schedules as [`explore`] likes.
    #[track_caller]
    pub(crate) fn run(self) {
        explore(move || self.draw().run());
    }

    fn draw(&self) -> Program {
        // One number of shuttle's, so that it comes again when the schedule is repeated.
        let rng = &mut Rng::new(thread_rng().next_u64());
        let mut names = Vec::new();
        for _ in 0..within(rng, self.keys) {
            let home = rng.below(self.homes).min(rng.below(self.homes));
            // See `Name`.
            let within_home = [0x0, 0x1, 0x2, 0xC, 0xD][rng.below(5) as usize];
            names.push((home << 4 | within_home) as u8);
        }
        names.sort_unstable();
        names.dedup();
        let setup = (0..within(rng, self.setup)).map(|_| {
            let name = choose(rng, &names);
            if rng.one_in(4) { Op::Remove(name) } else { Op::Put(name) }
        });
        let setup = setup.collect();
        let threads = (0..within(rng, self.threads)).map(|_| {
            let ops = (0..within(rng, self.ops)).map(|_| match choose(rng, self.mix) {
                Kind::Of(op) => op(choose(rng, &names)),
                Kind::Any(ops) => choose(rng, ops),
            });
            (ops.collect(), rng.one_in(3))
        });
        Program {
            threads: threads.collect(),
            setup,
            log2: choose(rng, self.log2),
            growth: choose(rng, self.growth),
            reuse: rng.one_in(4),
            names,
        }
    }
}

impl Program {
    fn run(self) {
        let program = Arc::new(self);
        note_program(&program);
        open_ledger();
        hooks::collect_eagerly();
        hooks::on_access(|address| {
            assert!(!quarantine::is_freed(address), "an atomic in freed memory was accessed")
        });
        if program.reuse {
            quarantine::reuse();
        }
        let map = hooks::with_buckets(program.log2, Homes);
        let world = World { map, clock: Default::default(), names: program.names.clone() };
        let setup = Actor::new(0, &world).run(&program.setup);
        if program.growth != 0 {
            let log2 = hooks::layout(&world.map).split(' ').count().ilog2();
            let log2 = log2.saturating_add_signed(program.growth);
            if world.map.len() <= SLOTS << log2 {
                hooks::begin_resize(&world.map, log2);
            }
        }
        // A smaller successor may be too small to take anything in.
        let keeps_capacity_rule = !hooks::is_overfull(&world.map);
        let logs: Vec<_> = thread::scope(|scope| {
            let start = |(i, (ops, pinned)): (usize, &'_ (Vec<Op>, bool))| {
                let (ops, pinned) = (ops.clone(), *pinned);
                let actor = Actor::new(i + 1, &world);
                scope.spawn(move || if pinned { actor.run_pinned(&ops) } else { actor.run(&ops) })
            };
            let threads: Vec<_> = program.threads.iter().enumerate().map(start).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });

        hooks::check(&world.map);
        let overfull = keeps_capacity_rule && hooks::is_overfull(&world.map);
        assert!(!overfull, "a table that is being filled has taken in too much");
        let looks: Vec<_> = world.names.iter().map(|&name| Op::Get(name)).collect();
        let mut last = Actor::new(program.threads.len() + 1, &world);
        assert_eq!(last.iterate(&world.map.guard()), world.map.len());
        let calls = [setup, last.run(&looks)].into_iter().chain(logs).flatten();
        check(calls).unwrap_or_else(|violation| panic!("{violation}"));
        drop(world);
        hooks::collect();
        close_ledger();
        quarantine::release();
    }
}

fn within(rng: &mut Rng, (least, most): Range) -> u64 {
    least + rng.below(most - least + 1)
}

fn choose<T: Copy>(rng: &mut Rng, among: &[T]) -> T {
    among[rng.below(among.len() as u64) as usize]
}
