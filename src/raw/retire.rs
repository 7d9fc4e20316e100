//! Retirement: when what has been unlinked is freed.

use super::core::Op;
use super::guards::{Guarded, without};
use super::migrate::Resize;
use super::node::Node;
use super::table::Table;
use crate::reclaim::Garbage;

impl<'g, K: Send + 'static, V: Send + 'static, S> Op<'g, K, V, S> {
    /// Frees `node` once nobody can look at it any more. `filling` is the migration that filled `table` when this operation
    /// chose it.
    ///
    /// While an older table is the root, it may still name the node, and threads yet to come may enter through it: then the
    /// node is freed together with that table (see `limbo.rs`). The root is loaded *after* the node was unlinked: if it still
    /// is the older table, that table will be retired later than this, so its grace period covers every thread that may
    /// have met the node. If it is not, every thread yet to come enters through a table that does not name it.
    ///
    /// # Safety
    /// This operation's exchange has taken the node out of `table`, and nobody else retires it. The pointer is the slot
    /// word's: one made of a reference would not be allowed to free.
    #[inline]
    pub(super) unsafe fn retire(
        self,
        table: Table<'g, K, V>,
        filling: Option<Resize<'g, K, V>>,
        node: *mut Node<K, V>,
    ) {
        if let Some(resize) = filling.filter(|_| !without(Guarded::limbo)) {
            debug_assert!(resize.to == table);
            if self.core().root(self.guard) == Some(resize.from) || without(Guarded::limbo_root) {
                resize.from.header().limbo.push(node);
                return;
            }
        }
        // SAFETY: unlinked, see above.
        unsafe { self.retire_node(node, free_node::<K, V>) };
    }

    /// Frees a node that was never published, and that others may have seen.
    ///
    /// # Safety
    /// It is in no slot any more, this operation owns it, and its value has been taken out if `empty`.
    pub(super) unsafe fn retire_withdrawn(self, node: *mut Node<K, V>, empty: bool) {
        // SAFETY: helpers that still look have their guards; without a value if that is gone.
        unsafe { self.retire_node(node, if empty { free_node_without_value::<K, V> } else { free_node::<K, V> }) };
    }

    /// # Safety
    /// Nobody without a guard from before can come to the node, and `free` is sound to call on it once.
    #[inline]
    unsafe fn retire_node(self, node: *mut Node<K, V>, free: unsafe fn(*mut ())) {
        // SAFETY: as the caller says; K and V are Send and 'static, so they may be dropped on any thread at any time.
        unsafe { self.guard.retire(Garbage::new(node, size_of::<Node<K, V>>(), free)) };
    }

    /// Frees a table that the root has moved on from, with its limbo.
    ///
    /// # Safety
    /// This operation's exchange of the root has unlinked it.
    pub(super) unsafe fn retire_table(self, table: Table<'g, K, V>) {
        // SAFETY: unlinked, so nobody reaches it without a guard from before. Its nodes were handed on.
        unsafe { self.guard.retire(Garbage::new(table.as_ptr(), table.bytes(), free_table::<K, V>)) };
    }
}

/// # Safety
/// As [`Node::free`].
unsafe fn free_node<K, V>(node: *mut ()) {
    // SAFETY: passed on to the caller.
    unsafe { Node::<K, V>::free_quietly(node.cast()) };
}

/// # Safety
/// As [`Node::free_without_value`].
unsafe fn free_node_without_value<K, V>(node: *mut ()) {
    // SAFETY: passed on to the caller. A panic of the key's destructor: as in `free_quietly`.
    unsafe { Node::<K, V>::free_without_value(node.cast()) }.unwrap_or_else(std::mem::forget);
}

/// # Safety
/// As [`Table::free`].
unsafe fn free_table<K, V>(header: *mut ()) {
    // SAFETY: passed on to the caller.
    unsafe { Table::<K, V>::free(header.cast()) };
}
