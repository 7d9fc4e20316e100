//! Migration: how a table's entries get to its successor, group by group.
//!
//! A *group* is the smallest set of homes that corresponds in both tables: one home of the smaller table, and the homes of
//! the larger one that it splits into (growth) or that merge into it (shrinking). Any number of threads may migrate a
//! group at once, and any of them may stall anywhere:
//!
//! * **F1 freeze the homes**: complete the insertion that meta names; meta → FREEZING. From here on nothing of these
//!   homes is inserted or moved, and the bounds stand.
//! * **F2 freeze the entries**: first EMPTY → SEALED in the home bucket, which ends direct insertions; so where a slot is still
//!   EMPTY, nothing of this home is FROZEN. Then LIVE → FROZEN, left to right. A decided move is completed
//!   (its target, further right, is met later); an undecided one will find FREEZING or its source changed. What is FROZEN
//!   then is the *list*, and it is the same for every helper, in the same order, with the new home of each entry: the
//!   FROZEN words say all that, so nobody has to rely on the user's `Hash` to be the same twice.
//! * **F3 place**: entry j of a new home, j < SLOTS, belongs into slot j of its bucket: EMPTY → LIVE. EMPTY never
//!   recurs, so a late helper cannot do it again.
//! * **F4 overflow** (rare): meta → PLACED, in the first home of the group; then the other entries go where there is room,
//!   see `carry.rs`.
//! * **F5**: meta → MIGRATED, in every home of the group. Now the successor answers for these homes.
//!
//! When all groups are migrated, anyone replaces the root.
//!
//! A thread that is stalled in a migration blocks nobody: each step can be made, or repeated, by any other.

use std::hash::{BuildHasher, Hash};
use std::ops::Range;

use super::bucket::{Bucket, Slot};
use super::core::Op;
use super::fingerprint::{Fingerprint, Split};
use super::guards::{Guarded, without};
use super::node::Node;
use super::table::{Table, outgrows_caches};
use super::word::{MAX_GROWTH_LOG2, SLOTS, State, Word, is_near};
use crate::sync::Ordering;

/// A migration: a table and its successor.
pub(crate) struct Resize<'g, K, V> {
    pub(super) from: Table<'g, K, V>,
    pub(super) to: Table<'g, K, V>,
}

impl<K, V> Clone for Resize<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for Resize<'_, K, V> {}

impl<'g, K, V> Resize<'g, K, V> {
    fn groups_log2(self) -> u32 {
        self.from.log2().min(self.to.log2())
    }

    pub(super) fn groups(self) -> usize {
        1 << self.groups_log2()
    }

    pub(super) fn group_of_hash(self, hash: u64) -> usize {
        self.from.home(hash) >> (self.from.log2() - self.groups_log2())
    }

    pub(super) fn old_homes(self, group: usize) -> Range<usize> {
        self.from.homes_of(group..group + 1, self.groups_log2())
    }

    pub(super) fn new_homes(self, group: usize) -> Range<usize> {
        self.to.homes_of(group..group + 1, self.groups_log2())
    }

    /// log2 of the new homes of a group.
    fn parts_log2(self) -> u32 {
        self.to.log2() - self.groups_log2()
    }

    /// Which of the new homes of its group a hash belongs to.
    fn part(self, hash: u64) -> usize {
        self.to.home(hash) & ((1 << self.parts_log2()) - 1)
    }

    /// Tells the new homes of entries by their words, where that can be had.
    fn split(self) -> Option<Split> {
        Split::between(self.from.log2(), self.to.log2())
    }

    fn is_placed(self, group: usize) -> bool {
        self.from.home_bucket(self.old_homes(group).start).meta().is_placed()
    }

    pub(super) fn is_migrated(self, group: usize) -> bool {
        self.from.home_bucket(self.old_homes(group).end - 1).meta().is_migrated()
    }

    /// Every exchange of a migration is a full fence: without this, one cache miss would wait for the other.
    fn prefetch(self, groups: Range<usize>) {
        let old_homes = self.from.homes_of(groups.clone(), self.groups_log2()).take(MAX_PREFETCH);
        old_homes.clone().for_each(|home| self.from.home_bucket(home).prefetch_for_write());
        if self.split().is_none() {
            old_homes.for_each(|home| self.from.home_bucket(home).prefetch_nodes());
        }
        for home in self.to.homes_of(groups, self.groups_log2()).take(MAX_PREFETCH) {
            self.to.home_bucket(home).prefetch_for_write();
        }
    }

    pub(super) fn group_of_new_home(self, home: usize) -> usize {
        home >> self.parts_log2()
    }

    /// The group that bucket `index` of the new table is home to, unless that is placed.
    pub(super) fn unplaced_group(self, index: usize) -> Option<usize> {
        let group = self.group_of_new_home(index & self.to.mask());
        (!self.is_placed(group)).then_some(group)
    }
}

/// Buckets that are prefetched at once.
const MAX_PREFETCH: usize = 32;

/// An entry of a group's list.
pub(super) struct Item<'g, K, V> {
    pub(super) slot: &'g Slot<K, V>,
    /// FROZEN or CROSS.
    pub(super) word: Word<Node<K, V>>,
    /// Its fingerprint in the new table, if the word is FROZEN.
    pub(super) fingerprint: Fingerprint,
}

impl<'g, K: Hash, V, S: BuildHasher> Op<'g, K, V, S> {
    /// F1 to F5 for one group. Does not mark it in the new table's progress.
    fn migrate_group(self, resize: Resize<'g, K, V>, group: usize) {
        if resize.is_migrated(group) {
            return;
        }
        self.hand_over(resize, group);
        // Migrated is as good as placed.
        for home in resize.old_homes(group) {
            let bucket = resize.from.home_bucket(home);
            loop {
                let meta = bucket.meta();
                if meta.is_migrated() || bucket.exchange_meta(meta, meta.migrated()) {
                    break;
                }
            }
        }
    }

    /// F1 to F4 for one group.
    pub(super) fn hand_over(self, resize: Resize<'g, K, V>, group: usize) {
        let overflow = self.place_group(resize, group);
        if !overflow.is_empty() {
            self.mark_placed(resize, group);
            overflow.iter().for_each(|item| self.carry_over(resize, group, item));
        }
    }

    /// F1 to F3 for a group whose buckets somebody wants to use, see rule R in `place.rs`.
    #[cold]
    pub(super) fn make_placed(self, resize: Resize<'g, K, V>, group: usize) {
        self.place_group(resize, group);
        self.mark_placed(resize, group);
    }

    fn mark_placed(self, resize: Resize<'g, K, V>, group: usize) {
        let bucket = resize.from.home_bucket(resize.old_homes(group).start);
        loop {
            let meta = bucket.meta();
            if meta.is_placed() || bucket.exchange_meta(meta, meta.placed()) {
                return;
            }
        }
    }

    /// F1 to F3 for one group, and what overflows of it.
    ///
    /// An entry is placed as soon as it is FROZEN: what comes before it in the list is so already, and stays. (What was committed
    /// as PENDING was published before FREEZING; what may yet arrive by a move comes from a slot further left, where this
    /// helper has frozen it or published its target; and no EMPTY slot is left.) A helper that comes when some of the overflow
    /// is CROSS counts too few from there on, but not below SLOTS: an entry that is CROSS has SLOTS entries of its part before it.
    fn place_group(self, resize: Resize<'g, K, V>, group: usize) -> Vec<Item<'g, K, V>> {
        let mut overflow = Vec::new();
        let new_homes = &resize.to.all_buckets()[resize.new_homes(group)];
        let mut counts = [0; 1 << MAX_GROWTH_LOG2];
        let mut place = |item: Item<'g, K, V>| {
            if item.word.state() == State::Cross {
                return overflow.push(item);
            }
            let part = item.word.part();
            let j = counts[part];
            counts[part] += 1;
            if j < SLOTS {
                let slot = new_homes[part].slot(j);
                let empty = if without(Guarded::place_empty) { slot.load() } else { Word::EMPTY };
                slot.exchange(empty, Word::live(item.word.node(), item.fingerprint, 0));
            } else {
                overflow.push(item);
            }
        };
        let split = resize.split();
        for home in resize.old_homes(group) {
            let bound = self.freeze_home(resize.from, home);
            if !without(Guarded::sealed_first) {
                seal(resize.from.home_bucket(home));
            }
            for displacement in 0..=bound {
                let split = split.filter(|_| is_near(displacement));
                let bucket = resize.from.bucket(home + displacement);
                let mut slots = bucket.of_home(displacement);
                while let Some((slot, word)) = slots.first() {
                    slots.drop_first();
                    let item = match split {
                        // Almost always.
                        Some(split) if word.is_live_at(displacement) => {
                            let fingerprint = word.fingerprint();
                            let frozen = word.frozen(displacement, split.part(fingerprint));
                            let ours = slot.exchange(word, frozen);
                            ours.then_some(Item { slot, word: frozen, fingerprint })
                        }
                        _ => None,
                    };
                    let item = item.or_else(|| self.freeze_slot(resize, home, displacement, slot));
                    if let Some(item) = item {
                        place(item);
                    }
                }
            }
            if without(Guarded::sealed_first) {
                seal(resize.from.home_bucket(home));
            }
        }
        overflow
    }

    /// F1. Returns the bound, which stands from then on.
    fn freeze_home(self, table: Table<'g, K, V>, home: usize) -> usize {
        let bucket = table.home_bucket(home);
        loop {
            let meta = bucket.meta();
            if meta.is_frozen() {
                return table.bound(meta);
            }
            if !without(Guarded::freeze_pend) {
                self.help_pend(table, home, meta);
            }
            if bucket.exchange_meta(meta, meta.freezing()) {
                return table.bound(meta);
            }
        }
    }

    /// F2 for one slot, by the hash of its key if need be. Returns its entry if it is of this home, FROZEN by now; or if it is
    /// CROSS, of whatever home.
    fn freeze_slot(
        self,
        resize: Resize<'g, K, V>,
        home: usize,
        displacement: usize,
        slot: &'g Slot<K, V>,
    ) -> Option<Item<'g, K, V>> {
        let table = resize.from;
        let index = home + displacement;
        loop {
            let word = slot.load();
            match word.state() {
                State::Live | State::Frozen if word.displacement() != displacement => return None,
                State::Live => {
                    let hash = self.hash_of(word);
                    let frozen = word.frozen(displacement, resize.part(hash));
                    if slot.exchange(word, frozen) {
                        return Some(Item { slot, word: frozen, fingerprint: resize.to.fingerprint(hash) });
                    }
                }
                // Another helper's work: it did not keep the fingerprint.
                State::Frozen => {
                    let fingerprint = resize.to.fingerprint(self.hash_of(word));
                    return Some(Item { slot, word, fingerprint });
                }
                State::Cross => return Some(Item { slot, word, fingerprint: Fingerprint::from_bits(0) }),
                State::Moved if without(Guarded::freeze_moved) => return None,
                State::Moved => {
                    table.moved_to(index, word).publish_copy_of(word.node());
                    return None;
                }
                State::Empty | State::Sealed | State::Tomb | State::Pending | State::Copy => return None,
            }
        }
    }

    /// The hash of the key of a LIVE or FROZEN entry.
    fn hash_of(self, word: Word<Node<K, V>>) -> u64 {
        // SAFETY: in the map as of its load, or in limbo until the table is freed.
        self.hash(unsafe { &*word.node() }.key())
    }
}

/// The beginning of F2. An exchange that fails has met an insertion, whose entry is frozen next, or another helper.
fn seal<K, V>(bucket: &Bucket<K, V>) {
    for (i, empty) in bucket.empty_slots() {
        if empty.is_empty() && !without(Guarded::sealed) {
            bucket.slot(i).exchange(empty, Word::SEALED);
        }
    }
}

impl<'g, K, V, S> Op<'g, K, V, S>
where
    K: Hash + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Migrates `groups`, all of one word of the progress tree, and moves the root on if they were the last.
    pub(super) fn migrate(self, resize: Resize<'g, K, V>, groups: Range<usize>) {
        if outgrows_caches(resize.groups_log2()) {
            resize.prefetch(groups.clone());
        }
        for group in groups.clone() {
            self.migrate_group(resize, group);
        }
        let progress = resize.to.progress();
        progress.mark(groups);
        if progress.is_complete() {
            self.move_root(resize);
        }
    }

    /// All groups are migrated: the successor becomes the root.
    pub(super) fn move_root(self, resize: Resize<'g, K, V>) {
        let (from, to) = (resize.from.as_ptr(), resize.to.as_ptr());
        // ORDERING: sequentially consistent, see `Core::root` and `Op::retire`. What a failure has loaded is not looked at.
        let moved = self.core().root.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if moved || without(Guarded::retire_once) {
            self.core().fit_counter(resize.to.log2(), self.guard);
            // SAFETY: our exchange has unlinked it.
            unsafe { self.retire_table(resize.from) };
        }
    }
}
