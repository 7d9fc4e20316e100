//! The pool: where nodes have their memory from.
//!
//! A node is small, and general allocators add to it: glibc makes 32 bytes of 16 and takes 170 instructions for that.
//! So a map's nodes would be spread over twice the memory, and half of an insertion be the allocator's. The pool cuts
//! pages into pieces of one size, one after the other.
//!
//! * A shelf is all pages that are cut to a size, in use by all threads and maps. A page that has pieces to give is
//!   taken as a whole, by one thread, and what is given back goes to the page that it came from. See `shelf.rs` and
//!   `page.rs`.
//! * Each thread has a list of free pieces for each size, which is nobody else's: what it frees it uses again, the
//!   latest first, for that is in the cache. A list that is empty is filled with the pieces of a page; from one that is
//!   full they go back to their pages. See `own.rs`.
//!
//! So memory comes back: a page of which all pieces are free goes back to the allocator (some are kept for what comes
//! next), and what threads have on their lists goes when they end or call [`Guard::flush`](crate::Guard::flush).
//! Lock-free: no thread waits for another, and one that stalls keeps a page's worth of pieces to itself.
//!
//! Nodes of more than 128 bytes, or with a larger alignment than most, are the allocator's. So are all where somebody
//! watches the memory: under loom, shuttle, Miri and the sanitizers. There the pool has tests of its own.

#[cfg_attr(any(shuttle, miri, loxley_sanitize), allow(dead_code))]
mod bulk;
#[cfg(not(any(loom, shuttle, miri, loxley_sanitize)))]
mod own;
#[cfg_attr(any(shuttle, miri, loxley_sanitize), allow(dead_code))]
mod page;
#[cfg_attr(any(shuttle, miri, loxley_sanitize), allow(dead_code))]
mod shelf;

use std::alloc::{Layout, alloc, dealloc};

pub(super) use self::bulk::Bulk;
#[cfg(loom)]
pub(crate) use self::{page::bury, shelf::Shelf};

/// Memory for a node, as `alloc`: null if there is none.
///
/// # Safety
/// The layout has a size.
#[inline]
pub(super) unsafe fn take(layout: Layout) -> *mut u8 {
    #[cfg(not(any(loom, shuttle, miri, loxley_sanitize)))]
    if let Some(class) = own::class(layout) {
        return own::take(class);
    }
    // SAFETY: passed on to the caller.
    unsafe { alloc(layout) }
}

/// Gives back what [`take`] gave.
///
/// # Safety
/// `node` came from `take(layout)`, and nobody uses it.
#[inline]
pub(super) unsafe fn give(node: *mut u8, layout: Layout) {
    #[cfg(not(any(loom, shuttle, miri, loxley_sanitize)))]
    if let Some(class) = own::class(layout) {
        // SAFETY: as `take` gave it.
        return unsafe { own::give(class, node) };
    }
    // SAFETY: passed on to the caller.
    unsafe { dealloc(node, layout) }
}

/// For many nodes that [`take`] gave and that are given back at once. None if they must be given back one by one.
pub(super) fn bulk(layout: Layout) -> Option<Bulk<'static>> {
    #[cfg(not(any(loom, shuttle, miri, loxley_sanitize)))]
    return own::class(layout).map(own::bulk);
    #[cfg(any(loom, shuttle, miri, loxley_sanitize))]
    {
        let _ = layout;
        None
    }
}

/// Gives what this thread keeps back, and what is free altogether to the allocator.
pub(crate) fn release() {
    #[cfg(not(any(loom, shuttle, miri, loxley_sanitize)))]
    own::release();
}
