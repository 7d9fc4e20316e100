//! Lock-freedom, shown: a thread that is stopped anywhere keeps no other from finishing.
//!
//! For each scenario a thread is stopped at its first atomic access, at its second, and so on to its last: once just before
//! and once just after it. While it stands still another thread does everything there is to do to a map, to the same keys,
//! growing and shrinking included. It must come to an end, and what it saw must be explained with the stopped operation
//! either done or not. Only then the victim is allowed to go on (to the others this makes no difference: they have finished),
//! and what it does so late must be right as well.
//!
//! Stopping is done by [`hooks::on_access`](loxley::hooks::on_access). Vector loads are no accesses in this sense: nothing that
//! others can see lies between them and the access before. `bash ci/stalls.sh` runs this file.
#![cfg(all(loxley_hooks, not(loom)))]

mod common;
mod stalls_common;

use common::{Rng, fresh_seed, one_at_a_time};
use stalls_common::*;

/// A key of a home of eight buckets; up to 15 of them stay together when the table grows to sixteen.
const fn key(home: u8, i: u8) -> u8 {
    home << 5 | i
}

/// Fills the home bucket.
fn fill(home: u8) -> Vec<Op> {
    (0..SLOTS).map(|i| Insert(key(home, i))).collect()
}

/// Eight buckets.
fn eight(name: &'static str, layout: &'static str, setup: &[Vec<Op>], victim: &[Op]) -> Scenario {
    Scenario { name, log2: Some(3), setup: setup.concat(), layout, resize_to: None, victim: victim.to_vec() }
}

/// The key that is displaced when its home is full.
const EXTRA: u8 = key(0, SLOTS);

fn insertions() -> Vec<Scenario> {
    let tombs = vec![Remove(key(0, 0))];
    vec![
        Scenario {
            name: "the first insertion, which makes the table",
            log2: None,
            setup: Vec::new(),
            layout: "",
            resize_to: None,
            victim: vec![Insert(0)],
        },
        eight("insert into an EMPTY slot", ". . . . . . . .", &[], &[Insert(EXTRA)]),
        eight("insert, displaced", "0 . . . . . . .", &[fill(0)], &[Insert(EXTRA)]),
        eight("insert over a tombstone", "x . . . . . . .", &[fill(0), tombs.clone()], &[Insert(EXTRA)]),
        eight(
            "insert over a displaced tombstone",
            "0 x . . . . . .",
            &[fill(0), fill(1), vec![Remove(key(1, 0))]],
            &[Insert(EXTRA)],
        ),
        eight("insert, evicting", "0 0 . . . . . .", &[fill(0), fill(1)], &[Insert(EXTRA)]),
        eight(
            "insert, evicting to a tombstone",
            "0 0 x . . . . .",
            &[fill(0), fill(1), fill(2), vec![Remove(key(2, 0))]],
            &[Insert(EXTRA)],
        ),
        eight("insert, evicting twice", "0 0 0 . . . . .", &[fill(0), fill(1), fill(2)], &[Insert(EXTRA)]),
        eight(
            "insert, evicting where others evict to",
            "0 0 0 . . . . .",
            &[fill(0), fill(1), fill(2)],
            &[Insert(key(1, SLOTS))],
        ),
        eight("try_insert, displaced", "0 . . . . . . .", &[fill(0)], &[TryInsert(EXTRA)]),
        eight(
            "try_insert of a key that is there",
            "0 1 . . . . . .",
            &[fill(0), vec![Insert(EXTRA)]],
            &[TryInsert(EXTRA)],
        ),
        eight("get_or_insert_with", "0 . . . . . . .", &[fill(0)], &[GetOrInsert(EXTRA), GetOrInsert(EXTRA)]),
        eight(
            "insert, remove and insert again",
            "0 . . . . . . .",
            &[fill(0)],
            &[Insert(EXTRA), Remove(EXTRA), Insert(EXTRA)],
        ),
    ]
}

fn replacements_and_removals() -> Vec<Scenario> {
    let displaced = || vec![fill(0), vec![Insert(EXTRA)]];
    vec![
        eight("insert replaces", "0 . . . . . . .", &[fill(0)], &[Insert(key(0, 0))]),
        eight("insert replaces a displaced entry", "0 1 . . . . . .", &displaced(), &[Insert(EXTRA)]),
        eight("update", "0 . . . . . . .", &[fill(0)], &[Update(key(0, 0))]),
        eight("update of a displaced entry", "0 1 . . . . . .", &displaced(), &[Update(EXTRA)]),
        eight("update of an absent key", "0 1 . . . . . .", &displaced(), &[Update(key(0, 15))]),
        eight("remove", "0 . . . . . . .", &[fill(0)], &[Remove(key(0, 0))]),
        eight("remove, lowering the bound", "0 1 . . . . . .", &displaced(), &[Remove(EXTRA)]),
        eight("remove of an absent key", "0 1 . . . . . .", &displaced(), &[Remove(key(0, 15))]),
        eight("clear", "0 1 1 . . . . .", &[fill(0), vec![Insert(EXTRA)], fill(1)], &[Clear]),
        eight("retain", "0 1 1 . . . . .", &[fill(0), vec![Insert(EXTRA)], fill(1)], &[Retain]),
    ]
}

/// More keys of home 0 than its bucket holds, which all stay together when the table grows.
fn crowd(extra: u8) -> Vec<Op> {
    (0..SLOTS + extra).map(|i| Insert(key(0, i))).collect()
}

fn growth() -> Vec<Scenario> {
    let growing = |name, layout, setup: &[Vec<Op>], victim: &[Op]| Scenario {
        resize_to: Some(4),
        ..eight(name, layout, setup, victim)
    };
    let overflowing = || vec![crowd(2), fill(3)];
    vec![
        growing("growth by an update", "0 0 . . . . . .", &[fill(0), fill(1)], &[Update(key(0, 0))]),
        growing("growth by an insertion", "0 0 . . . . . .", &[fill(0), fill(1)], &[Insert(EXTRA)]),
        growing("growth by a removal", "0 0 . . . . . .", &[fill(0), fill(1)], &[Remove(key(1, 0))]),
        growing("overflow, update", "0 1 2 0 . . . .", &overflowing(), &[Update(key(0, 0))]),
        growing("overflow, removal of what overflows", "0 1 2 0 . . . .", &overflowing(), &[Remove(EXTRA)]),
        growing("overflow, insertion of one more", "0 1 2 0 . . . .", &overflowing(), &[Insert(key(0, 14))]),
        growing(
            "overflow that evicts",
            "0 1 0 0 . . . .",
            &[fill(2), crowd(1), fill(3)],
            &[Update(key(0, 0)), Update(key(2, 0))],
        ),
        growing("reserve completes a growth", "0 1 2 0 . . . .", &overflowing(), &[Reserve(0)]),
        eight("reserve", "0 1 2 0 . . . .", &overflowing(), &[Reserve(usize::from(SLOTS) * 8)]),
        Scenario {
            name: "reserve makes the table",
            log2: None,
            setup: Vec::new(),
            layout: "",
            resize_to: None,
            victim: vec![Reserve(10)],
        },
        Scenario {
            name: "the insertion that is one too many",
            log2: Some(2),
            setup: (0..4 * SLOTS * 4 / 5).map(|i| Insert(i % 4 << 6 | i / 4)).collect(),
            layout: "0 0 0 .",
            resize_to: None,
            victim: vec![Insert(0xC8), Insert(0x48), Insert(0x88)],
        },
        Scenario {
            name: "growth from one bucket",
            log2: Some(0),
            setup: (0..SLOTS).map(Insert).collect(),
            layout: "0",
            resize_to: None,
            victim: vec![Insert(0x40), Insert(0x80), Insert(0xC0)],
        },
    ]
}

fn shrinking() -> Vec<Scenario> {
    let apart = [Insert(key(0, 0)), Insert(key(1, 0)), Insert(key(5, 0))];
    vec![
        eight("shrink_to_fit", "0 0 . . . 0 . .", &[apart.to_vec()], &[Shrink]),
        eight("shrink_to_fit of an empty table", ". . . . . . . .", &[], &[Shrink]),
        eight(
            "shrink_to_fit, overflowing",
            "0 0 1 . . . . .",
            &[vec![Insert(key(0, 0)), Insert(key(1, 0)), Insert(key(1, 1))]],
            &[Shrink],
        ),
        eight("help_resize that begins to shrink", "0 . . . . . . .", &[vec![Insert(key(0, 0))]], &[Help]),
        Scenario { log2: Some(5), ..eight("shrink_to_fit of crowded homes", "", &[crowd(3), fill(1)], &[Shrink]) },
        Scenario {
            resize_to: Some(2),
            ..eight("update in a table that shrinks", "0 0 . . . 0 . .", &[apart.to_vec()], &[Update(key(1, 0))])
        },
        Scenario {
            resize_to: Some(2),
            ..eight("insertion in a table that shrinks", "0 0 . . . 0 . .", &[apart.to_vec()], &[Insert(EXTRA)])
        },
    ]
}

/// Where the counter is spread over processors, and gathered again.
fn counter() -> Vec<Scenario> {
    let bare = |name, setup, victim| Scenario { name, log2: None, setup, layout: "", resize_to: None, victim };
    let processors = std::thread::available_parallelism().map_or(1, |n| n.get()).next_power_of_two();
    let large = processors * 64 * 16;
    vec![
        bare("reserve spreads the counter", Vec::new(), vec![Reserve(large)]),
        bare("counting apart", vec![Reserve(large)], vec![Insert(1), Remove(1), Insert(1)]),
        bare("shrink_to_fit gathers the counter", vec![Reserve(large), Insert(1), Insert(2)], vec![Shrink]),
    ]
}

fn stop_everywhere(scenarios: &[Scenario]) {
    let _alone = one_at_a_time();
    let mut report = Report::default();
    scenarios.iter().for_each(|scenario| scenario.stop_everywhere(&mut report));
    println!("{report}");
}

#[test]
fn a_stopped_insertion() {
    stop_everywhere(&insertions());
}

#[test]
fn a_stopped_replacement_or_removal() {
    stop_everywhere(&replacements_and_removals());
}

#[test]
fn a_stopped_growth() {
    stop_everywhere(&growth());
}

#[test]
fn a_stopped_shrink() {
    stop_everywhere(&shrinking());
}

#[test]
fn a_stopped_count() {
    stop_everywhere(&counter());
}

/// Two to four threads, each stopped somewhere, and two that go on.
#[test]
fn several_stopped_threads() {
    let _alone = one_at_a_time();
    let mut rng = Rng::new(fresh_seed("several_stopped_threads"));
    let scenarios = [insertions(), replacements_and_removals(), growth(), shrinking()].concat();
    let mut report = Report { scenarios: scenarios.len(), ..Report::default() };
    for _ in 0..1_000 {
        let scenario = &scenarios[rng.below(scenarios.len() as u64) as usize];
        let mut victims = Vec::new();
        for _ in 0..2 + rng.below(3) {
            let keys: Vec<_> = scenario.setup.iter().chain(&scenario.victim).filter_map(|op| op.key()).collect();
            let any = keys.get(rng.below(keys.len().max(1) as u64) as usize).copied().unwrap_or(0);
            let ops = match rng.below(10) {
                0 => vec![Insert(any)],
                1 => vec![Remove(any)],
                2 => vec![Update(any)],
                3 => vec![Insert(any ^ 1), Remove(any)],
                4 => vec![Shrink],
                5 => vec![Reserve(rng.below(30) as usize)],
                _ => scenario.victim.clone(),
            };
            let moment = if rng.one_in(2) { Moment::Before } else { Moment::After };
            let furthest = [12, 40, 120][rng.below(3) as usize];
            let access = 1 + rng.below(furthest) as usize;
            victims.push(Victim { ops, stop: Stop { access, moment } });
        }
        report.points += victims.len();
        report.runs += 1;
        if scenario.run(&victims, 2, LIMIT).is_err() {
            panic!("{}: others are held up by {victims:#?}", scenario.name);
        }
    }
    println!("{report}");
}

/// Three entries whose homes become one, in a successor of four slots, and two threads that are stopped while they carry one
/// of the entries over: their copies take the last slots, and others must take those over. Every fourth point of one with every point of the other.
#[cfg(loxley_slots = "1")]
#[test]
fn copies_in_the_way() {
    let _alone = one_at_a_time();
    let setup = [Insert(key(0, 0)), Insert(key(1, 0)), Insert(key(1, 1))];
    let scenario = eight("copies in the way", "0 0 1 . . . . .", &[setup.to_vec()], &[Shrink]);
    // Tighter than the map would make it: four slots for three entries.
    let scenario = Scenario { resize_to: Some(2), ..scenario };
    // Completes the migration, and does no more.
    let victim = |access| Victim { ops: vec![Reserve(0)], stop: Stop { access, moment: Moment::Before } };
    let total = scenario.run(&[victim(usize::MAX)], 1, LIMIT).expect("alone")[0];
    let mut held_up = Vec::new();
    for first in (1..=total).step_by(4) {
        for second in 1..=total {
            let run = |limit| scenario.run(&[victim(first), victim(second)], 1, limit);
            // Twice: on a busy machine, others may just have been slow.
            if run(LIMIT / 20).is_err() && run(LIMIT / 2).is_err() {
                held_up.push((first, second));
            }
        }
        assert!(held_up.is_empty(), "others are held up by stops at two of {total} accesses: {held_up:?}");
    }
}
