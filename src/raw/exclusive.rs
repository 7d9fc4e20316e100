//! What the owner of an exclusive borrow does: no guards, nothing is retired, values change in place.
//!
//! While a map is borrowed exclusively nobody else is in it, nor holds a reference into it: whatever its methods return
//! borrows the map. So its slots are at rest (see [`sweep`](super::sweep)), and each node that is an entry is the owner's alone, to
//! write to and to free at once: threads that looked at it through stale words have left. What waits in the collector was
//! unlinked before, and names no entry.
//!
//! A migration may be half done, though, and its older table may name the nodes that it handed over, to the map's next
//! writers too. That is harmless to who changes a *value*; but an entry may be *removed* only once there is one table: the
//! migration is completed first (`settle` in `resize.rs`).

use equivalent::Equivalent;

use super::core::Core;
use super::node::{Node, OwnedNode};
use super::seek::tomb;
use super::table::{Header, Table};
use super::word::{State, Word, readable_tag};
use crate::reclaim::Guard;
use crate::sync::Ordering;

/// A slot and the entry that it has; to be used while the map is borrowed exclusively and has not been changed.
pub(crate) struct Spot<K, V> {
    pub(super) table: *mut Header<K, V>,
    pub(super) index: usize,
    pub(super) slot: usize,
    pub(super) word: Word<Node<K, V>>,
}

// SAFETY: who has one may come to the entry, which nobody else can reach then.
unsafe impl<K: Send, V: Send> Send for Spot<K, V> {}
// SAFETY: who shares one may share the entry.
unsafe impl<K: Sync, V: Sync> Sync for Spot<K, V> {}

impl<K, V> Clone for Spot<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for Spot<K, V> {}

impl<K, V> Spot<K, V> {
    pub(crate) fn node(&self) -> *mut Node<K, V> {
        self.word.node()
    }
}

impl<K, V> Core<K, V> {
    /// The oldest table.
    pub(crate) fn root_mut(&mut self) -> *mut Header<K, V> {
        // ORDERING: relaxed; the map is borrowed exclusively, so all that was done to it happened before.
        self.root.load(Ordering::Relaxed)
    }

    /// Where `key` is: a search as in `find.rs`.
    pub(crate) fn seek_mut<Q>(&mut self, hash: u64, key: &Q) -> Option<Spot<K, V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        // SAFETY: null, or a table of this map, which is borrowed.
        let mut table = unsafe { Table::from_raw(self.root_mut()) }?;
        while table.home_bucket(table.home(hash)).meta().is_migrated() {
            table = table.successor();
        }
        let home = table.home(hash);
        for displacement in 0..=table.bound(table.home_bucket(home).meta()) {
            let bucket = table.bucket(home + displacement);
            let tag = readable_tag(table.fingerprint(hash), displacement);
            for (slot, word) in bucket.with_tag(tag).chain(bucket.in_transit()) {
                let candidate = match word.state() {
                    State::Live | State::Cross => true,
                    State::Frozen => word.displacement() == displacement,
                    _ => false,
                };
                // SAFETY: an entry, or (CROSS of another home) in limbo until the table is freed.
                if candidate && key.equivalent(unsafe { &*word.node() }.key()) {
                    return Some(Spot { table: table.as_ptr(), index: home + displacement, slot, word });
                }
            }
        }
        None
    }

    /// Takes an entry out.
    ///
    /// # Safety
    /// The map has one table, and has not been changed since `spot` was found.
    pub(crate) unsafe fn remove_at(&mut self, spot: Spot<K, V>) -> OwnedNode<K, V> {
        // SAFETY: the map's table.
        if let Some(table) = unsafe { Table::from_raw(spot.table) } {
            debug_assert!(spot.word.is_live() && !table.has_next() && std::ptr::eq(spot.table, self.root_mut()));
            let displacement = spot.word.displacement();
            table.bucket(spot.index).slot(spot.slot).exchange(spot.word, tomb());
            if displacement > 0 {
                lower_bound(table, spot.index.wrapping_sub(displacement) & table.mask());
            }
        }
        self.count.add(-1, &Guard::new());
        // SAFETY: an entry, and out of the only table that named it.
        unsafe { OwnedNode::from_raw(spot.node()) }
    }
}

/// Lowers the bound of `home` to the largest displacement that an entry of it has.
fn lower_bound<K, V>(table: Table<'_, K, V>, home: usize) {
    let meta = table.home_bucket(home).meta();
    let is_needed = |&displacement: &usize| {
        let mut words = table.bucket(home + displacement).slots().iter().map(|slot| slot.load());
        words.any(|word| word.is_live() && word.displacement() == displacement)
    };
    let bound = (1..=meta.bound()).rev().find(is_needed).unwrap_or(0);
    if bound < meta.bound() {
        table.home_bucket(home).exchange_meta(meta, meta.with_bound(bound));
    }
}
