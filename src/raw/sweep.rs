//! All entries of a map that nobody is working on, each once, slot by slot.
//!
//! At rest, slots are EMPTY, SEALED, TOMB, LIVE, FROZEN or CROSS, and every step of a migration that was begun has been
//! made: an operation that ends, by a panic of user code too, leaves none between two that belong together. So the entries are
//!
//! * of the older (or only) table, what is LIVE, and what is FROZEN in a home that is not migrated;
//! * of the newer table, what is LIVE, but for the copies of the latter, which a group that is placed and not
//!   migrated has made.
//!
//! FROZEN of a migrated home has been handed over. CROSS has been carried over: its entry is LIVE in the newer table, or
//! was removed there, and waits in limbo.

use std::collections::BTreeSet;

use super::exclusive::Spot;
use super::node::Node;
use super::root::Root;
use super::table::{Header, Next, Table};
use super::word::{State, Word};

/// How many buckets ahead of the one that is being visited nodes are prefetched.
const AHEAD: usize = 2;

/// An iterator over the entries of a map at rest.
pub(crate) struct Sweep<K, V> {
    /// The table that is being visited; null at the end.
    table: Root<K, V>,
    /// The slot that comes next.
    index: usize,
    slot: usize,
    /// Entries that the newer table may name as well.
    frozen: BTreeSet<*const Node<K, V>>,
}

// SAFETY: who has one may come to the entries, which nobody else can reach then.
unsafe impl<K: Send, V: Send> Send for Sweep<K, V> {}
// SAFETY: a shared one shows the entries that are left (`rest`), and shares them by that.
unsafe impl<K: Sync, V: Sync> Sync for Sweep<K, V> {}

impl<K, V> Clone for Sweep<K, V> {
    fn clone(&self) -> Self {
        Self { frozen: self.frozen.clone(), ..*self }
    }
}

impl<K, V> Default for Sweep<K, V> {
    /// One that is over.
    fn default() -> Self {
        Self { table: Root::null(), index: 0, slot: 0, frozen: BTreeSet::new() }
    }
}

impl<K, V> Sweep<K, V> {
    /// # Safety
    /// `root` is null or the root of a map. Until the sweep and its clones are over or forgotten, nobody else works on that map, and
    /// its tables are not freed. (Entries may be removed meanwhile, and freed.)
    pub(crate) unsafe fn new(root: *mut Header<K, V>) -> Self {
        Self { table: Root::new(root), ..Self::default() }
    }

    /// The entries that are left.
    ///
    /// # Safety
    /// Nobody writes to them or frees them as long as the references live.
    pub(crate) unsafe fn rest(&self) -> impl Iterator<Item = (&K, &V)> {
        // SAFETY: as the caller says.
        self.clone().map(|spot| unsafe { &*spot.node() }.pair())
    }

    /// Goes through the entries that are left in one go; an iterator, which must keep its place, takes twice the
    /// instructions. `fetch`: their nodes will be looked at, and are fetched early.
    pub(crate) fn visit(mut self, fetch: bool, mut visit: impl FnMut(*mut Node<K, V>)) {
        while let Some(table) = self.table() {
            for index in self.index..table.buckets() {
                if fetch {
                    table.bucket(index + AHEAD).prefetch_nodes();
                }
                self.index = index;
                for slot in &table.bucket(index).slots()[std::mem::take(&mut self.slot)..] {
                    let word = slot.load();
                    if self.is_entry(table, word) {
                        visit(word.node());
                    }
                }
            }
            self.leave(table);
        }
    }

    #[inline]
    fn table<'t>(&self) -> Option<Table<'t, K, V>> {
        // SAFETY: null, or a table that is not freed as long as the sweep goes on.
        unsafe { Table::from_raw(self.table.as_ptr()) }
    }

    fn leave(&mut self, table: Table<'_, K, V>) {
        self.index = 0;
        self.table = match table.next() {
            Next::Table(newer) => Root::new(newer.as_ptr()),
            Next::Nothing | Next::Deciding { .. } => Root::null(),
        };
    }

    #[inline]
    fn is_entry(&mut self, table: Table<'_, K, V>, word: Word<Node<K, V>>) -> bool {
        match word.state() {
            State::Live => self.frozen.is_empty() || !self.frozen.contains(&word.node().cast_const()),
            State::Frozen => {
                let home = table.bucket(self.index.wrapping_sub(word.displacement()));
                !home.meta().is_migrated() && self.frozen.insert(word.node())
            }
            state => {
                debug_assert!(
                    !matches!(state, State::Pending | State::Copy | State::Moved),
                    "left over: {word:?}"
                );
                false
            }
        }
    }
}

impl<K, V> Iterator for Sweep<K, V> {
    type Item = Spot<K, V>;

    #[inline]
    fn next(&mut self) -> Option<Spot<K, V>> {
        loop {
            let table = self.table()?;
            while self.index < table.buckets() {
                if self.slot == 0 {
                    // The nodes lie anywhere, and one after the other each would be a cache miss.
                    table.bucket(self.index + AHEAD).prefetch_nodes();
                }
                let slots = table.bucket(self.index).slots();
                while let Some(slot) = slots.get(self.slot) {
                    let word = slot.load();
                    let spot = Spot { table: self.table.as_ptr(), index: self.index, slot: self.slot, word };
                    self.slot += 1;
                    if self.is_entry(table, word) {
                        return Some(spot);
                    }
                }
                (self.index, self.slot) = (self.index + 1, 0);
            }
            self.leave(table);
        }
    }
}
