//! The collector is shared with all that use `crossbeam-epoch`, and what others give to it may panic: in the middle of any
//! operation of a map that comes upon it.
#![cfg(not(any(loom, shuttle)))]

mod common;

use common::ledger::Ledger;
use common::{injected, panic_on_purpose};
use loxley::HashMap;

#[test]
fn that_panics() {
    const N: u64 = 200;
    const ROUNDS: u64 = 60;
    let ledger = Ledger::new((N * (ROUNDS + 1)) as usize);
    let map: HashMap<u64, _> = (0..N).map(|key| (key, ledger.item(key))).collect();
    let mut panics = 0;
    for round in 1..=ROUNDS {
        for _ in 0..20 {
            // Each in a bag of its own, for a panic ends the bag.
            injected(|| {
                let guard = crossbeam_epoch::pin();
                guard.defer(|| panic_on_purpose());
                guard.flush();
            });
        }
        for key in 0..N {
            let item = ledger.item(round * N + key);
            panics += usize::from(injected(|| map.pin().insert(key, item).is_some()));
        }
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
