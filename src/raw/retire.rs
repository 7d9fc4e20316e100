//! Retirement: when what has been unlinked is freed.

use super::core::Op;
use super::guards::{Guarded, without};
use super::migrate::Resize;
use super::node::Node;
use super::table::Table;

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
        // SAFETY: unlinked, see above; K and V are Send and 'static, so they may be dropped on any thread at any time.
        unsafe { self.guard.retire(size_of::<Node<K, V>>(), move || Node::free_quietly(node)) };
    }

    /// Frees a table that the root has moved on from, with its limbo.
    ///
    /// # Safety
    /// This operation's exchange of the root has unlinked it.
    pub(super) unsafe fn retire_table(self, table: Table<'g, K, V>) {
        let header = table.as_ptr();
        // SAFETY: unlinked, so nobody reaches it without a guard from before. Its nodes were handed on.
        unsafe { self.guard.retire(table.bytes(), move || Table::free(header)) };
    }
}
