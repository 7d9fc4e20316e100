//! What each thread has of the pool, and the pool itself.

use std::alloc::Layout;
use std::cell::Cell;
use std::ptr;

use super::bulk::Bulk;
use super::page::{Pieces, STEP};
use super::shelf::Shelf;

/// The largest pieces, in bytes: thirty or so to a page.
const LARGEST: usize = 128;

const SIZES: usize = LARGEST / STEP;

/// What a thread has of each size at most, in bytes, but for the pieces of a page that it has just taken.
const KEPT_BYTES: usize = 4 << 10;

static SHELVES: [Shelf; SIZES] = [
    Shelf::new(size(0)),
    Shelf::new(size(1)),
    Shelf::new(size(2)),
    Shelf::new(size(3)),
    Shelf::new(size(4)),
    Shelf::new(size(5)),
    Shelf::new(size(6)),
    Shelf::new(size(7)),
    Shelf::new(size(8)),
    Shelf::new(size(9)),
    Shelf::new(size(10)),
    Shelf::new(size(11)),
    Shelf::new(size(12)),
    Shelf::new(size(13)),
    Shelf::new(size(14)),
    Shelf::new(size(15)),
];

/// A thread's free pieces.
struct Own([Cell<Pieces>; SIZES]);

thread_local! {
    static OWN: Own = const { Own([const { Cell::new(Pieces::NONE) }; SIZES]) };
}

/// The class of pieces that are for nodes of this layout, if there is one.
pub(super) const fn class(layout: Layout) -> Option<usize> {
    let (size, align) = (layout.size(), layout.align());
    if align == STEP && 0 < size && size <= LARGEST { Some(size.div_ceil(STEP) - 1) } else { None }
}

const fn size(class: usize) -> usize {
    (class + 1) * STEP
}

/// A piece. Null if there is no memory.
#[inline]
pub(super) fn take(class: usize) -> *mut u8 {
    OWN.try_with(|own| own.pop(class)).ok().flatten().unwrap_or_else(|| refill(class))
}

/// # Safety
/// `piece` is of that class, and nobody uses it.
#[inline]
pub(super) unsafe fn give(class: usize, piece: *mut u8) {
    // SAFETY: as the caller says.
    if OWN.try_with(|own| unsafe { own.keep(class, piece) }) != Ok(true) {
        // SAFETY: as the caller says; all pieces of the class are of its shelf.
        unsafe { SHELVES[class].give(piece) };
    }
}

/// A piece of a page of which this thread keeps the others.
#[cold]
#[inline(never)]
fn refill(class: usize) -> *mut u8 {
    let Some(mut pieces) = SHELVES[class].take() else { return ptr::null_mut() };
    let piece = pieces.pop();
    // There are others if the allocator uses a map, and has come here meanwhile; and if the thread is ending, all are
    // too many.
    let others = OWN.try_with(|own| own.0[class].replace(pieces)).unwrap_or(pieces);
    give_all(class, others);
    // What can be taken has a piece.
    piece.unwrap_or(ptr::null_mut())
}

/// To give back many at once.
pub(super) fn bulk(class: usize) -> Bulk<'static> {
    Bulk::new(&SHELVES[class])
}

fn give_all(class: usize, mut pieces: Pieces) {
    while let Some(piece) = pieces.pop() {
        // SAFETY: ours, and of that class.
        unsafe { SHELVES[class].give(piece) };
    }
}

pub(super) fn release() {
    let _ = OWN.try_with(Own::release);
    SHELVES.iter().for_each(Shelf::tidy);
}

impl Own {
    #[inline]
    fn pop(&self, class: usize) -> Option<*mut u8> {
        let mut pieces = self.0[class].get();
        let piece = pieces.pop();
        self.0[class].set(pieces);
        piece
    }

    /// False if the list is full.
    ///
    /// # Safety
    /// `piece` is one of that class, and nobody uses it.
    #[inline]
    unsafe fn keep(&self, class: usize, piece: *mut u8) -> bool {
        let mut pieces = self.0[class].get();
        if pieces.number >= KEPT_BYTES / size(class) {
            return false;
        }
        // SAFETY: as the caller says.
        unsafe { pieces.push(piece) };
        self.0[class].set(pieces);
        true
    }

    fn release(&self) {
        (0..SIZES).for_each(|class| give_all(class, self.0[class].replace(Pieces::NONE)));
    }
}

/// The thread ends.
impl Drop for Own {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// Of no node in the other unit tests, so that the pages are ours. Each for one test.
    const QUIET: [usize; 3] = [12, 13, 14];

    fn kept(class: usize) -> usize {
        OWN.with(|own| own.0[class].get().number)
    }

    /// All pages of the class come to be free. Another thread may look at one of them just now, and leave it.
    fn assert_all_pages_are_freed(class: usize) {
        let freed = (0..10_000).any(|_| {
            release();
            thread::yield_now();
            SHELVES[class].pages() == 0
        });
        assert!(freed, "{} pages of class {class}", SHELVES[class].pages());
    }

    #[test]
    fn layouts_have_pieces_that_fit() {
        let layout = |size, align| Layout::from_size_align(size, align).unwrap();
        for bytes in 1..=128 {
            let class = class(layout(bytes, 8)).unwrap();
            assert!((bytes..bytes + 8).contains(&size(class)), "{bytes} bytes have class {class}");
            let mut pieces = [take(class), take(class), take(class)];
            pieces.sort();
            assert!(pieces.windows(2).all(|two| two[0].addr() + bytes <= two[1].addr()));
            // SAFETY: taken above, and each given once.
            pieces.iter().for_each(|piece| unsafe { give(class, *piece) });
        }
        let others = [(129, 8), (136, 8), (1000, 8), (1, 1), (4, 4), (16, 16), (64, 16), (128, 128), (256, 64)];
        others.iter().for_each(|&(size, align)| assert_eq!(class(layout(size, align)), None));
    }

    #[test]
    fn a_thread_keeps_some_and_takes_the_latest_first() {
        let class = QUIET[0];
        let pieces: Vec<_> = (0..1000).map(|_| take(class)).collect();
        release();
        assert_eq!(kept(class), 0);
        let most = 4096 / (8 * (class + 1));
        for (number, piece) in pieces.iter().enumerate() {
            // SAFETY: taken above, and each given once.
            unsafe { give(class, *piece) };
            assert_eq!(kept(class), most.min(number + 1));
        }
        let again: Vec<_> = (0..most).map(|_| take(class)).collect();
        assert!(again.iter().eq(pieces[..most].iter().rev()));
        assert_eq!(kept(class), 0);
        // SAFETY: as above.
        again.iter().for_each(|piece| unsafe { give(class, *piece) });
        assert_all_pages_are_freed(class);
        assert_eq!(kept(class), 0);
    }

    #[test]
    fn what_a_thread_keeps_is_given_back_when_it_ends() {
        let class = QUIET[1];
        let work = move || {
            let pieces = [take(class), take(class)];
            // SAFETY: just taken.
            pieces.iter().for_each(|piece| unsafe { give(class, *piece) });
            assert!(kept(class) >= 2);
        };
        thread::spawn(work).join().unwrap();
        assert_all_pages_are_freed(class);
    }

    /// Of a thread that has no list any more.
    #[test]
    fn nodes_are_used_while_a_thread_ends() {
        const CLASS: usize = QUIET[2];

        struct Late;
        impl Drop for Late {
            fn drop(&mut self) {
                let piece = take(CLASS);
                // SAFETY: just taken.
                unsafe { give(CLASS, piece) };
            }
        }
        thread_local! {
            static LATE: Late = const { Late };
        }
        let work = || {
            // What is used first is dropped last.
            LATE.with(|_| ());
            assert_eq!(kept(CLASS), 0);
        };
        thread::spawn(work).join().unwrap();
        assert_all_pages_are_freed(CLASS);
    }
}
