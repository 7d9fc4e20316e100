//! Limbo: nodes that wait for a table.
//!
//! While a table is being replaced, its migrated groups still name the nodes that they handed over (FROZEN, CROSS). A node
//! that is removed through the newer table meanwhile must not be freed one grace period later, as usual: a thread
//! that arrives after that period still enters through the older table and may look at those words. It is freed together
//! with the older table instead, which is unlinked later than it.

use std::ptr;

use super::node::Node;
use crate::sync::{AtomicPtr, Ordering};

/// A stack that is only pushed to, and emptied by its exclusive owner.
pub(crate) struct Limbo<K, V>(AtomicPtr<Link<K, V>>);

struct Link<K, V> {
    node: *mut Node<K, V>,
    below: *mut Link<K, V>,
}

impl<K, V> Limbo<K, V> {
    pub(super) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Leaves `node` here. The caller owns it, as one who retires a node does.
    pub(super) fn push(&self, node: *mut Node<K, V>) {
        let link = Box::into_raw(Box::new(Link { node, below: ptr::null_mut() }));
        // ORDERING: acquire and release. `take` runs when no thread can push any more, but what orders it after the pushes
        // is the collector, so release alone would do; the acquire costs nothing and makes the stack right by itself. Loom's
        // collector orders more, and no loom test depends on these.
        let mut top = self.0.load(Ordering::Acquire);
        loop {
            // SAFETY: ours until the exchange succeeds.
            unsafe { (*link).below = top };
            match self.0.compare_exchange(top, link, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return,
                Err(now) => top = now,
            }
        }
    }

    /// Takes all nodes out.
    pub(super) fn take(&mut self) -> Vec<*mut Node<K, V>> {
        let mut nodes = Vec::new();
        // ORDERING: acquire, see `push`.
        let mut link = self.0.load(Ordering::Acquire);
        self.0.store(ptr::null_mut(), Ordering::Relaxed);
        while !link.is_null() {
            // SAFETY: made by Box::into_raw in `push`, and reachable from nowhere else.
            let Link { node, below } = *unsafe { Box::from_raw(link) };
            nodes.push(node);
            link = below;
        }
        nodes
    }
}

impl<K, V> Drop for Limbo<K, V> {
    fn drop(&mut self) {
        for node in self.take() {
            // SAFETY: limbo owns its nodes.
            unsafe { Node::free_quietly(node) };
        }
    }
}
