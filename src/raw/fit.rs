//! Whether a smaller table would hold a table's entries.
//!
//! The count is enough where every slot can be reached from every home. In tables of more than [`MAX_DISPLACEMENT`] buckets it
//! is not: with a hash that is unfit for its keys, more of them may crowd about a few homes than there are slots in
//! reach. Growing spreads them, shrinking brings them closer together, and a migration that has begun cannot be given up.

use super::table::Table;
use super::word::{MAX_DISPLACEMENT, SLOTS};

/// Entries must be nearer to home than this; what comes while the table is being replaced has the rest.
const NEAR_ENOUGH: usize = MAX_DISPLACEMENT / 2;

impl<K, V> Table<'_, K, V> {
    /// Whether a table of `1 << log2` buckets, fewer than here, would hold the entries without taking any of them far from
    /// home. O(table); false if there is no memory to find out.
    pub(super) fn fits_into(self, log2: u32) -> bool {
        let homes = 1 << log2;
        if homes <= MAX_DISPLACEMENT {
            return true;
        }
        let mut entries: Vec<u32> = Vec::new();
        if entries.try_reserve_exact(homes).is_err() {
            return false;
        }
        entries.resize(homes, 0);
        for (index, _, word) in self.words().filter(|(_, _, word)| word.is_live()) {
            let home = index.wrapping_sub(word.displacement()) & self.mask();
            entries[home >> (self.log2() - log2)] += 1;
        }
        // What a bucket cannot take goes on to the next one; twice around, for the last ones go on to the first.
        let (mut left, mut distance) = (0, 0);
        entries.iter().chain(&entries).all(|&entries| {
            left = (left + entries as usize).saturating_sub(SLOTS);
            distance = if left > 0 { distance + 1 } else { 0 };
            distance < NEAR_ENOUGH
        })
    }
}
