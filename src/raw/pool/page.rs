//! A page of memory, cut into pieces of one size.
//!
//! One word of a page's header changes while it is in use: the pieces that have been given back, linked through
//! themselves, and how many they are. Anybody pushes a piece, and all are taken together, so that nothing can go
//! wrong where an address recurs: a piece is linked to the one that the word names when it is pushed, whatever has
//! happened to that in between.

use std::alloc::{Layout, alloc, dealloc};
use std::ptr;

use crate::raw::guards::{Guarded, without};
use crate::sync::{AtomicU64, Ordering};

/// Bytes from one page to the next, and the alignment of pages: from a piece to its page is a matter of a mask.
pub(super) const PAGE: usize = 4 << 10;

/// Sizes of pieces are multiples of this, and so are their offsets in a page; for it is the alignment of most nodes.
pub(super) const STEP: usize = 8;

/// What a page takes of the allocator. Two words less: where the allocator has a header of as much before each piece
/// of memory, pages follow each other without a gap.
const PAGE_LAYOUT: Layout = match Layout::from_size_align(PAGE - 2 * size_of::<usize>(), PAGE) {
    Ok(layout) => layout,
    Err(_) => unreachable!(),
};

/// Free pieces of one size, each of which holds the address of the next. Owned, and of any pages.
#[derive(Clone, Copy)]
pub(crate) struct Pieces {
    first: *mut u8,
    pub(super) number: usize,
}

impl Pieces {
    pub(super) const NONE: Self = Self { first: ptr::null_mut(), number: 0 };

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<*mut u8> {
        if self.number == 0 {
            return None;
        }
        let piece = self.first;
        // SAFETY: a piece of the list, so it is ours and holds the address of the next.
        self.first = unsafe { piece.cast::<*mut u8>().read() };
        self.number -= 1;
        Some(piece)
    }

    /// # Safety
    /// `piece` is one of the list's size, which nobody uses.
    #[inline]
    pub(super) unsafe fn push(&mut self, piece: *mut u8) {
        // SAFETY: as the caller says; pieces have room for an address, and its alignment.
        unsafe { piece.cast::<*mut u8>().write(self.first) };
        self.first = piece;
        self.number += 1;
    }
}

/// The pieces that have been given back: the offset of the latest in the page, how many there are, and whether they
/// are as many as make a page worth taking, which is said to the shelf.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Returned(u64);

impl Returned {
    const NONE: Self = Self(0);
    const LISTED: u64 = 1 << 32;

    fn number(self) -> usize {
        (self.0 >> 16 & 0xFFFF) as usize
    }

    fn latest(self) -> usize {
        (self.0 & 0xFFFF) as usize
    }

    fn is_listed(self) -> bool {
        self.0 & Self::LISTED != 0
    }

    fn with(self, offset: usize, listed: bool) -> Self {
        let number = self.number() as u64 + 1;
        Self(offset as u64 | number << 16 | if listed { Self::LISTED } else { self.0 & Self::LISTED })
    }
}

struct Header {
    returned: AtomicU64,
    /// The page's number on its shelf.
    number: u32,
    /// The pieces that it was cut into.
    pieces: u32,
    /// So that loom complains of a look at the header, or at pieces, that its end is not ordered after.
    #[cfg(loom)]
    life: loom::cell::UnsafeCell<()>,
}

/// What the return of a piece made of its page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Return {
    /// Nothing that anybody need know.
    Kept,
    /// It is worth taking now, and whoever gave the piece back must tell the shelf.
    Listed,
    /// All pieces are free. It was listed before.
    Whole,
}

/// A page that is not freed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Page(*mut u8);

impl Page {
    /// Makes a page and cuts it. None if there is no memory.
    pub(super) fn cut(size: usize, number: u32) -> Option<(Self, Pieces)> {
        // SAFETY: the layout has a size.
        let base = unsafe { alloc(PAGE_LAYOUT) };
        if base.is_null() {
            return None;
        }
        let page = Self(base);
        let header = page.header();
        let taken = header.addr() - base.addr()..header.addr() - base.addr() + size_of::<Header>();
        let mut pieces = Pieces::NONE;
        // From the end, so that the first comes first.
        for offset in (0..PAGE_LAYOUT.size() - size + 1).step_by(size).rev() {
            if offset + size <= taken.start || taken.end <= offset {
                // SAFETY: within the page, at a multiple of the size, and used for nothing else.
                unsafe { pieces.push(base.add(offset)) };
            }
        }
        let header_value = Header {
            returned: AtomicU64::new(Returned::NONE.0),
            number,
            pieces: pieces.number as u32,
            #[cfg(loom)]
            life: loom::cell::UnsafeCell::new(()),
        };
        // SAFETY: within the page, aligned to a cache line, and no piece touches it.
        unsafe { header.write(header_value) };
        Some((page, pieces))
    }

    pub(super) fn as_ptr(self) -> *mut u8 {
        self.0
    }

    /// # Safety
    /// `base` came from [`as_ptr`](Self::as_ptr) of a page that is not freed.
    pub(super) unsafe fn from_ptr(base: *mut u8) -> Self {
        Self(base)
    }

    /// # Safety
    /// `piece` is one of a page.
    #[inline]
    pub(super) unsafe fn of(piece: *mut u8) -> Self {
        Self(piece.map_addr(|address| address & !(PAGE - 1)))
    }

    /// Where the header is: on another cache line in each of 63 pages that follow one another. At the same place in
    /// all, headers would contend for a few lines of the cache. (Under loom it is, for an address must not decide what
    /// is explored.)
    #[inline]
    fn header(self) -> *mut Header {
        let line = if cfg!(loom) { 62 } else { self.0.addr() / PAGE % 63 };
        self.0.wrapping_add(64 * line).cast()
    }

    /// # Safety
    /// The page is not freed as long as the reference lives.
    #[inline]
    unsafe fn head<'a>(self) -> &'a Header {
        #[cfg(loom)]
        assert!(!FREED.with_borrow(|freed| freed.contains(&self)), "a page is looked at that has been freed");
        // SAFETY: made by `cut`, and not freed, as the caller says.
        let head = unsafe { &*self.header() };
        #[cfg(loom)]
        head.life.with(|_| ());
        head
    }

    /// # Safety
    /// The page is not freed: the caller has a piece of it, or holds it.
    pub(super) unsafe fn number(self) -> usize {
        // SAFETY: as the caller says.
        unsafe { self.head() }.number as usize
    }

    /// How many pieces it was cut into.
    ///
    /// # Safety
    /// As [`number`](Self::number).
    pub(super) unsafe fn pieces(self) -> usize {
        // SAFETY: as the caller says.
        unsafe { self.head() }.pieces as usize
    }

    /// Gives a piece back. What it returns is for the shelf.
    ///
    /// # Safety
    /// `piece` is one of this page, and nobody uses it.
    pub(super) unsafe fn push(self, piece: *mut u8) -> Return {
        // SAFETY: it is not freed as long as a piece is missing.
        let head = unsafe { self.head() };
        let pieces = head.pieces as usize;
        let offset = piece.addr() - self.0.addr();
        let mut now = Returned(head.returned.load(Ordering::Relaxed));
        loop {
            let latest = self.0.wrapping_add(now.latest());
            // SAFETY: ours, until the exchange succeeds.
            unsafe { piece.cast::<*mut u8>().write(latest) };
            let worth_taking = now.number() + 1 >= worth_taking(pieces);
            let then = now.with(offset, worth_taking);
            // ORDERING: release, for who takes the pieces may write to them, and whoever frees the page comes after
            // all. Not acquire: if that is us, `is_whole` looks again.
            match head.returned.compare_exchange(now.0, then.0, Ordering::Release, Ordering::Relaxed) {
                Ok(_) if then.number() == pieces => return Return::Whole,
                Ok(_) if then.is_listed() && (!now.is_listed() || without(Guarded::pool_once)) => {
                    return Return::Listed;
                }
                Ok(_) => return Return::Kept,
                Err(other) => now = Returned(other),
            }
        }
    }

    /// Whether all of its pieces are free.
    ///
    /// # Safety
    /// The caller holds the page.
    pub(super) unsafe fn is_whole(self) -> bool {
        // SAFETY: held.
        let head = unsafe { self.head() };
        Returned(head.returned.load(Ordering::Acquire)).number() == head.pieces as usize
    }

    /// Takes all that has been given back, and says whether that is all that there is.
    ///
    /// # Safety
    /// The caller holds the page. Not any more, after this.
    pub(super) unsafe fn take(self) -> (Pieces, bool) {
        // SAFETY: held until the exchange.
        let head = unsafe { self.head() };
        let all = head.pieces as usize;
        // ORDERING: acquire, for the pieces; what it publishes is nothing.
        let returned = Returned(head.returned.swap(Returned::NONE.0, Ordering::Acquire));
        let pieces = Pieces { first: self.0.wrapping_add(returned.latest()), number: returned.number() };
        (pieces, returned.number() == all)
    }

    /// # Safety
    /// The caller holds the page, all of its pieces are free, and it is not used again.
    pub(super) unsafe fn free(self) {
        #[cfg(loom)]
        {
            // SAFETY: it is freed below.
            unsafe { self.head() }.life.with_mut(|_| ());
            FREED.with_borrow_mut(|freed| freed.push(self));
        }
        #[cfg(not(loom))]
        // SAFETY: passed on to the caller.
        unsafe {
            self.give_back();
        }
    }

    /// # Safety
    /// As [`free`](Self::free).
    unsafe fn give_back(self) {
        // SAFETY: allocated with this layout in `cut`; nobody else can come to it.
        unsafe {
            ptr::drop_in_place(self.header());
            dealloc(self.0, PAGE_LAYOUT);
        }
    }
}

#[cfg(loom)]
thread_local! {
    /// Pages that an execution of loom has freed. They stay to its end, so that a look at one of them can be noticed.
    static FREED: std::cell::RefCell<Vec<Page>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// At the end of an execution. Returns how many pages have been freed in it.
#[cfg(loom)]
pub(crate) fn bury() -> usize {
    let freed = FREED.take();
    // SAFETY: freed, and each once, for `head` would have complained.
    freed.iter().for_each(|page| unsafe { page.give_back() });
    freed.len()
}

/// As many pieces of a page as it is worth taking for: what is free in pages with less than that is not used until it
/// is more.
fn worth_taking(pieces: usize) -> usize {
    (pieces / 8).max(1)
}
