//! A global allocator that counts. Each test file that measures memory installs it for itself.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};

use super::collect_until;
use loxley::HashMap;

static LIVE: AtomicIsize = AtomicIsize::new(0);
static ASKED: AtomicIsize = AtomicIsize::new(0);

/// Counts the bytes that were asked for and not given back, by all threads together.
#[derive(Debug)]
pub(crate) struct Counting;

impl Counting {
    /// Bytes asked for and not given back yet.
    pub(crate) fn live() -> isize {
        LIVE.load(Relaxed)
    }

    /// Bytes ever asked for.
    pub(crate) fn asked() -> isize {
        ASKED.load(Relaxed)
    }

    /// [`live`](Self::live) once the collector has nothing left to free but what it needs itself.
    pub(crate) fn settled() -> isize {
        let collector = HashMap::<(), ()>::new();
        let (mut least, mut idle) = (isize::MAX, 0);
        let at_rest = collect_until(|| {
            // A flush makes garbage of its own: the queue's node of each bag that was freed, which is the
            // next bag. Enough pins without a flush free all bags there are, so that one node is left and
            // two measurements can be compared to the byte.
            (0..1024).for_each(|_| drop(collector.guard()));
            idle = if Self::live() < least { 0 } else { idle + 1 };
            least = least.min(Self::live());
            idle > 8
        });
        assert!(at_rest, "the collector never came to rest");
        least
    }

    fn count(bytes: isize) {
        LIVE.fetch_add(bytes, Relaxed);
        ASKED.fetch_add(bytes.max(0), Relaxed);
    }
}

// SAFETY: every call goes to the system allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size() as isize);
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size() as isize);
        // SAFETY: as above. Not `alloc` and a memset: lazily zeroed pages matter to big tables.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        Self::count(-(layout.size() as isize));
        // SAFETY: as above.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        Self::count(new_size as isize - layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}
