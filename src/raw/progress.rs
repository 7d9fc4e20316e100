//! Which groups of a table are migrated: an idempotent bit each, in a 64-ary tree.
//!
//! "Are all N groups migrated?" must be no operation's scan of N words, and a counter cannot answer it: a thread may
//! stall between migrating a group and counting it, for ever, and nobody could count for it. A bit can be set again by
//! anyone who finds the group migrated. A bit of an inner word says that all 64 bits of a word below are set; whoever
//! finds the word full sets it, again.

use super::guards::{Guarded, without};
use crate::sync::{AtomicU64, Ordering};

/// Words before the leaves of a tree of more than one word: a cache line of its own for the cursor.
const CURSOR_WORDS: usize = 8;

/// Six bits a level.
const MAX_LEVELS: usize = 11;

/// Words that the tree of `1 << log2` groups takes outside the table's header, which has room for one.
pub(super) fn tail_words(log2: u32) -> usize {
    if log2 <= 6 { 0 } else { CURSOR_WORDS + levels(log2).map(|(_, words)| words).sum::<usize>() }
}

/// Offset and length of each level, leaves first; the last has one word.
fn levels(log2: u32) -> impl Iterator<Item = (usize, usize)> {
    let mut log2 = Some(log2);
    let mut offset = 0;
    std::iter::from_fn(move || {
        let bits = log2?;
        let words = 1 << bits.saturating_sub(6);
        log2 = (bits > 6).then(|| bits - 6);
        offset += words;
        Some((offset - words, words))
    })
}

/// A view of the progress words of a migration.
#[derive(Clone, Copy)]
pub(super) struct Progress<'t> {
    log2: u32,
    /// None where the tree is one word: there is nothing to spread over.
    cursor: Option<&'t AtomicU64>,
    tree: &'t [AtomicU64],
}

impl<'t> Progress<'t> {
    /// `single` is used for up to 64 groups, `tail` (of [`tail_words`]) for more.
    pub(super) fn new(log2: u32, single: &'t AtomicU64, tail: &'t [AtomicU64]) -> Self {
        debug_assert_eq!(tail.len(), tail_words(log2));
        if tail.is_empty() {
            Self { log2, cursor: None, tree: std::slice::from_ref(single) }
        } else {
            Self { log2, cursor: Some(&tail[0]), tree: &tail[CURSOR_WORDS..] }
        }
    }

    pub(super) fn groups(self) -> usize {
        1 << self.log2
    }

    /// Groups that nobody has been given yet, up to `count` of them and all in one word of the tree; a hint that keeps
    /// threads apart. None when all have been given out: then [`next_unmarked`](Self::next_unmarked) has the rest.
    pub(super) fn claim(self, count: usize) -> Option<std::ops::Range<usize>> {
        debug_assert!(count.is_power_of_two() && count <= 64);
        // ORDERING: relaxed; a hint. The load keeps the cursor from running away when many threads look.
        let cursor = self.cursor.filter(|c| c.load(Ordering::Relaxed) < self.groups() as u64)?;
        let start = cursor.fetch_add(count as u64, Ordering::Relaxed) as usize;
        (start < self.groups()).then(|| start..start + count)
    }

    /// Marks the groups of `range`, all of one word, as migrated. The caller has seen that they are.
    pub(super) fn mark(self, range: std::ops::Range<usize>) {
        let mut bits = (u64::MAX >> (64 - range.len())) << (range.start % 64);
        let mut index = range.start / 64;
        for (offset, words) in levels(self.log2) {
            // ORDERING: AcqRel. Whoever finds the root full goes on to replace the table, and must see all that was
            // done before each of the bits was set; the chain of read-modify-writes up the tree carries that.
            let word = self.tree[offset + index].fetch_or(bits, Ordering::AcqRel) | bits;
            if word != self.full(words) {
                return;
            }
            bits = 1 << (index % 64);
            index /= 64;
        }
    }

    /// A group whose bit is not set, or None if all are. O(log64 N).
    pub(super) fn next_unmarked(self) -> Option<usize> {
        let mut offsets = [(0, 0); MAX_LEVELS];
        let mut count = 0;
        for level in levels(self.log2) {
            offsets[count] = level;
            count += 1;
        }
        let levels = &offsets[..count];
        'root: loop {
            let mut index = 0;
            for (level, &(offset, words)) in levels.iter().enumerate().rev() {
                // ORDERING: acquire, pairs with the exchanges in `mark`.
                let word = self.tree[offset + index].load(Ordering::Acquire);
                if word == self.full(words) {
                    let &(above, _) = levels.get(level + 1)?;
                    // Somebody filled this word and has not told the one above yet.
                    if without(Guarded::mark_reported) {
                        return None;
                    }
                    // ORDERING: release, of what the load above has acquired. This word itself is loaded again.
                    self.tree[above + index / 64].fetch_or(1 << (index % 64), Ordering::Release);
                    continue 'root;
                }
                index = index * 64 + word.trailing_ones() as usize;
            }
            return Some(index);
        }
    }

    /// How many groups are marked. O(N / 64).
    pub(super) fn marked(self) -> usize {
        let leaves = 1 << self.log2.saturating_sub(6);
        // ORDERING: relaxed; for statistics.
        self.tree[..leaves].iter().map(|word| word.load(Ordering::Relaxed).count_ones() as usize).sum()
    }

    pub(super) fn is_complete(self) -> bool {
        // ORDERING: acquire, as above.
        self.tree[self.tree.len() - 1].load(Ordering::Acquire) == self.full(1)
    }

    /// A full word of a level of `words` words. The only word of the top level may have less than 64 bits.
    fn full(self, words: usize) -> u64 {
        let top_bits = match self.log2 % 6 {
            0 if self.log2 > 0 => 64,
            bits => 1 << bits,
        };
        if words == 1 { u64::MAX >> (64 - top_bits) } else { u64::MAX }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn with_tree(log2: u32, test: impl FnOnce(Progress<'_>)) {
        let single = AtomicU64::new(0);
        let tail: Vec<_> = (0..tail_words(log2)).map(|_| AtomicU64::new(0)).collect();
        test(Progress::new(log2, &single, &tail));
    }

    #[test]
    fn finds_what_is_left_in_any_order() {
        for log2 in 0..=13 {
            with_tree(log2, |tree| {
                let mut left: std::collections::BTreeSet<_> = (0..tree.groups()).collect();
                // An odd stride visits every group.
                for i in 0..tree.groups() {
                    assert_eq!(tree.next_unmarked().map(|g| left.contains(&g)), Some(true), "log2 {log2}");
                    assert!(!tree.is_complete());
                    let group = i * 5 % tree.groups();
                    tree.mark(group..group + 1);
                    tree.mark(group..group + 1);
                    left.remove(&group);
                    assert_eq!(tree.marked(), tree.groups() - left.len());
                }
                assert!(left.is_empty() && tree.is_complete());
                assert_eq!(tree.next_unmarked(), None);
            });
        }
    }

    #[test]
    fn claims_give_out_every_group_once() {
        for log2 in [7, 8, 12, 13] {
            with_tree(log2, |tree| {
                let claimed: Vec<_> = std::iter::from_fn(|| tree.claim(8)).flatten().collect();
                assert_eq!(claimed, (0..tree.groups()).collect::<Vec<_>>());
                (0..tree.groups()).step_by(8).for_each(|start| tree.mark(start..start + 8));
                assert!(tree.is_complete());
            });
        }
    }

    #[test]
    fn a_full_word_that_nobody_reported_is_reported_by_the_next_search() {
        // From 13 on the level above the leaves has several words.
        for log2 in [7, 12, 13] {
            with_tree(log2, |tree| {
                for leaf in 0..tree.groups() / 64 {
                    assert_eq!(tree.next_unmarked(), Some(64 * leaf), "log2 {log2}");
                    tree.tree[leaf].store(u64::MAX, Ordering::Relaxed);
                }
                assert!(!tree.is_complete());
                assert_eq!(tree.next_unmarked(), None, "log2 {log2}");
                assert!(tree.is_complete());
            });
        }
    }

    /// Two threads find that there are groups to be given out, and there are for one of them.
    #[cfg(all(loxley_hooks, not(shuttle)))]
    #[test]
    fn of_two_that_claim_the_last_groups_one_comes_too_late() {
        use crate::sync::watch::{ignore_accesses, on_access};
        use std::sync::{Arc, Barrier};
        use std::thread;

        with_tree(7, |tree| {
            assert_eq!(tree.claim(64), Some(0..64));
            let barrier = Arc::new(Barrier::new(2));
            let claim = || {
                let (barrier, mut calls) = (barrier.clone(), 0);
                on_access(move |_| {
                    calls += 1;
                    // Before and after the load of the cursor: both have loaded it before it is moved on.
                    if calls == 2 {
                        barrier.wait();
                    }
                });
                let claimed = tree.claim(64);
                ignore_accesses();
                claimed
            };
            let claimed = thread::scope(|scope| {
                let threads = [(); 2].map(|()| scope.spawn(claim));
                threads.map(|thread| thread.join().unwrap())
            });
            assert!(claimed.into_iter().flatten().eq([64..128]));
        });
    }
}
