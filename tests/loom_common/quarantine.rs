//! An allocator that does not reuse the memory of nodes and tables before the end of an execution, so that a look at what has
//! been freed can be noticed, and addresses do not recur.
//!
//! Whatever is aligned to 64 bytes is taken for a node (see [`Key`](super::entry::Key)) or a table.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;

struct Quarantine;

#[global_allocator]
static ALLOCATOR: Quarantine = Quarantine;

/// Kept at the end of a block in quarantine: its beginning stays as it is, for those who look at it.
struct Link {
    block: *mut u8,
    layout: Layout,
    below: *mut Link,
}

thread_local! {
    static TOP: Cell<*mut Link> = const { Cell::new(ptr::null_mut()) };
}

// SAFETY: all memory is the system allocator's; a block that is given back is given on later, or never.
unsafe impl GlobalAlloc for Quarantine {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.align() < 64 || layout.size() % 64 != 0 {
            // SAFETY: as above.
            return unsafe { System.dealloc(block, layout) };
        }
        // SAFETY: the block is ours now, and a link fits into its last 64 bytes, which are aligned.
        unsafe {
            let link = block.add(layout.size() - size_of::<Link>()).cast::<Link>();
            link.write(Link { block, layout, below: TOP.get() });
            TOP.set(link);
        }
    }
}

/// Gives the memory in quarantine back, at the end of an execution.
pub(crate) fn release() {
    let mut top = TOP.replace(ptr::null_mut());
    while !top.is_null() {
        // SAFETY: written by `dealloc`; read, and its block given back, once.
        unsafe {
            let Link { block, layout, below } = top.read();
            System.dealloc(block, layout);
            top = below;
        }
    }
}
