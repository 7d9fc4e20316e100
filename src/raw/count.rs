//! The number of entries: one counter while the map is small, one cache line for each processor when it is not.
//!
//! An insertion counts its entry *before* it publishes it, and takes the count back if it comes to nothing: see
//! [`Counter::sum`] for what that is good for.
//!
//! The cells come when a table gets large ([`Counter::spread`]) and go when it shrinks ([`Counter::gather`]). A cell that is
//! taken out of use is closed by its lowest bit: an addition that finds it closed did not count and is repeated on the
//! common counter. A sum in between may only be too large: so a positive cell is added to the common counter *before* it
//! is closed and a negative one *after*, and a sum in which an open cell was closed meanwhile is made anew.

use std::ptr;

use super::guards::{Guarded, without};
use super::local;
use crate::reclaim::{Garbage, Guard};
use crate::sync::{AtomicIsize, AtomicPtr, Ordering};

/// The lowest bit of a cell: out of use. The other bits are the count.
const CLOSED: isize = 1;
const ONE: isize = 2;

/// ORDERING: all accesses are sequentially consistent, for one argument ([`sum`](Self::sum)). Some could be weaker, or must be what
/// they are for a reason that loom does not see; no test fails then:
/// * what an exchange that fails has loaded is not looked at;
/// * when `sum` looks for closed cells it has loaded the common counter, so it sees all closed whose negative count is in there;
/// * `gather` must acquire to look at the cells, and release, so that who finds them gone finds in the common counter what they
///   held. Loom does not watch the memory of the cells, and orders sequentially consistent accesses by their time.
pub(crate) struct Counter {
    common: AtomicIsize,
    cells: AtomicPtr<Cells>,
}

/// Two lines, for processors that prefetch lines in pairs.
#[repr(align(128))]
struct Cell(AtomicIsize);

struct Cells(Box<[Cell]>);

impl Cells {
    fn new() -> Self {
        Self((0..Counter::cells_when_spread()).map(|_| Cell(AtomicIsize::new(0))).collect())
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }

    #[inline]
    fn mine(&self) -> &AtomicIsize {
        &self.0[local::thread_number() & (self.0.len() - 1)].0
    }
}

impl Counter {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self { common: AtomicIsize::new(0), cells: AtomicPtr::new(ptr::null_mut()) }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self { common: AtomicIsize::new(0), cells: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Adds `n` and returns the counter's part that this thread now sees: a cell's count, or the common one.
    ///
    /// ORDERING: sequentially consistent, for the argument in [`sum`](Self::sum); a locked addition is a
    /// full fence on x86-64 anyway.
    #[inline]
    pub(crate) fn add(&self, n: isize, guard: &Guard) -> Part {
        if let Some(cells) = self.cells(guard) {
            let before = cells.mine().fetch_add(n * ONE, Ordering::SeqCst);
            if before & CLOSED == 0 || without(Guarded::count_closed) {
                return Part::Cell(before / ONE + n);
            }
        }
        Part::Common(self.common.fetch_add(n, Ordering::SeqCst) + n)
    }

    /// The number of entries; exact when nobody writes. O(processors).
    ///
    /// It adds up cells at different moments. So while others write it may also be too small: for an entry that is counted in
    /// a cell read already and removed through one read later. Who relies on the sum is safe from that:
    ///
    /// * Whoever decides the size of a smaller table adds up *after* that was announced. An insertion that is counted before
    ///   the announcement is in the sum. One that is counted later sees the announcement and does not enter before the
    ///   size is decided; so if it was removed again while we added up, another's decision was first, and ours is void.
    /// * Capacity rule: of the insertions that are under way in a table that is being filled, consider the one that was counted
    ///   last. Whoever its sum missed was counted later, against this choice: so its sum has all of them, and lets it in
    ///   only if they have room together.
    ///
    /// All of these accesses are sequentially consistent.
    pub(crate) fn sum(&self, guard: &Guard) -> usize {
        let Some(cells) = self.cells(guard) else {
            return usize::try_from(self.common.load(Ordering::SeqCst)).unwrap_or(0);
        };
        loop {
            let mut sum = 0;
            let mut open = 0;
            for Cell(cell) in &cells.0 {
                let value = cell.load(Ordering::SeqCst);
                if value & CLOSED == 0 {
                    sum += value / ONE;
                    open += 1;
                }
            }
            sum += self.common.load(Ordering::SeqCst);
            if without(Guarded::count_again) {
                return usize::try_from(sum).unwrap_or(0);
            }
            // Closed cells stay closed, so this ends.
            if open == cells.0.iter().filter(|Cell(cell)| cell.load(Ordering::SeqCst) & CLOSED == 0).count() {
                return usize::try_from(sum).unwrap_or(0);
            }
        }
    }

    /// One cell a processor, rounded up to a power of two.
    pub(crate) fn cells_when_spread() -> usize {
        if cfg!(any(loom, shuttle)) {
            return 2;
        }
        local::processors().next_power_of_two()
    }

    /// Gives each processor a cell of its own.
    pub(crate) fn spread(&self, guard: &Guard) {
        if self.cells(guard).is_some() {
            return;
        }
        let new = Box::into_raw(Box::new(Cells::new()));
        let null = ptr::null_mut();
        if self.cells.compare_exchange(null, new, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            // SAFETY: ours, and nobody else has seen it.
            drop(unsafe { Box::from_raw(new) });
        }
    }

    /// Back to the common counter alone.
    pub(crate) fn gather(&self, guard: &Guard) {
        let old = self.cells.load(Ordering::SeqCst);
        // SAFETY: null or made by `spread`; freed only after the guard is gone.
        let Some(cells) = (unsafe { old.as_ref() }) else { return };
        for Cell(cell) in &cells.0 {
            self.close(cell);
        }
        // Freed through the pointer that `spread` made, not through one made of the reference: that may only read.
        if self.cells.compare_exchange(old, ptr::null_mut(), Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            // SAFETY: unlinked by us alone; made by Box::into_raw in `spread`; freed when no guard can see it.
            unsafe { guard.retire(Garbage::boxed(old, cells.bytes())) };
        }
    }

    /// ORDERING: sequentially consistent like all of the counter, for one argument and not many; this is rare. What the sum
    /// needs is that the two words change in this order. Any one access may be weaker without that being lost, for the
    /// other word's keeps it, and so no loom test fails then.
    fn close(&self, cell: &AtomicIsize) {
        loop {
            let value = cell.load(Ordering::SeqCst);
            if value & CLOSED != 0 {
                return;
            }
            let first = if value > 0 { !without(Guarded::count_before) } else { without(Guarded::count_after) };
            let (before, after) = if first { (value / ONE, 0) } else { (0, value / ONE) };
            self.common.fetch_add(before, Ordering::SeqCst);
            if cell.compare_exchange(value, CLOSED, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                self.common.fetch_add(after, Ordering::SeqCst);
                return;
            }
            self.common.fetch_add(-before, Ordering::SeqCst);
        }
    }

    #[inline]
    fn cells<'g>(&self, _: &'g Guard) -> Option<&'g Cells> {
        // SAFETY: null or made by `spread`; freed only after the guard is gone.
        unsafe { self.cells.load(Ordering::SeqCst).as_ref() }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        let cells = self.cells.load(Ordering::Relaxed);
        if !cells.is_null() {
            // SAFETY: we are the only owner left.
            drop(unsafe { Box::from_raw(cells) });
        }
    }
}

/// Counts one for as long as it lives.
pub(crate) struct Counted<'g> {
    counter: &'g Counter,
    guard: &'g Guard,
}

impl<'g> Counted<'g> {
    pub(crate) fn new(counter: &'g Counter, guard: &'g Guard) -> Self {
        counter.add(1, guard);
        Self { counter, guard }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.counter.add(-1, self.guard);
    }
}

/// What an addition left in the part of the counter that it went to.
pub(crate) enum Part {
    /// A processor's cell: says nothing about the sum.
    Cell(isize),
    /// The common counter, which is the sum while there are no cells.
    Common(isize),
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn exact_through_spreading_and_gathering() {
        let (additions, rounds) = if cfg!(miri) { (40, 10) } else { (20_000, 300) };
        let counter = Counter::new();
        std::thread::scope(|s| {
            for _ in 0..3 {
                s.spawn(|| {
                    for i in 0..additions {
                        let guard = Guard::new();
                        counter.add(if i % 4 == 3 { -1 } else { 1 }, &guard);
                    }
                });
            }
            s.spawn(|| {
                for _ in 0..rounds {
                    let guard = Guard::new();
                    counter.spread(&guard);
                    std::thread::yield_now();
                    counter.gather(&guard);
                }
            });
        });
        let sum = 3 * additions as usize / 2;
        assert_eq!(counter.sum(&Guard::new()), sum);
        counter.gather(&Guard::new());
        assert_eq!(counter.sum(&Guard::new()), sum);
        // So that the cells are freed while a sanitizer watches.
        (0..8).for_each(|_| Guard::new().flush());
    }
}
