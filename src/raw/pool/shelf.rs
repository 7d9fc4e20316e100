//! All pages of one size of pieces.
//!
//! Each has a number, and each number a bit: set if the page may be taken. Whoever clears the bit *holds* the page,
//! and is the only one who does:
//!
//! 1. A thread that needs pieces holds a page and takes what has been given back to it; or makes a page, if the number
//!    has none. From then on the page is its pieces, wherever they are.
//! 2. Pieces are pushed to their page. Whoever makes them so many that the page is worth taking sets the bit, once: the
//!    word of the page says that this has been done (or is about to be) until the pieces are taken, and nobody takes
//!    them without the bit.
//! 3. Whoever pushes the last piece tries to hold the page, to free it. Who succeeds is alone with it: all pieces are
//!    in it, nobody else holds it, and whoever set the bit is through with it. Who does not leaves it to the one who
//!    holds it and will take all pieces; or it stays for the next who wants pieces, or for [`Shelf::tidy`], because
//!    that was looking at it, or because whoever sets the bit has not done so yet.
//!
//! Where to look for a free number the *hint* says: none is in a lower word, but for a moment. Whoever sets a bit lowers
//! the hint to its word afterwards, and whoever raises the hint looks once more at the words that it has passed. All
//! that change it do so by one read-modify-write: either the raising comes first, and the lowering undoes it, or it
//! comes second, and the bit is seen.
//!
//! A page that is not held, and of which one has no piece, is not looked at: it may be gone.

use std::ptr;

use super::page::{Page, Pieces, Return};
use crate::raw::guards::{Guarded, without};
use crate::reclaim::{Garbage, Guard};
use crate::sync::{AtomicIsize, AtomicPtr, AtomicU64, Ordering};

/// Pages of a word of bits. Few where each access is a step of a test.
const WORD: usize = if cfg!(loom) {
    2
} else if cfg!(loxley_hooks) {
    8
} else {
    64
};
const ALL: u64 = u64::MAX >> (64 - WORD);

/// Segment s has the numbers of `1 << s` words. So many are for more pages than there is memory.
const SEGMENTS: usize = 24;

/// Pages of free pieces only that are kept for what comes next.
const KEPT_PAGES: isize = if cfg!(loom) { 0 } else { 16 };

/// The bits and the pages of some numbers: eight bytes and a bit for each.
///
/// Freed by [`Shelf::tidy`] when it has no pages and all of its numbers are free. That cannot happen to the segment
/// of a page that somebody has a piece of. Who looks for numbers, or at that of a page that may be gone, has a guard
/// meanwhile, and so finds the segment or none.
struct Segment {
    free: Box<[AtomicU64]>,
    pages: Box<[AtomicPtr<u8>]>,
}

impl Segment {
    /// Without pages, and so with all numbers free.
    fn new(words: usize) -> Box<Self> {
        Box::new(Self {
            free: (0..words).map(|_| AtomicU64::new(ALL)).collect(),
            pages: (0..words * WORD).map(|_| AtomicPtr::new(ptr::null_mut())).collect(),
        })
    }

    /// Holds all numbers, if all are free and none has a page; else none.
    fn hold_all(&self) -> bool {
        for (i, word) in self.free.iter().enumerate() {
            // ORDERING: as in `Word::hold`.
            let held = word.compare_exchange(ALL, 0, Ordering::Acquire, Ordering::Relaxed).is_ok();
            let pages = &self.pages[i * WORD..][..WORD];
            if !held || !pages.iter().all(|page| page.load(Ordering::Relaxed).is_null()) {
                let all = &self.free[..i + usize::from(held)];
                // ORDERING: relaxed, for we have written nothing; what others have released they have with this as well.
                all.iter().for_each(|word| _ = word.fetch_or(ALL, Ordering::Relaxed));
                return false;
            }
        }
        true
    }
}

pub(crate) struct Shelf {
    /// Bytes of a piece.
    size: usize,
    segments: [AtomicPtr<Segment>; SEGMENTS],
    /// The first word that is likely to have a free number.
    hint: AtomicU64,
    /// Listed pages of free pieces only; for a moment, some more or less.
    whole: AtomicIsize,
}

/// A word of bits, and the pages of its numbers.
#[derive(Clone, Copy)]
struct Word<'s> {
    free: &'s AtomicU64,
    pages: &'s [AtomicPtr<u8>],
}

impl Shelf {
    /// For pieces of `size` bytes: a multiple of 8, of which a page has two at least.
    #[cfg(not(loom))]
    pub(crate) const fn new(size: usize) -> Self {
        Self {
            size,
            segments: [const { AtomicPtr::new(ptr::null_mut()) }; SEGMENTS],
            hint: AtomicU64::new(0),
            whole: AtomicIsize::new(0),
        }
    }

    #[cfg(loom)]
    pub(crate) fn new(size: usize) -> Self {
        Self {
            size,
            segments: std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
            hint: AtomicU64::new(0),
            whole: AtomicIsize::new(0),
        }
    }

    /// Some free pieces. None if there is no memory.
    pub(crate) fn take(&self) -> Option<Pieces> {
        let guard = Guard::quiet();
        // ORDERING: relaxed; where to begin decides nothing.
        let first = self.hint.load(Ordering::Relaxed) as usize;
        let mut index = first;
        loop {
            let word = self.word(index, true, &guard)?;
            // ORDERING: relaxed; it is asked again by `hold`.
            while let Some(bit) = lowest(word.free.load(Ordering::Relaxed)) {
                if word.hold(bit) {
                    if index != first {
                        self.raise(first, index, &guard);
                    }
                    return self.take_held(word, bit, index * WORD + bit);
                }
            }
            index += 1;
        }
    }

    /// The pieces of the number that this thread holds.
    fn take_held(&self, word: Word<'_>, bit: usize, number: usize) -> Option<Pieces> {
        let Some(page) = word.page(bit) else {
            let Some((page, pieces)) = Page::cut(self.size, number as u32) else {
                self.release(word, number);
                return None;
            };
            // ORDERING: relaxed; whoever holds the number next comes after some thread that had a piece of the page.
            word.pages[bit].store(page.as_ptr(), Ordering::Relaxed);
            return Some(pieces);
        };
        // SAFETY: we hold it.
        let (pieces, whole) = unsafe { page.take() };
        if whole {
            self.whole.fetch_add(-1, Ordering::Relaxed);
        }
        Some(pieces)
    }

    /// Gives a piece back.
    ///
    /// # Safety
    /// It came from this shelf, and nobody uses it.
    pub(crate) unsafe fn give(&self, piece: *mut u8) {
        // SAFETY: the page is not freed as long as we have a piece of it.
        let (page, number) = unsafe {
            let page = Page::of(piece);
            (page, page.number())
        };
        // SAFETY: its page, and given up by the caller.
        match unsafe { page.push(piece) } {
            Return::Kept => {}
            Return::Listed => {
                // SAFETY: nobody can hold all numbers of its segment, to free it, before we release this one.
                if let Some(word) = unsafe { self.existing_word(number / WORD) } {
                    // From here on the page may be gone.
                    self.release(word, number);
                }
            }
            Return::Whole => {
                // ORDERING: relaxed; a few more or less.
                if self.whole.fetch_add(1, Ordering::Relaxed) >= KEPT_PAGES {
                    self.free_if_whole(number, &Guard::quiet());
                }
            }
        }
    }

    /// Lets others hold a number.
    fn release(&self, word: Word<'_>, number: usize) {
        word.release(number % WORD);
        self.lower(number / WORD);
    }

    /// Lowers the hint to a word of which a number has been released. Always a read-modify-write, see the module's
    /// documentation.
    fn lower(&self, index: usize) {
        // ORDERING: release, for the number's bit.
        self.hint.fetch_min(index as u64, Ordering::Release);
    }

    /// Raises the hint from `first` to `index`, unless somebody has changed it.
    fn raise(&self, first: usize, index: usize, guard: &Guard) {
        // ORDERING: acquire, for the bits of those who have lowered it before.
        if self.hint.compare_exchange(first as u64, index as u64, Ordering::Acquire, Ordering::Relaxed).is_err() {
            return;
        }
        let is_free = |index: &usize| {
            self.word(*index, false, guard).is_none_or(|word| word.free.load(Ordering::Relaxed) != 0)
        };
        if let Some(index) = (first..index).find(is_free) {
            self.lower(index);
        }
    }

    /// Gives all pages of free pieces only back to the allocator, and segments without pages, unless somebody else
    /// holds them.
    pub(crate) fn tidy(&self) {
        let guard = Guard::quiet();
        self.free_whole_pages(&guard);
        self.segments.iter().rev().for_each(|place| free_if_vacant(place, &guard));
        // Many numbers have been held meanwhile, and are free, in segments or in none.
        self.lower(0);
    }

    /// Looks at all pages only if there are such.
    fn free_whole_pages(&self, guard: &Guard) {
        for (s, place) in self.segments.iter().enumerate() {
            let Some(segment) = segment(place, guard) else { continue };
            for (i, free) in segment.free.iter().enumerate() {
                // ORDERING: relaxed; whoever makes a page whole meanwhile does so after us.
                if self.whole.load(Ordering::Relaxed) <= 0 {
                    return;
                }
                let (mut free, index) = (free.load(Ordering::Relaxed), (1 << s) - 1 + i);
                while let Some(bit) = lowest(free) {
                    free &= !(1 << bit);
                    // Nobody who wants a page shall find the number held for nothing.
                    if !segment.pages[i * WORD + bit].load(Ordering::Relaxed).is_null() {
                        self.free_if_whole(index * WORD + bit, guard);
                    }
                }
            }
        }
    }

    fn free_if_whole(&self, number: usize, guard: &Guard) {
        let (Some(word), bit) = (self.word(number / WORD, false, guard), number % WORD) else { return };
        if !word.hold(bit) && !without(Guarded::pool_hold) {
            return;
        }
        // SAFETY: we hold it.
        if let Some(page) = word.page(bit).filter(|page| unsafe { page.is_whole() }) {
            // SAFETY: held, and all pieces are in it.
            unsafe { word.free(bit, page) };
            self.whole.fetch_add(-1, Ordering::Relaxed);
        }
        self.release(word, number);
    }

    /// Frees a page. Nobody holds its number, for whoever did has taken the pieces, and nobody will: it is listed when the
    /// first of them comes back.
    ///
    /// # Safety
    /// The caller has all pieces of it, and does not use them any more.
    pub(super) unsafe fn free_taken(&self, page: Page) {
        // SAFETY: all pieces are ours, so nobody else looks at the page, or can hold all numbers of its segment, to free
        // that, before we release this one.
        unsafe {
            let number = page.number();
            let Some(word) = self.existing_word(number / WORD) else { return };
            word.free(number % WORD, page);
            self.release(word, number);
        }
    }

    #[cfg(all(test, not(any(loom, shuttle))))]
    pub(super) fn pages(&self) -> usize {
        let guard = Guard::quiet();
        let segments = self.segments.iter().filter_map(|place| segment(place, &guard));
        segments.flat_map(|segment| &segment.pages).filter(|page| !page.load(Ordering::Relaxed).is_null()).count()
    }

    /// The word of that index, if there is one, or if it shall be made.
    fn word<'g>(&'g self, index: usize, make: bool, _: &'g Guard) -> Option<Word<'g>> {
        loop {
            // SAFETY: a segment is freed when the guards are gone that were there when it was unlinked.
            if let Some(word) = unsafe { self.existing_word(index) } {
                return Some(word);
            }
            let s = segment_of(index);
            let place = self.segments.get(s)?;
            if !make {
                return None;
            }
            let new = Box::into_raw(Segment::new(1 << s));
            // ORDERING: release, for the segment; acquire is for nothing, for in its place was null.
            if place.compare_exchange(ptr::null_mut(), new, Ordering::Release, Ordering::Relaxed).is_err() {
                // SAFETY: made above, and nobody has seen it.
                drop(unsafe { Box::from_raw(new) });
            }
        }
    }

    /// The word of that index, if there is one.
    ///
    /// # Safety
    /// Its segment is not freed as long as the word is used.
    unsafe fn existing_word(&self, index: usize) -> Option<Word<'_>> {
        let s = segment_of(index);
        // SAFETY: null, or a segment that is not freed, as the caller says.
        let segment = unsafe { self.segments.get(s)?.load(Ordering::Acquire).as_ref() }?;
        let word = index + 1 - (1 << s);
        Some(Word { free: &segment.free[word], pages: &segment.pages[word * WORD..][..WORD] })
    }
}

/// The segment of the word of that index.
fn segment_of(index: usize) -> usize {
    (index + 1).ilog2() as usize
}

fn segment<'g>(place: &AtomicPtr<Segment>, _: &'g Guard) -> Option<&'g Segment> {
    // SAFETY: null, or made by Box::into_raw and freed when the guards are gone that were there when it was unlinked.
    unsafe { place.load(Ordering::Acquire).as_ref() }
}

/// Frees a segment without pages, if all of its numbers can be held.
fn free_if_vacant(place: &AtomicPtr<Segment>, guard: &Guard) {
    // Loaded once: when this one is gone, there may be another in its place.
    let found = place.load(Ordering::Acquire);
    // SAFETY: as in `segment`.
    let Some(segment) = unsafe { found.as_ref() }.filter(|segment| segment.hold_all()) else { return };
    let bytes = size_of_val(&*segment.free) + size_of_val(&*segment.pages);
    // ORDERING: relaxed, for who sees null looks at nothing. Whoever holds all numbers is alone in doing this, and nobody
    // lets go of them any more.
    place.store(ptr::null_mut(), Ordering::Relaxed);
    // SAFETY: made by Box::into_raw, and unlinked, once; who still looks at it has a guard from before.
    unsafe { guard.retire(Garbage::boxed(found, bytes)) };
}

impl Word<'_> {
    /// Whether the number was free, and is this thread's now.
    fn hold(self, bit: usize) -> bool {
        // ORDERING: acquire, for the page of it; what it publishes is nothing.
        self.free.fetch_and(!(1 << bit), Ordering::Acquire) & 1 << bit != 0
    }

    /// Lets others hold the number.
    fn release(self, bit: usize) {
        self.free.fetch_or(1 << bit, Ordering::Release);
    }

    /// Frees the page of a number.
    ///
    /// # Safety
    /// As [`Page::free`]. Nobody else can hold the number before it is released.
    unsafe fn free(self, bit: usize, page: Page) {
        // ORDERING: relaxed; whoever holds the number next comes after it is released.
        self.pages[bit].store(ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: passed on to the caller.
        unsafe { page.free() };
    }

    /// The page of a number that this thread holds.
    fn page(self, bit: usize) -> Option<Page> {
        let page = self.pages[bit].load(Ordering::Relaxed);
        // SAFETY: stored by `take_held`; who frees a page stores null before others may hold it.
        (!page.is_null()).then(|| unsafe { Page::from_ptr(page) })
    }
}

/// The place of the lowest bit that is set.
fn lowest(bits: u64) -> Option<usize> {
    (bits != 0).then(|| bits.trailing_zeros() as usize)
}

/// For tests: those that maps use are never dropped. All pieces have been given back.
impl Drop for Shelf {
    fn drop(&mut self) {
        self.tidy();
        for segment in &self.segments {
            // ORDERING: relaxed; exclusively borrowed.
            let segment = segment.load(Ordering::Relaxed);
            if !segment.is_null() {
                // SAFETY: made by Box::into_raw; nobody else uses the shelf.
                drop(unsafe { Box::from_raw(segment) });
            }
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::mpsc;
    use std::thread;

    use super::*;
    use crate::raw::pool::page::PAGE;

    fn all_of(mut pieces: Pieces) -> Vec<*mut u8> {
        std::iter::from_fn(|| pieces.pop()).collect()
    }

    #[test]
    fn pieces_are_apart_and_come_back() {
        let (number, sizes) =
            if cfg!(miri) { (3, &[16, 1024][..]) } else { (70, &[8, 16, 24, 40, 72, 128, 1024][..]) };
        for &size in sizes {
            let shelf = Shelf::new(size);
            let pieces: Vec<_> = (0..number).flat_map(|_| all_of(shelf.take().unwrap())).collect();
            assert_eq!(shelf.pages(), number);
            let addresses: BTreeSet<_> = pieces.iter().map(|piece| piece.addr()).collect();
            assert_eq!(addresses.len(), pieces.len());
            assert!(addresses.iter().zip(addresses.iter().skip(1)).all(|(a, b)| a + size <= *b));
            assert!(addresses.iter().all(|address| address % 8 == 0));
            // A header takes one piece's room at most, or two that it lies across; two words are the allocator's.
            assert!(pieces.len() >= number * ((PAGE - 16) / size - 2), "{} pieces of {size} bytes", pieces.len());
            // SAFETY: taken above, and not used; to the end of them.
            pieces.iter().for_each(|piece| unsafe { piece.write_bytes(0xA5, size) });
            // SAFETY: likewise, and each once.
            pieces.into_iter().for_each(|piece| unsafe { shelf.give(piece) });
            assert!(shelf.pages() as isize <= KEPT_PAGES);
            shelf.tidy();
            assert_eq!(shelf.pages(), 0, "all are free");
        }
    }

    #[test]
    fn what_comes_back_is_taken_again() {
        let shelf = Shelf::new(64);
        let pieces = all_of(shelf.take().unwrap());
        let (back, kept) = pieces.split_at(pieces.len() / 2);
        // SAFETY: taken above, and each given once.
        back.iter().for_each(|piece| unsafe { shelf.give(*piece) });
        let again = all_of(shelf.take().unwrap());
        assert_eq!(BTreeSet::from_iter(&again), BTreeSet::from_iter(back));
        assert_eq!(shelf.pages(), 1);
        // SAFETY: as above.
        again.iter().chain(kept).for_each(|piece| unsafe { shelf.give(*piece) });
    }

    #[test]
    fn a_page_is_taken_when_enough_of_it_is_free() {
        let shelf = Shelf::new(64);
        let pieces = all_of(shelf.take().unwrap());
        let (back, kept) = pieces.split_at(pieces.len() / 8);
        // SAFETY: taken above, and each given once; to the end of the test.
        back[1..].iter().for_each(|piece| unsafe { shelf.give(*piece) });
        let other = all_of(shelf.take().unwrap());
        assert_eq!(shelf.pages(), 2, "the first has too few");
        // SAFETY: as above.
        unsafe { shelf.give(back[0]) };
        let again = all_of(shelf.take().unwrap());
        assert_eq!(BTreeSet::from_iter(&again), BTreeSet::from_iter(back));
        assert_eq!(shelf.pages(), 2);
        // SAFETY: as above.
        again.iter().chain(kept).chain(&other).for_each(|piece| unsafe { shelf.give(*piece) });
    }

    #[test]
    fn some_whole_pages_are_kept() {
        let shelf = Shelf::new(1024);
        let whole = || shelf.whole.load(Ordering::Relaxed);
        for _ in 0..3 {
            let pages: Vec<_> = (0..KEPT_PAGES + 4).map(|_| all_of(shelf.take().unwrap())).collect();
            assert_eq!(whole(), 0);
            // SAFETY: taken above, and each given once.
            pages.iter().flatten().for_each(|piece| unsafe { shelf.give(*piece) });
            assert_eq!((whole(), shelf.pages() as isize), (KEPT_PAGES, KEPT_PAGES));
        }
        shelf.tidy();
        assert_eq!((whole(), shelf.pages()), (0, 0));
    }

    #[test]
    fn the_hint_is_the_first_word_with_a_free_number() {
        let shelf = Shelf::new(1024);
        let hint = || shelf.hint.load(Ordering::Relaxed);
        let mut pieces: Vec<_> = (0..3 * WORD).flat_map(|_| all_of(shelf.take().unwrap())).collect();
        let of_word_1 = pieces.swap_remove(pieces.len() / 2);
        pieces.extend(all_of(shelf.take().unwrap()));
        assert_eq!(hint(), 3);
        // SAFETY: taken above, and each given once; to the end of the test.
        unsafe { shelf.give(of_word_1) };
        assert_eq!(hint(), 1);
        let again = all_of(shelf.take().unwrap());
        assert_eq!(again, [of_word_1]);
        pieces.extend(again);
        pieces.extend(all_of(shelf.take().unwrap()));
        assert_eq!((hint(), shelf.pages()), (3, 3 * WORD + 2));
        // SAFETY: as above.
        pieces.into_iter().for_each(|piece| unsafe { shelf.give(piece) });
    }

    #[test]
    fn segments_without_pages_are_freed_and_no_others() {
        let shelf = Shelf::new(1024);
        let segments = || shelf.segments.iter().filter(|place| !place.load(Ordering::Relaxed).is_null()).count();
        let mut pages: Vec<_> = (0..3 * WORD).map(|_| all_of(shelf.take().unwrap())).collect();
        assert_eq!(segments(), 2);
        // Of the second word of the second segment.
        let last_piece = pages.last_mut().unwrap().pop().unwrap();
        // SAFETY: all of a page, taken above and not used.
        unsafe { shelf.free_taken(Page::of(pages.swap_remove(WORD)[0])) };
        assert_eq!(shelf.pages(), 3 * WORD - 1);
        // SAFETY: taken above, and each given once; to the end of the test.
        pages.iter().flatten().for_each(|piece| unsafe { shelf.give(*piece) });
        shelf.tidy();
        assert_eq!((segments(), shelf.pages()), (1, 1));
        // SAFETY: as above.
        unsafe { shelf.give(last_piece) };
        shelf.tidy();
        assert_eq!((segments(), shelf.pages()), (0, 0));
    }

    /// Threads take pieces, write to them, and have others give them back.
    #[test]
    fn nobody_writes_to_anothers_piece() {
        let (threads, rounds) = if cfg!(miri) { (2, 5) } else { (4, 2_000) };
        let shelf = Shelf::new(256);
        thread::scope(|scope| {
            // What is given back to the allocator meanwhile, nobody may look at.
            scope.spawn(|| (0..rounds).for_each(|_| shelf.tidy()));
            let channels = (0..threads).map(|_| mpsc::sync_channel::<(usize, usize)>(64));
            let (mut senders, mut receivers): (Vec<_>, Vec<_>) = channels.unzip();
            receivers.rotate_right(1);
            for thread in 0..threads {
                let (sender, receiver, shelf) = (senders.remove(0), receivers.remove(0), &shelf);
                scope.spawn(move || {
                    let give = |(piece, mark): (usize, usize)| {
                        let piece = ptr::with_exposed_provenance_mut::<u8>(piece);
                        // SAFETY: taken by somebody, who sent it to us, and nobody else.
                        unsafe {
                            assert_eq!(piece.add(8).cast::<usize>().read(), mark);
                            shelf.give(piece);
                        }
                    };
                    for round in 0..rounds {
                        for piece in all_of(shelf.take().unwrap()) {
                            let mark = round * threads + thread;
                            // SAFETY: just taken; 256 bytes.
                            unsafe { piece.add(8).cast::<usize>().write(mark) };
                            // A neighbour that has ended, or is slow: it is ours then.
                            if let Err(mpsc::TrySendError::Full(item) | mpsc::TrySendError::Disconnected(item)) =
                                sender.try_send((piece.expose_provenance(), mark))
                            {
                                give(item);
                            }
                            receiver.try_iter().take(3).for_each(give);
                        }
                    }
                    drop(sender);
                    receiver.iter().for_each(give);
                });
            }
        });
        shelf.tidy();
        assert_eq!(shelf.pages(), 0);
    }

    /// So segments are freed while others look for numbers in them, which is for a sanitizer to notice.
    #[test]
    fn segments_come_and_go() {
        let rounds = if cfg!(miri) { 5 } else { 5_000 };
        let shelf = Shelf::new(1024);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..rounds {
                        for piece in all_of(shelf.take().unwrap()) {
                            // SAFETY: just taken.
                            unsafe { shelf.give(piece) };
                        }
                        shelf.tidy();
                    }
                });
            }
        });
        shelf.tidy();
        assert_eq!(shelf.pages(), 0);
    }
}
