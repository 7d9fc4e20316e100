//! Reclamation by the real collector, in place of the model that the other loom tests have: one thread removes an entry and
//! drives the collector until that is freed, another looks at what it finds under a guard.
//!
//! `crossbeam-epoch` has loom's atomics under `--cfg crossbeam_loom`. A guard takes dozens of its steps, so this is one preemption
//! deep, unless `LOOM_MAX_PREEMPTIONS` says more.
#![cfg(all(loom, crossbeam_loom, loxley_slots = "1"))]
#![allow(dead_code)]

#[path = "loom_common/entry.rs"]
mod entry;
#[path = "loom_common/quarantine.rs"]
mod quarantine;

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use entry::{Homes, Key, Map, Name, Value, open_ledger};
use loxley::hooks;

/// Displaced, of the home of B0.
const B1: u8 = 0x21;
const B0: u8 = 0x20;
/// At home in the bucket that holds B1.
const C: u8 = 0x40;

/// Removes the entry of B1 and drives the collector. True if that has freed it.
fn remove(map: &Map) -> bool {
    let guard = map.guard();
    let removed = map.remove(Name::of(&B1), &guard).map(|value| ptr::from_ref(value).cast());
    drop(guard);
    (0..5).for_each(|_| map.guard().flush());
    removed.is_some_and(quarantine::is_freed)
}

/// `look` on another thread meanwhile. Keys and values notice if they are looked at when they are freed.
fn against(growing: bool, look: fn(&Map)) {
    let (executions, freed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (executions.clone(), freed.clone());
    hooks::model(1, move || {
        // The collector is gone with the last execution, and has freed what was left.
        quarantine::release();
        open_ledger();
        // Four buckets call for a successor when the third entry comes.
        let map = Arc::new(hooks::with_buckets(if growing { 2 } else { 3 }, Homes));
        for name in [B0, B1, C] {
            map.insert(Key::new(name), Value::new(name.into()), &map.guard());
        }
        let other = map.clone();
        let looking = loom::thread::spawn(move || look(&other));
        executions.fetch_add(1, Relaxed);
        freed.fetch_add(remove(&map).into(), Relaxed);
        looking.join().unwrap();
    });
    let (executions, freed) = (counts.0.load(Relaxed), counts.1.load(Relaxed));
    println!("{executions} executions, freed meanwhile in {freed}");
    // In limbo it is freed with the older table, which nobody completes the migration of here.
    let expected = if growing { freed == 0 } else { 0 < freed && freed < executions };
    assert!(expected, "the collector did not do what this is about");
}

#[test]
fn a_removal_against_a_lookup() {
    against(false, |map| {
        let guard = map.guard();
        let found = map.get(Name::of(&B1), &guard);
        assert!(found.is_none_or(|value| value.number() == B1.into()));
    });
}

#[test]
fn a_removal_against_an_iteration() {
    against(false, |map| {
        let guard = map.guard();
        for (key, value) in map.iter(&guard) {
            assert_eq!(u32::from(key.name()), value.number());
        }
    });
}

/// The table is being replaced, and the older one names the removed node until it is gone itself: `limbo`.
#[test]
fn a_removal_in_the_new_table_against_a_lookup_in_the_old_one() {
    against(true, |map| {
        let guard = map.guard();
        assert!(map.get(Name::of(&C), &guard).is_some_and(|value| value.number() == C.into()));
    });
}
