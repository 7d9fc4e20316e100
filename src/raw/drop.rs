//! The end of a map: every node and table that it still owns is freed, each once.
//!
//! Entries come first, as a sweep finds them; then the tables, the older one with its limbo.

use std::any::Any;
use std::mem::needs_drop;
use std::ptr;

use super::core::Core;
use super::count::Counter;
use super::node::{Node, OwnedNode, rethrow};
use super::pool::{self, Bulk};
use super::root::Root;
use super::sweep::Sweep;
use super::table::{Header, Next, Table};
use crate::reclaim::Guard;
use crate::sync::Ordering;

impl<K, V> Drop for Core<K, V> {
    /// A panic of an entry's destructor is resumed when everything else is freed.
    fn drop(&mut self) {
        drop(Entries::take(self));
    }
}

/// From so many buckets on (log2), the nodes' memory is given back in bulk: for fewer, that has more to set up than it saves.
const LARGE: u32 = 8;

/// What a map consisted of. Gives the entries away one by one, and frees the rest.
pub(crate) struct Entries<K, V> {
    /// The map's root; owned, with all that it leads to.
    root: Root<K, V>,
    sweep: Sweep<K, V>,
}

// SAFETY: it owns the entries, so sending it sends them; tables are plain memory.
unsafe impl<K: Send, V: Send> Send for Entries<K, V> {}
// SAFETY: a shared reference shows the entries that are left (`rest`), and shares them by that.
unsafe impl<K: Sync, V: Sync> Sync for Entries<K, V> {}

impl<K, V> Default for Entries<K, V> {
    /// None.
    fn default() -> Self {
        Self { root: Root::null(), sweep: Sweep::default() }
    }
}

impl<K, V> Entries<K, V> {
    /// Leaves `core` an empty map without a table.
    pub(crate) fn take(core: &mut Core<K, V>) -> Self {
        let root = core.root_mut();
        // ORDERING: relaxed; exclusively borrowed.
        core.root.store(ptr::null_mut(), Ordering::Relaxed);
        core.count = Counter::new();
        // SAFETY: nobody but us can reach the tables any more, and they are freed with us, when the sweep is over.
        Self { root: Root::new(root), sweep: unsafe { Sweep::new(root) } }
    }

    /// Those that are left.
    pub(crate) fn rest(&self) -> impl Iterator<Item = (&K, &V)> {
        // SAFETY: they are ours, and we are borrowed.
        unsafe { self.sweep.rest() }
    }

    pub(crate) fn next(&mut self) -> Option<OwnedNode<K, V>> {
        // SAFETY: the map owned it, and each comes once.
        self.sweep.next().map(|spot| unsafe { OwnedNode::from_raw(spot.node()) })
    }

    /// Frees what is left, and gives the newest table back to `core`, as if it were new.
    pub(crate) fn give_back(mut self, core: &mut Core<K, V>) {
        let panics = self.free_entries();
        let table = self.free_tables_but_the_newest();
        self.root = Root::null();
        // SAFETY: null, or ours alone.
        if let Some(table) = unsafe { Table::from_raw(table) } {
            table.reset();
            // ORDERING: relaxed; exclusively borrowed.
            core.root.store(table.as_ptr(), Ordering::Relaxed);
            core.fit_counter(table.log2(), &Guard::new());
        }
        panics.resume();
    }

    fn free_entries(&mut self) -> FirstPanic {
        let mut panics = FirstPanic(None);
        let sweep = std::mem::take(&mut self.sweep);
        let Some(mut bulk) = self.bulk() else {
            // SAFETY: the map owned it, nobody else can reach it, and each comes once.
            sweep.visit(true, |node| panics.note(unsafe { Node::free(node) }));
            return panics;
        };
        sweep.visit(needs_drop::<(K, V)>(), |node| {
            // SAFETY: as above; what is left of it is memory.
            unsafe {
                panics.note(Node::drop_entry(node));
                bulk.give(node.cast());
            }
        });
        panics
    }

    /// For the memory of the nodes, if these are many.
    fn bulk(&self) -> Option<Bulk<'static>> {
        // SAFETY: null, or ours.
        let table = unsafe { Table::from_raw(self.root.as_ptr()) }?;
        if table.log2() < LARGE {
            return None;
        }
        pool::bulk(Node::<K, V>::layout())
    }

    fn free_tables_but_the_newest(&mut self) -> *mut Header<K, V> {
        // SAFETY: null, or ours alone.
        while let Some(Next::Table(newer)) = unsafe { Table::from_raw(self.root.as_ptr()) }.map(Table::next) {
            let older = std::mem::replace(&mut self.root, Root::new(newer.as_ptr()));
            // SAFETY: it came from `allocate`, nobody else can reach it, and its entries are freed.
            unsafe { Table::free(older.as_ptr()) };
        }
        self.root.as_ptr()
    }
}

impl<K, V> Drop for Entries<K, V> {
    fn drop(&mut self) {
        let panics = self.free_entries();
        let newest = self.free_tables_but_the_newest();
        if !newest.is_null() {
            // SAFETY: as there.
            unsafe { Table::free(newest) };
        }
        panics.resume();
    }
}

/// Destructors may panic; the rest is freed nevertheless.
struct FirstPanic(Option<Box<dyn Any + Send>>);

impl FirstPanic {
    #[inline]
    fn note(&mut self, dropped: Result<(), Box<dyn Any + Send>>) {
        match (dropped, &self.0) {
            (Ok(()), _) => {}
            (Err(panic), None) => self.0 = Some(panic),
            // It may have a destructor that panics.
            (Err(panic), Some(_)) => std::mem::forget(panic),
        }
    }

    fn resume(self) {
        rethrow(self.0.map_or(Ok(()), Err));
    }
}
