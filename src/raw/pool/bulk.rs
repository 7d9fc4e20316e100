//! Many pieces that are given back at once: those of a map that ends.
//!
//! A page all of whose pieces are among them is freed as it is: nobody else is with it, and neither its pieces nor its
//! header are written to. To know these pages, all pieces are noted first, a bit for each. Pages are told apart by their
//! addresses: a look at each piece's page would be a cache miss, and one of the address translation.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::page::{PAGE, Page, STEP};
use super::shelf::Shelf;

/// Pieces of a page.
struct Noted {
    page: Page,
    /// A bit for each place where there may be a piece.
    bits: [u64; PAGE / STEP / 64],
}

impl Noted {
    fn none(page: Page) -> Self {
        Self { page, bits: [0; PAGE / STEP / 64] }
    }

    #[inline]
    fn note(&mut self, offset: usize) {
        let bit = offset / STEP;
        self.bits[bit / 64] |= 1 << (bit % 64);
    }

    fn number(&self) -> usize {
        self.bits.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    fn pieces(&self) -> impl Iterator<Item = *mut u8> {
        let offsets = (0..PAGE / STEP).filter(|bit| self.bits[bit / 64] >> (bit % 64) & 1 != 0);
        offsets.map(|bit| self.page.as_ptr().wrapping_add(bit * STEP))
    }
}

/// Gives pieces back when it is dropped.
pub(crate) struct Bulk<'s> {
    shelf: &'s Shelf,
    noted: Vec<Noted>,
    /// Which of them is that of the page of an address.
    indexes: HashMap<usize, usize, BuildHasherDefault<PageHasher>>,
}

impl<'s> Bulk<'s> {
    pub(crate) fn new(shelf: &'s Shelf) -> Self {
        Self { shelf, noted: Vec::new(), indexes: HashMap::default() }
    }

    /// # Safety
    /// `piece` is one of the shelf's, which nobody uses, and is given back once.
    #[inline]
    pub(crate) unsafe fn give(&mut self, piece: *mut u8) {
        // SAFETY: a piece of a page.
        let page = unsafe { Page::of(piece) };
        let address = page.as_ptr().addr();
        let offset = piece.addr() - address;
        if let Some(&index) = self.indexes.get(&address) {
            self.noted[index].note(offset);
        } else if self.noted.try_reserve(1).is_ok() && self.indexes.try_reserve(1).is_ok() {
            let mut noted = Noted::none(page);
            noted.note(offset);
            self.indexes.insert(address, self.noted.len());
            self.noted.push(noted);
        } else {
            // No memory to note it in.
            // SAFETY: as the caller says.
            unsafe { self.shelf.give(piece) };
        }
    }
}

impl Drop for Bulk<'_> {
    fn drop(&mut self) {
        for noted in &self.noted {
            // SAFETY: the pieces that have been noted are ours, so their page is not freed.
            if noted.number() == unsafe { noted.page.pieces() } {
                // SAFETY: all of its pieces are ours, and nobody uses them.
                unsafe { self.shelf.free_taken(noted.page) };
            } else {
                // SAFETY: as the caller of `Bulk::give` said.
                noted.pieces().for_each(|piece| unsafe { self.shelf.give(piece) });
            }
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
        // SAFETY: taken above, each given back once.
        unsafe {
            pages.iter().flatten().for_each(|piece| bulk.give(*piece));
        }
        assert_eq!(shelf.pages(), 20);
        drop(bulk);
        assert_eq!(shelf.pages(), 10);
        // SAFETY: as above.
        kept.iter().for_each(|piece| unsafe { shelf.give(*piece) });
        shelf.tidy();
        assert_eq!(shelf.pages(), 0);
    }
}
