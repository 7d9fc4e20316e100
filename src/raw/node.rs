//! Nodes: one heap allocation an entry, the key first and nothing before it.

use std::alloc::{Layout, handle_alloc_error};
use std::any::Any;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};

use super::pool;
use super::word::fits;

/// An entry. Immutable once published: replacing a value replaces the node. Aligned to 8 bytes at least, so that three
/// bits of its address are free for the state of a slot.
#[repr(C, align(8))]
pub(crate) struct Node<K, V> {
    key: K,
    value: V,
    /// Makes loom see who writes and who reads the entry, and complain where nothing orders them.
    #[cfg(loom)]
    witness: loom::cell::UnsafeCell<()>,
}

impl<K, V> Node<K, V> {
    #[inline(always)]
    pub(crate) fn key(&self) -> &K {
        self.observe();
        &self.key
    }

    #[inline(always)]
    pub(crate) fn value(&self) -> &V {
        self.observe();
        &self.value
    }

    #[inline(always)]
    pub(crate) fn pair(&self) -> (&K, &V) {
        (self.key(), self.value())
    }

    /// Key and value for the exclusive owner of an entry.
    ///
    /// The node's address comes from its allocation, through whatever words it was packed into; so writing through it is as
    /// good as through the first pointer there was. References that readers made of it before are not used any more.
    ///
    /// # Safety
    /// `node` is an entry that is not freed, and nobody else refers to it, as long as the references live.
    pub(crate) unsafe fn pair_mut<'a>(node: *mut Self) -> (&'a K, &'a mut V) {
        #[cfg(loom)]
        // SAFETY: alive.
        unsafe {
            (*node).witness.with_mut(|_| ());
        }
        // SAFETY: as the caller says; two fields.
        unsafe { (&(*node).key, &mut (*node).value) }
    }

    #[cfg(not(loom))]
    #[inline(always)]
    fn observe(&self) {}

    #[cfg(loom)]
    fn observe(&self) {
        self.witness.with(|_| ());
    }

    /// Never of size zero: two entries must not share an address, for a slot word is told from another by it.
    pub(super) fn layout() -> Layout {
        let layout = Layout::new::<Self>();
        if layout.size() == 0 { Layout::new::<u64>().align_to(layout.align()).unwrap() } else { layout }
    }

    /// Drops key and value and frees the node. A panic of either drop is returned when all is done; if both do, the payload of
    /// the second is forgotten, for that may have a destructor that panics.
    ///
    /// # Safety
    /// `node` came from [`OwnedNode::new`], nobody else refers to it, and it is not used again.
    pub(crate) unsafe fn free(node: *mut Self) -> Result<(), Box<dyn Any + Send>> {
        // SAFETY: passed on to the caller; nothing is left in it but loom's own state.
        unsafe {
            let dropped = Self::drop_entry(node);
            Self::free_shell(node);
            dropped
        }
    }

    /// Drops key and value, with panics as in [`free`](Self::free), and leaves the memory.
    ///
    /// # Safety
    /// As there, but for the memory.
    pub(super) unsafe fn drop_entry(node: *mut Self) -> Result<(), Box<dyn Any + Send>> {
        #[cfg(loom)]
        // SAFETY: the node is alive.
        unsafe {
            (*node).witness.with_mut(|_| ());
        }
        // SAFETY: the caller owns the node; each field is dropped once.
        let key = catch_unwind(AssertUnwindSafe(|| unsafe { ptr::drop_in_place(&raw mut (*node).key) }));
        // SAFETY: as above.
        let value = catch_unwind(AssertUnwindSafe(|| unsafe { ptr::drop_in_place(&raw mut (*node).value) }));
        match (key, value) {
            (Err(first), second) => {
                second.unwrap_or_else(std::mem::forget);
                Err(first)
            }
            (Ok(()), value) => value,
        }
    }

    /// The same for a node whose value has been moved out.
    ///
    /// # Safety
    /// As there.
    pub(crate) unsafe fn free_without_value(node: *mut Self) -> Result<(), Box<dyn Any + Send>> {
        // SAFETY: the caller owns the node; the key is dropped once, then the memory freed.
        unsafe {
            let key = catch_unwind(AssertUnwindSafe(|| ptr::drop_in_place(&raw mut (*node).key)));
            Self::free_shell(node);
            key
        }
    }

    /// As [`free`](Self::free), for the collector: the panic of a destructor has been reported by the panic hook and has no
    /// caller to go to. Its payload is forgotten, for that may have a destructor that panics.
    ///
    /// # Safety
    /// As there.
    pub(crate) unsafe fn free_quietly(node: *mut Self) {
        // SAFETY: passed on to the caller.
        unsafe { Self::free(node) }.unwrap_or_else(std::mem::forget);
    }

    /// Frees the memory of a node and neither its key nor its value.
    ///
    /// # Safety
    /// As [`free`](Self::free); key and value have been moved out or dropped.
    unsafe fn free_shell(node: *mut Self) {
        #[cfg(loom)]
        // SAFETY: the caller owns the node.
        unsafe {
            ptr::drop_in_place(&raw mut (*node).witness);
        }
        // SAFETY: allocated with this layout in `OwnedNode::new`.
        unsafe { pool::give(node.cast(), Self::layout()) };
    }
}

/// A node that no other thread has seen.
pub(crate) struct OwnedNode<K, V>(NonNull<Node<K, V>>);

impl<K, V> OwnedNode<K, V> {
    /// # Panics
    /// If the allocator returns an address of more than 48 bits, which no slot word can hold.
    #[inline]
    pub(crate) fn new(key: K, value: V) -> Self {
        let layout = Node::<K, V>::layout();
        // SAFETY: the layout is not of size zero.
        let raw = unsafe { pool::take(layout) }.cast::<Node<K, V>>();
        let Some(node) = NonNull::new(raw) else { handle_alloc_error(layout) };
        if !fits(raw) {
            // SAFETY: just taken with this layout.
            unsafe { pool::give(raw.cast(), layout) };
            panic!("loxley: the allocator returned {raw:p}; addresses of more than 48 bits are not supported");
        }
        // SAFETY: fresh memory of the layout of a node.
        unsafe {
            node.write(Node {
                key,
                value,
                #[cfg(loom)]
                witness: loom::cell::UnsafeCell::new(()),
            });
        }
        Self(node)
    }

    /// The inverse of [`publish`](Self::publish).
    ///
    /// # Safety
    /// `node` came from there, and nobody else can reach it or will free it.
    pub(crate) unsafe fn from_raw(node: *mut Node<K, V>) -> Self {
        debug_assert!(!node.is_null());
        // SAFETY: nodes have an address.
        Self(unsafe { NonNull::new_unchecked(node) })
    }

    #[inline(always)]
    pub(crate) fn as_ptr(&self) -> *mut Node<K, V> {
        self.0.as_ptr()
    }

    pub(crate) fn key(&self) -> &K {
        // SAFETY: we own it.
        unsafe { &(*self.as_ptr()).key }
    }

    pub(crate) fn value_ptr(&mut self) -> *mut V {
        // SAFETY: we own it.
        unsafe { &raw mut (*self.as_ptr()).value }
    }

    /// Drops a node whose value has been moved out.
    ///
    /// # Safety
    /// It has.
    pub(crate) unsafe fn drop_without_value(self) {
        // SAFETY: we own the node, which nobody else has seen, and the caller says that the value is gone.
        rethrow(unsafe { Node::free_without_value(self.publish()) });
    }

    /// Takes key and value out.
    pub(crate) fn into_parts(self) -> (K, V) {
        let node = ManuallyDrop::new(self).as_ptr();
        // SAFETY: we own the node, read each field once, and free only the memory.
        unsafe {
            let parts = (ptr::read(&raw const (*node).key), ptr::read(&raw const (*node).value));
            Node::free_shell(node);
            parts
        }
    }

    /// Gives the node away: a slot owns it now.
    #[inline(always)]
    pub(crate) fn publish(self) -> *mut Node<K, V> {
        ManuallyDrop::new(self).as_ptr()
    }
}

impl<K, V> Drop for OwnedNode<K, V> {
    fn drop(&mut self) {
        // SAFETY: we own it and nobody else has seen it.
        rethrow(unsafe { Node::free(self.as_ptr()) });
    }
}

/// Passes the panic of a destructor on. If there is one under way it is forgotten, for it may have a destructor that
/// panics.
pub(super) fn rethrow(freed: Result<(), Box<dyn Any + Send>>) {
    match freed {
        Ok(()) => {}
        Err(panic) if std::thread::panicking() => std::mem::forget(panic),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn layouts() {
        assert_eq!(Node::<u64, u64>::layout().size(), 16);
        assert_eq!(Node::<u8, u8>::layout().align(), 8);
        assert_ne!(Node::<(), ()>::layout().size(), 0);
        #[repr(align(128))]
        struct Wide;
        assert_eq!(Node::<(), Wide>::layout().align(), 128);
    }

    #[test]
    fn key_and_value_are_dropped_once() {
        let (key, value) = (Arc::new(1), Arc::new(2));
        let mut node = OwnedNode::new(key.clone(), value.clone());
        assert_eq!(node.key(), &key);
        // SAFETY: read once, for the node is dropped without.
        let taken = unsafe { ptr::read(node.value_ptr()) };
        // SAFETY: just taken.
        unsafe { node.drop_without_value() };
        assert_eq!((Arc::strong_count(&key), Arc::strong_count(&taken)), (1, 2));
        drop(OwnedNode::new(key.clone(), taken));
        assert_eq!((Arc::strong_count(&key), Arc::strong_count(&value)), (1, 1));
    }

    #[test]
    fn every_node_has_an_address_of_its_own() {
        let a = OwnedNode::new((), ());
        let b = OwnedNode::new((), ());
        assert_ne!(a.as_ptr(), b.as_ptr());
    }
}
