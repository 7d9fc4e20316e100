//! Memory of freed nodes that a thread keeps for its next ones.
//!
//! A map that is written to frees a node for each that it makes: the collector gives back some dozens in a row, and the writer asks for
//! as many of the same size one by one. General allocators keep less than that at hand for a thread (glibc's: seven). A list
//! for each size costs a few instructions, and what was freed last, and so is cached, is used first.
//!
//! A thread keeps [`KEPT_BYTES`] of each size at most, and none when it ends; [`Guard::flush`](crate::Guard::flush) gives all back. Where
//! somebody watches the memory, nothing is kept: loom, shuttle, Miri, the sanitizers.

use std::alloc::{Layout, alloc, dealloc};
use std::cell::Cell;
use std::ptr;

const KEEPS: bool = !cfg!(any(loom, shuttle, miri, loxley_sanitize));

/// What a thread keeps of each size, in bytes. Enough for what one round of the collector frees.
const KEPT_BYTES: usize = 8 << 10;

/// Sizes are multiples of this, for it is the alignment of nodes.
const STEP: usize = 8;
/// Up to 128 bytes. Of larger nodes, not many would be kept, and the allocator's work matters less.
const SIZES: usize = 16;

/// A list of pieces of memory, each of which holds the address of the next.
struct List {
    first: Cell<*mut u8>,
    length: Cell<usize>,
}

struct Spare([List; SIZES]);

thread_local! {
    static SPARE: Spare = const { Spare([const { List { first: Cell::new(ptr::null_mut()), length: Cell::new(0) } }; SIZES]) };
}

/// The list for a layout, if there is one.
const fn list_of(layout: Layout) -> Option<usize> {
    let (size, align) = (layout.size(), layout.align());
    let kept = KEEPS && align == STEP && size % STEP == 0 && 0 < size && size <= SIZES * STEP;
    if kept { Some(size / STEP - 1) } else { None }
}

const fn size(list: usize) -> usize {
    (list + 1) * STEP
}

/// Memory for a node, as `alloc`.
///
/// # Safety
/// The size is not zero.
#[inline]
pub(super) unsafe fn take(layout: Layout) -> *mut u8 {
    if let Some(list) = list_of(layout) {
        if let Ok(Some(piece)) = SPARE.try_with(|spare| spare.0[list].pop()) {
            return piece;
        }
    }
    // SAFETY: passed on to the caller.
    unsafe { alloc(layout) }
}

/// Gives back what [`take`] gave.
///
/// # Safety
/// `piece` came from `take(layout)` and is not used any more.
#[inline]
pub(super) unsafe fn give(piece: *mut u8, layout: Layout) {
    if let Some(list) = list_of(layout) {
        let most = KEPT_BYTES / layout.size();
        // SAFETY: ours from here on, of the list's size.
        if SPARE.try_with(|spare| unsafe { spare.0[list].push(piece, most) }) == Ok(true) {
            return;
        }
    }
    // SAFETY: all pieces come from `alloc` with the layout for which they were taken first, which is that of their list.
    unsafe { dealloc(piece, layout) };
}

/// Gives what this thread keeps to the allocator.
pub(crate) fn release() {
    let _ = SPARE.try_with(Spare::release);
}

impl List {
    #[inline]
    fn pop(&self) -> Option<*mut u8> {
        let piece = self.first.get();
        if piece.is_null() {
            return None;
        }
        // SAFETY: on the list, so it holds the address of the next.
        self.first.set(unsafe { piece.cast::<*mut u8>().read() });
        self.length.set(self.length.get() - 1);
        Some(piece)
    }

    /// Whether there was room for it.
    ///
    /// # Safety
    /// `piece` is unused memory of the list's size, aligned for a pointer, that came from `alloc`.
    #[inline]
    unsafe fn push(&self, piece: *mut u8, most: usize) -> bool {
        let length = self.length.get();
        if length >= most {
            return false;
        }
        // SAFETY: as the caller says.
        unsafe { piece.cast::<*mut u8>().write(self.first.get()) };
        self.first.set(piece);
        self.length.set(length + 1);
        true
    }
}

impl Spare {
    fn release(&self) {
        for (i, list) in self.0.iter().enumerate() {
            let Ok(layout) = Layout::from_size_align(size(i), STEP) else { continue };
            while let Some(piece) = list.pop() {
                // SAFETY: allocated with this layout, see `give`.
                unsafe { dealloc(piece, layout) };
            }
        }
    }
}

/// The thread ends.
impl Drop for Spare {
    fn drop(&mut self) {
        self.release();
    }
}
