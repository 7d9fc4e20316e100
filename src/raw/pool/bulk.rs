//! Many pieces that are given back at once: those of a map that ends.
//!
//! A page all of whose pieces are among them is freed as it is: nobody else is with it, and neither its pieces nor its
//! header are written to. To know these pages the pieces are gone through twice, to be counted and to be given back; so
//! they are named by the caller, twice, and not listed here. Pages are told apart by their addresses: a look at each
//! piece's page would be a cache miss, and one of the address translation.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::page::{PAGE, Page};
use super::shelf::Shelf;

/// How many pieces of each page there are. The key is the page's address.
type Counts = HashMap<usize, (Page, usize), BuildHasherDefault<PageHasher>>;

/// Counts the pieces of each page.
pub(crate) struct Bulk<'s> {
    shelf: &'s Shelf,
    counts: Counts,
}

impl<'s> Bulk<'s> {
    pub(crate) fn new(shelf: &'s Shelf) -> Self {
        Self { shelf, counts: Counts::default() }
    }

    /// # Safety
    /// `piece` is one of the shelf's, the caller's to give back, and is counted once.
    #[inline]
    pub(crate) unsafe fn count(&mut self, piece: *mut u8) {
        // SAFETY: a piece of a page.
        let page = unsafe { Page::of(piece) };
        let address = page.as_ptr().addr();
        if let Some((_, count)) = self.counts.get_mut(&address) {
            *count += 1;
        } else if self.counts.try_reserve(1).is_ok() {
            self.counts.insert(address, (page, 1));
        }
        // Or there is no memory to count with: then the page will not be whole.
    }

    /// What has been counted is all.
    pub(crate) fn sort(mut self) -> Sorted<'s> {
        // SAFETY: pieces of it have been counted, and not given back.
        self.counts.retain(|_, (page, count)| *count == unsafe { page.pieces() });
        Sorted { shelf: self.shelf, whole: self.counts }
    }
}

/// Knows the pages of which all pieces have been counted, and frees them in the end.
pub(crate) struct Sorted<'s> {
    shelf: &'s Shelf,
    whole: Counts,
}

impl Sorted<'_> {
    /// Gives a piece back.
    ///
    /// # Safety
    /// It has been counted, nobody uses it, and it is given back once.
    #[inline]
    pub(crate) unsafe fn give(&self, piece: *mut u8) {
        // SAFETY: as the caller says.
        unsafe {
            if !self.whole.contains_key(&Page::of(piece).as_ptr().addr()) {
                self.shelf.give(piece);
            }
        }
    }
}

impl Drop for Sorted<'_> {
    fn drop(&mut self) {
        for (page, _) in self.whole.values() {
            // SAFETY: all of its pieces have been counted, and none given back.
            unsafe { self.shelf.free_taken(*page) };
        }
    }
}

/// For addresses of pages.
#[derive(Default)]
pub(crate) struct PageHasher(u64);

impl Hasher for PageHasher {
    fn write(&mut self, _: &[u8]) {
        unreachable!("addresses are hashed");
    }

    #[inline]
    fn write_usize(&mut self, address: usize) {
        // Times an odd number, near 2^64 by the golden ratio: pages that follow each other have places of their own, and
        // the upper bits of all differ.
        self.0 = (address as u64 / PAGE as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn whole_pages_are_freed_and_other_pieces_are_given_back() {
        let shelf = Shelf::new(64);
        let mut pages: Vec<Vec<_>> = (0..20)
            .map(|_| {
                let mut pieces = shelf.take().unwrap();
                std::iter::from_fn(|| pieces.pop()).collect()
            })
            .collect();
        let kept: Vec<_> = pages.iter_mut().step_by(2).map(|pieces| pieces.pop().unwrap()).collect();
        let mut bulk = Bulk::new(&shelf);
        // SAFETY: taken above, each counted and then given back once.
        unsafe {
            pages.iter().flatten().for_each(|piece| bulk.count(*piece));
            let sorted = bulk.sort();
            pages.iter().flatten().for_each(|piece| sorted.give(*piece));
            assert_eq!(sorted.whole.len(), 10);
        }
        assert_eq!(shelf.pages(), 10);
        // SAFETY: as above.
        kept.iter().for_each(|piece| unsafe { shelf.give(*piece) });
        shelf.tidy();
        assert_eq!(shelf.pages(), 0);
    }
}
