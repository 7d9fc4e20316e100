//! Shrinking without being asked, where the map's builder said when.
//!
//! Only [`help_resize`](Op::help_resize) begins it. No removal does: before a table is announced that has fewer buckets the old one
//! must be looked through ([`Table::fits_into`]), and one removal in some thousand would take as long as thousands.
//!
//! A migration makes a table no smaller than a quarter, as it makes one no larger than four times the size: an operation that
//! comes upon a group should not have many homes to migrate. Then the next one follows.
//!
//! What is remembered of this is advice, and so relaxed: if it is outdated, a table is looked through once more, or it shrinks a
//! little late.

use std::hash::{BuildHasher, Hash};

use super::core::{Core, Op};
use super::table::Table;
use super::word::MAX_GROWTH_LOG2;
use crate::sync::Ordering;

/// In [`Core::vain`], the low bits: log2 of the size of a table that was looked through in vain, for a hash that is unfit for its keys
/// makes them crowd. Above them its entries, of which half must go before it is looked through again.
const LOG2_BITS: u32 = 6;

/// No table has that log2. Until there is something to be remembered in `vain`, or in [`Core::step`]: log2 of the size of a table
/// that was made on the way to a smaller one.
pub(super) const NO_TABLE: u64 = u64::MAX;

impl<K, V> Core<K, V> {
    fn is_vain(&self, log2: u32, entries: usize) -> bool {
        let vain = self.vain.load(Ordering::Relaxed);
        vain & ((1 << LOG2_BITS) - 1) == u64::from(log2) && 2 * entries as u64 >= vain >> LOG2_BITS
    }

    fn note_vain(&self, log2: u32, entries: usize) {
        self.vain.store((entries as u64) << LOG2_BITS | u64::from(log2), Ordering::Relaxed);
    }
}

impl<'g, K, V, S> Op<'g, K, V, S> {
    /// Whether `root`, which has no successor, is to shrink: to how many buckets (log2), and the entries. O(processors).
    pub(super) fn shrink_due(self, root: Table<'g, K, V>) -> Option<(u32, usize)> {
        let (core, log2) = (self.core(), root.log2());
        let entries = core.tuning.shrinks().then(|| core.len(self.guard))?;
        let steps = core.step.load(Ordering::Relaxed) == u64::from(log2);
        let end = core.tuning.shrunk(entries, log2, steps)?;
        (!core.is_vain(log2, entries)).then_some((end, entries))
    }
}

impl<'g, K, V, S> Op<'g, K, V, S>
where
    K: Hash + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Begins to replace `root`, which had no successor, if that is due and the entries fit. O(table) if it is due. Returns whether
    /// a migration is under way.
    pub(super) fn begin_shrink(self, root: Table<'g, K, V>) -> bool {
        let Some((end, entries)) = self.shrink_due(root) else { return false };
        let core = self.core();
        let least = end.max(root.log2().saturating_sub(MAX_GROWTH_LOG2));
        let Some(log2) = (least..root.log2()).find(|&log2| root.fits_into(log2)) else {
            core.note_vain(root.log2(), entries);
            return false;
        };
        // Else another thread was faster, or the map has grown meanwhile.
        if root.announce(log2) {
            let step = if least > end { log2.into() } else { NO_TABLE };
            core.step.store(step, Ordering::Relaxed);
            self.decide(root, log2).unwrap_or_else(|error| error.give_up());
        }
        true
    }
}
