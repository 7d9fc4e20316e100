//! Instances that are accounted for one by one: dropped once, and not while somebody may look at them.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::hint::black_box;
use std::sync::atomic::{AtomicIsize, AtomicU8, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};

use super::collect_until;

const UNUSED: u8 = 0;
const ALIVE: u8 = 1;
const DROPPED: u8 = 2;

/// Where [`Item`]s are born and buried.
#[derive(Debug)]
pub(crate) struct Ledger {
    states: Box<[AtomicU8]>,
    made: AtomicUsize,
    alive: AtomicIsize,
    wrongs: AtomicUsize,
}

impl Ledger {
    /// A ledger for at most `capacity` items. Leaked: a second drop of an item must find it to be recorded.
    pub(crate) fn new(capacity: usize) -> &'static Self {
        // Kept in sight, so that a leak detector does not take it for a leak.
        static ALL: Mutex<Vec<&Ledger>> = Mutex::new(Vec::new());
        let ledger: &'static Self = Box::leak(Box::new(Self {
            states: (0..capacity).map(|_| AtomicU8::new(UNUSED)).collect(),
            made: AtomicUsize::new(0),
            alive: AtomicIsize::new(0),
            wrongs: AtomicUsize::new(0),
        }));
        ALL.lock().unwrap_or_else(PoisonError::into_inner).push(ledger);
        ledger
    }

    pub(crate) fn item(&'static self, value: u64) -> Item {
        let id = self.made.fetch_add(1, SeqCst);
        self.states[id].store(ALIVE, SeqCst);
        self.alive.fetch_add(1, SeqCst);
        Item { value, canary: Item::canary(value), id, ledger: self }
    }

    /// Begins again from the first item, when there are none left.
    pub(crate) fn reuse(&self) {
        self.assert_alive(0);
        for state in &self.states[..self.made.swap(0, SeqCst)] {
            state.store(UNUSED, SeqCst);
        }
    }

    pub(crate) fn made(&self) -> usize {
        self.made.load(SeqCst)
    }

    pub(crate) fn alive(&self) -> isize {
        self.alive.load(SeqCst)
    }

    pub(crate) fn is_alive(&self, id: usize) -> bool {
        self.states[id].load(SeqCst) == ALIVE
    }

    /// No item was ever dropped twice.
    #[track_caller]
    pub(crate) fn assert_sound(&self) {
        assert_eq!(self.wrongs.load(SeqCst), 0, "items dropped twice, or garbage dropped as an item");
    }

    /// Exactly `alive` items exist right now, and none was ever dropped twice.
    #[track_caller]
    pub(crate) fn assert_alive(&self, alive: usize) {
        self.assert_sound();
        assert_eq!(self.alive(), alive as isize, "items alive, of {} made", self.made());
    }

    /// Like [`assert_alive`](Self::assert_alive), once the collector has caught up.
    #[track_caller]
    pub(crate) fn assert_settles_at(&self, alive: usize) {
        let _ = collect_until(|| self.alive() <= alive as isize); // if not, the next line tells more
        self.assert_alive(alive);
    }

    /// Every item made was dropped, once the collector has caught up.
    #[track_caller]
    pub(crate) fn assert_balanced(&self) {
        self.assert_settles_at(0);
    }
}

/// A number that is one particular instance. Equal, hashed and borrowed as the number.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) value: u64,
    canary: u64,
    pub(crate) id: usize,
    ledger: &'static Ledger,
}

impl Item {
    const fn canary(value: u64) -> u64 {
        value.rotate_left(17) ^ 0xA5A5_1234_5678_9ABC
    }

    /// This reference may be looked at: the instance is whole and was not dropped. Returns its number.
    #[track_caller]
    pub(crate) fn check(&self) -> u64 {
        let (value, canary) = (self.value, self.canary);
        assert_eq!(canary, Self::canary(value), "item {} was overwritten", self.id);
        assert!(self.ledger.is_alive(self.id), "item {} was dropped under a reference", self.id);
        value
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.ledger.is_alive(self.id)
    }
}

impl Clone for Item {
    fn clone(&self) -> Self {
        self.ledger.item(self.check())
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        let whole = self.canary == Self::canary(self.value);
        let was = self.ledger.states[self.id].swap(DROPPED, SeqCst);
        if !whole || was != ALIVE {
            self.ledger.wrongs.fetch_add(1, SeqCst); // no panic: the collector would swallow it
        }
        self.ledger.alive.fetch_sub(1, SeqCst);
        (self.value, self.canary) = (u64::MAX, 0);
        black_box(self); // or the stores above are dead and go
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.check() == other.check()
    }
}

impl Eq for Item {}

impl Hash for Item {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl Borrow<u64> for Item {
    fn borrow(&self) -> &u64 {
        &self.value
    }
}
