//! The collector is shared with all that use `crossbeam-epoch`, and what others give to it may panic: in the middle of any
//! operation of a map that comes upon it.
#![cfg(not(any(loom, shuttle)))]

mod common;

use common::ledger::Ledger;
use common::{collect_until, injected, one_at_a_time, panic_on_purpose};
use loxley::HashMap;
use std::sync::Arc;
use std::thread;

/// In a bag of its own, for a panic ends the bag. The collector may come upon what is due.
fn leave_a_panic() {
    let guard = crossbeam_epoch::pin();
    guard.defer(|| panic_on_purpose());
    guard.flush();
}

/// Until none is left.
fn let_all_panic() {
    while injected(|| (0..8).for_each(|_| crossbeam_epoch::pin().flush())) {}
}

#[test]
fn that_panics() {
    let _alone = one_at_a_time();
    const N: u64 = 200;
    const ROUNDS: u64 = 60;
    let ledger = Ledger::new((N * (ROUNDS + 1)) as usize);
    let map: HashMap<u64, _> = (0..N).map(|key| (key, ledger.item(key))).collect();
    let mut panics = 0;
    for round in 1..=ROUNDS {
        for _ in 0..20 {
            injected(leave_a_panic);
        }
        for key in 0..N {
            let item = ledger.item(round * N + key);
            panics += usize::from(injected(|| map.pin().insert(key, item).is_some()));
        }
        let_all_panic();
        let view = map.pin();
        for key in 0..N {
            let value = view.get(&key).unwrap_or_else(|| panic!("{key} is lost in round {round}")).value;
            assert!(
                value == round * N + key || value == (round - 1) * N + key,
                "{key} has {value} in round {round}"
            );
        }
        assert_eq!(view.len(), N as usize);
    }
    assert!(panics > 0, "nothing was tested");
    drop(map);
}

/// Where nothing may be freed, what a map has retired is put off; and then there is a panic, and more to come.
#[test]
fn that_panics_behind_ours() {
    let _alone = one_at_a_time();
    let map = HashMap::new();
    for round in 0..20_u64 {
        let_all_panic();
        // Nothing comes due meanwhile.
        let blocker = map.owned_guard();
        for key in 0..8 {
            map.pin().insert(key, round);
            map.pin().remove(&key);
            map.guard().flush();
            leave_a_panic();
        }
        drop(blocker);
        // Only the first of it is due, which is ours.
        crossbeam_epoch::pin().flush();
        // The first pin of a thread looks for garbage, and this one is that of an allocation.
        let work = || injected(|| _ = HashMap::new().insert_mut(1, 1));
        thread::spawn(work).join().expect("another panic than that of the garbage");
    }
    let_all_panic();
}

/// The same, and the thread goes on: nothing is lost of what was about to be handed over when a pin for that unwound.
#[test]
fn that_panics_where_ours_is_handed_over() {
    let _alone = one_at_a_time();
    let map = HashMap::new();
    let value = Arc::new(());
    let mut panics = 0;
    for _ in 0..20 {
        let_all_panic();
        let blocker = map.owned_guard();
        for key in 0..8 {
            map.pin().insert(key, value.clone());
            map.pin().remove(&key);
            map.guard().flush();
            leave_a_panic();
        }
        drop(blocker);
        crossbeam_epoch::pin().flush();
        let work = || {
            let panicked = injected(|| _ = HashMap::new().insert_mut(1, 1));
            for _ in 0..64 {
                injected(|| {
                    let map = HashMap::new();
                    for key in 0..300 {
                        map.pin().insert(key, key);
                        map.pin().remove(&key);
                    }
                    map.guard().flush();
                });
            }
            panicked
        };
        panics += usize::from(thread::spawn(work).join().unwrap());
    }
    assert!(panics > 0, "nothing was tested");
    let_all_panic();
    let all = collect_until(|| Arc::strong_count(&value) == 1);
    assert!(all, "{} are lost", Arc::strong_count(&value) - 1);
}
