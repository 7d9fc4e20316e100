//! Payloads of panics that panic when they are dropped: of those that destructors throw one comes out, and the others must not
//! be dropped on the way.
#![cfg(not(loom))]

mod common;

use common::ledger::{Item, Ledger};
use common::{injected, panic_on_purpose};
use loxley::HashMap;

struct Explosive;

impl Drop for Explosive {
    fn drop(&mut self) {
        panic_on_purpose();
    }
}

/// Number 0 throws an [`Explosive`] when it is dropped.
#[derive(PartialEq, Eq, Hash)]
struct Bomb(u64);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0 == 0 {
            std::panic::resume_unwind(Box::new(Explosive));
        }
    }
}

/// Entries of which one has a key and a value that throw.
fn map(ledger: &'static Ledger) -> HashMap<Bomb, (Bomb, Item)> {
    (0..50).map(|key| (Bomb(key), (Bomb(key), ledger.item(key)))).collect()
}

#[test]
fn in_the_collector() {
    let ledger = Ledger::new(50);
    map(ledger).pin().clear();
    ledger.assert_balanced();
}

#[test]
fn at_the_end_of_a_map() {
    let ledger = Ledger::new(50);
    let map = map(ledger);
    let thrown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(map)));
    let payload = thrown.expect_err("one payload comes out");
    assert!(payload.is::<Explosive>());
    assert!(injected(|| drop(payload)));
    ledger.assert_balanced();
}

/// Which a panic brings: then no payload comes out.
#[test]
fn at_the_end_of_a_map_in_a_panic() {
    for n in [1, 1000] {
        let ledger = Ledger::new(n as usize);
        let map: HashMap<u64, (Bomb, Item)> = (0..n).map(|key| (key, (Bomb(0), ledger.item(key)))).collect();
        assert!(injected(move || {
            let _map = map;
            panic_on_purpose();
        }));
        ledger.assert_balanced();
    }
}
