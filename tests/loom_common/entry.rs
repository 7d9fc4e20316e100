//! Keys and values that notice when they are dropped twice, never, or too early.

use std::borrow::Borrow;
use std::cell::{Cell, RefCell};
use std::hash::{BuildHasher, Hash, Hasher};

use loxley::hooks;

thread_local! {
    /// Of each object of this execution whether it is alive. loom runs all its threads on one thread of the system.
    static LEDGER: RefCell<Vec<bool>> = const { RefCell::new(Vec::new()) };
    /// Counted, since a panic in a destructor goes no further than the collector.
    static DROPPED_TWICE: Cell<usize> = const { Cell::new(0) };
}

/// To be called at the start of an execution.
pub(crate) fn open_ledger() {
    LEDGER.with_borrow_mut(Vec::clear);
    DROPPED_TWICE.set(0);
}

/// To be called at the end of an execution, when the map and the garbage are gone.
pub(crate) fn close_ledger() {
    LEDGER.with_borrow(|alive| {
        let leaked = alive.iter().filter(|&&alive| alive).count();
        assert_eq!(leaked, 0, "keys and values leaked");
    });
    assert_eq!(DROPPED_TWICE.get(), 0, "keys and values were dropped twice");
}

/// A line of the ledger: alive from its making to its drop.
struct Witness(usize);

impl Witness {
    fn new() -> Self {
        LEDGER.with_borrow_mut(|alive| {
            alive.push(true);
            Self(alive.len() - 1)
        })
    }

    /// The memory of a node is put in quarantine, not reused, so that this can be asked of what has been freed.
    fn assert_alive(&self) {
        assert!(LEDGER.with_borrow(|alive| alive[self.0]), "looked at after it was freed");
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let was_alive = LEDGER.with_borrow_mut(|alive| std::mem::replace(&mut alive[self.0], false));
        if !was_alive {
            DROPPED_TWICE.set(DROPPED_TWICE.get() + 1);
        }
    }
}

/// A key's name says where it lives: the upper digit is its home in a table of eight buckets (so half of that is its home in
/// one of four, and so on), the lower one tells keys of one home apart. Those have the same hash, so all that tells
/// them apart in a table is a comparison; but lower digits from C on put a key into the second half of its home, the odd one
/// of two in a table of sixteen.
#[derive(PartialEq, Eq, Hash)]
#[repr(transparent)]
pub(crate) struct Name(u8);

impl Name {
    pub(crate) fn of(name: &u8) -> &Self {
        // SAFETY: transparent over u8.
        unsafe { &*std::ptr::from_ref(name).cast() }
    }
}

/// The alignment puts nodes into quarantine, see there.
#[repr(align(64))]
pub(crate) struct Key {
    name: Name,
    witness: Witness,
}

impl Key {
    pub(crate) fn new(name: u8) -> Self {
        Self { name: Name(name), witness: Witness::new() }
    }

    pub(crate) fn name(&self) -> u8 {
        self.witness.assert_alive();
        self.name.0
    }
}

impl Borrow<Name> for Key {
    fn borrow(&self) -> &Name {
        self.witness.assert_alive();
        &self.name
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.name().hash(hasher);
    }
}

pub(crate) struct Value {
    number: u32,
    witness: Witness,
}

impl Value {
    pub(crate) fn new(number: u32) -> Self {
        Self { number, witness: Witness::new() }
    }

    pub(crate) fn number(&self) -> u32 {
        self.witness.assert_alive();
        self.number
    }
}

/// Hashes [`Name`]s to where they say.
pub(crate) struct Homes;

impl BuildHasher for Homes {
    type Hasher = HomeHasher;

    fn build_hasher(&self) -> HomeHasher {
        HomeHasher(0)
    }
}

pub(crate) struct HomeHasher(u8);

impl Hasher for HomeHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes[0];
    }

    fn finish(&self) -> u64 {
        hooks::hash_for(u64::from(self.0 >> 4), 3, u64::from(self.0 & 0xC == 0xC) << 60)
    }
}

pub(crate) type Map = loxley::HashMap<Key, Value, Homes>;
