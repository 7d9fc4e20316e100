//! An allocator that does not reuse the memory of nodes and tables before the end of an execution, so that a look at what has
//! been freed can be noticed, and addresses do not recur. Or it does so at once, if a test asks for that, so that they do.
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
    static REUSE: Cell<bool> = const { Cell::new(false) };
    static FREED_TWICE: Cell<usize> = const { Cell::new(0) };
}

fn is_kept(layout: Layout) -> bool {
    layout.align() >= 64 && layout.size() % 64 == 0
}

/// The blocks in quarantine, the last first.
fn blocks() -> impl Iterator<Item = *mut Link> {
    let there = |link: *mut Link| (!link.is_null()).then_some(link);
    // SAFETY: written by `dealloc` and not given back yet.
    std::iter::successors(there(TOP.get()), move |&link| there(unsafe { (*link).below }))
}

/// Takes the last block of this layout out.
fn take(layout: Layout) -> Option<*mut u8> {
    let mut above: Option<*mut Link> = None;
    for link in blocks() {
        // SAFETY: as in `blocks`, of both.
        let Link { block, layout: its, below } = unsafe { link.read() };
        if its == layout {
            match above {
                None => TOP.set(below),
                // SAFETY: as above.
                Some(above) => unsafe { (*above).below = below },
            }
            return Some(block);
        }
        above = Some(link);
    }
    None
}

// SAFETY: all memory is the system allocator's; a block that is given back is given on later, or never.
unsafe impl GlobalAlloc for Quarantine {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let reused = if REUSE.get() && is_kept(layout) { take(layout) } else { None };
        // SAFETY: the caller's contract is the system allocator's.
        reused.unwrap_or_else(|| unsafe { System.alloc(layout) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if !is_kept(layout) {
            // SAFETY: as above.
            return unsafe { System.dealloc(block, layout) };
        }
        if blocks().any(|link| link.addr() / 64 == (block.addr() + layout.size() - 1) / 64) {
            // No panic: we are in the allocator.
            return FREED_TWICE.set(FREED_TWICE.get() + 1);
        }
        // SAFETY: the block is ours now, and a link fits into its last 64 bytes, which are aligned.
        unsafe {
            let link = block.add(layout.size() - size_of::<Link>()).cast::<Link>();
            link.write(Link { block, layout, below: TOP.get() });
            TOP.set(link);
        }
    }
}

/// From here to the next [`release`] the memory of what is freed is reused for what is allocated next.
pub(crate) fn reuse() {
    REUSE.set(true);
}

/// Whether this address is in a block that has been freed in this execution and not been reused.
pub(crate) fn is_freed(address: *const ()) -> bool {
    blocks().any(|link| {
        // SAFETY: as in `blocks`.
        let Link { block, layout, .. } = unsafe { link.read() };
        (block.addr()..block.addr() + layout.size()).contains(&address.addr())
    })
}

/// Gives the memory in quarantine back, at the end of an execution.
pub(crate) fn release() {
    assert_eq!(FREED_TWICE.take(), 0, "blocks were freed twice");
    REUSE.set(false);
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
