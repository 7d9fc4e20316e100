//! What each thread keeps for all maps: its number, and a supply of stamps for tombstones. And what the process keeps: the
//! number of processors.

use std::cell::Cell;
// Not through `crate::sync`: the values of stamps and thread numbers decide nothing that a model could get wrong, and
// loom has no statics. (So a shuttle schedule repeats but for these values.)
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Stamps are handed to threads in blocks, so that the shared counter is touched once in a million tombstones.
const BLOCK: u64 = 1 << 20;
const STAMP_MASK: u64 = (1 << 60) - 1;

static NEXT_BLOCK: AtomicU64 = AtomicU64::new(0);
static NEXT_THREAD: AtomicUsize = AtomicUsize::new(0);
/// 0: not asked for yet.
static PROCESSORS: AtomicUsize = AtomicUsize::new(0);

const UNNUMBERED: usize = usize::MAX;

thread_local! {
    static STAMP: Cell<u64> = const { Cell::new(0) };
    static THREAD: Cell<usize> = const { Cell::new(UNNUMBERED) };
}

/// A number of 60 bits that no other call has returned (within the first 2^60 calls).
#[inline]
pub(crate) fn stamp() -> u64 {
    STAMP.with(|stamp| {
        let mut n = stamp.get();
        if n % BLOCK == 0 {
            // ORDERING: relaxed; only the atomicity of the addition is needed for blocks to be distinct.
            n = NEXT_BLOCK.fetch_add(1, Ordering::Relaxed).wrapping_mul(BLOCK) & STAMP_MASK;
        }
        stamp.set(n + 1);
        n
    })
}

/// All blocks of stamps but the last two have been handed out.
#[cfg(all(loxley_hooks, not(any(loom, shuttle))))]
pub(super) fn wind_up_blocks() {
    NEXT_BLOCK.store((STAMP_MASK + 1) / BLOCK - 2, Ordering::Relaxed);
}

/// Of the n-th block from the end, this thread has only a few stamps left.
#[cfg(all(loxley_hooks, not(any(loom, shuttle))))]
pub(super) fn wind_up_thread(n: u64) {
    STAMP.set(STAMP_MASK + 1 - n * BLOCK - 8);
}

/// A small number of this thread, to spread threads over counters.
#[inline]
pub(crate) fn thread_number() -> usize {
    match THREAD.get() {
        UNNUMBERED => number_thread(),
        number => number,
    }
}

#[cold]
fn number_thread() -> usize {
    // ORDERING: relaxed, as above.
    let number = NEXT_THREAD.fetch_add(1, Ordering::Relaxed);
    THREAD.set(number);
    number
}

/// The processors that this process may use, as of the first call: to ask the system takes as long as some thousand insertions.
pub(crate) fn processors() -> usize {
    // ORDERING: relaxed; the number is all there is. Two threads may both ask.
    match PROCESSORS.load(Ordering::Relaxed) {
        0 => {
            let number = std::thread::available_parallelism().map_or(1, |n| n.get());
            PROCESSORS.store(number, Ordering::Relaxed);
            number
        }
        number => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_unique_across_threads() {
        let stamps = || (0..1000).map(|_| stamp()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(stamps)).collect();
        let mut all: Vec<_> = threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 4000);
    }

    /// What comes after a thread's block is another's.
    #[test]
    fn the_end_of_a_block() {
        let last = stamp() | (BLOCK - 1);
        std::thread::spawn(stamp).join().unwrap();
        STAMP.set(last);
        let handed_out = NEXT_BLOCK.load(Ordering::Relaxed);
        assert_eq!(stamp(), last);
        assert!(stamp() / BLOCK >= handed_out);
    }
}
