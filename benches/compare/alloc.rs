//! The system allocator, with a counter of what is requested from it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

static COUNTING: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Counts only where memory is the subject, which is in a process of its own: elsewhere a shared
/// counter would be a point of contention that no map has. There it costs a load and a branch.
pub(crate) struct CountingAllocator;

/// Starts to count. Before it, [`live`] stays 0.
pub(crate) fn start_counting() {
    COUNTING.store(true, Relaxed);
}

/// The bytes requested and not yet given back. Only differences mean something: what was requested
/// before counting started may be given back after it.
pub(crate) fn live() -> isize {
    LIVE.load(Relaxed) as isize
}

/// Pays the debts of those who have used the allocator before.
///
/// glibc joins freed small blocks only when somebody next requests a large one: a map that grows
/// would pay for all the entries of the map before it, with a pause of up to a second.
pub(crate) fn pay_debts() {
    drop(black_box(Vec::<u8>::with_capacity(64 << 10)));
}

#[inline]
fn count(grown: usize, shrunk: usize) {
    if COUNTING.load(Relaxed) {
        LIVE.fetch_add(grown.wrapping_sub(shrunk), Relaxed);
    }
}

// SAFETY: every call goes to the system allocator as it is; counting neither allocates nor panics.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promises are the ones that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size, layout.size());
        // SAFETY: as in `alloc`; and `block` came from `System`, as all blocks do.
        unsafe { System.realloc(block, layout, new_size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: as in `realloc`.
        unsafe { System.dealloc(block, layout) }
    }
}
