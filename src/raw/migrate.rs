//! Migration: how a table's entries get to its successor, group by group.
//!
//! A *group* is the smallest set of homes that corresponds in both tables: one home of the smaller table, and the homes of
//! the larger one that it splits into (growth) or that merge into it (shrinking). Any number of threads may migrate a
//! group at once, and any of them may stall anywhere:
//!
//! * **F1 freeze the homes**: complete the insertion that meta names; meta → FREEZING. From here on nothing of these
//!   homes is inserted or moved, and the bounds stand.
//! * **F2 freeze the entries**, left to right: EMPTY in the home bucket → SEALED, LIVE → FROZEN. A decided move is completed
//!   (its target, further right, is met later); an undecided one will find FREEZING or its source changed. What is FROZEN (or
//!   CROSS) then is the *list*, and it is the same for every helper, in the same order.
//! * **F3 place**: entry j of a new home, j < SLOTS, belongs into slot j of its bucket: EMPTY → LIVE. EMPTY never
//!   recurs, so a late helper cannot do it again. Then meta → PLACED, in the first home of the group.
//! * **F4 overflow** (rare): the other entries go where there is room, by a move across tables: COPY there, bound there
//!   raised, FROZEN → CROSS(target) decides, COPY → LIVE.
//! * **F5**: meta → MIGRATED, in every home of the group. Now the successor answers for these homes.
//!
//! When all groups are migrated, anyone replaces the root.
//!
//! A thread that is stalled in a migration blocks nobody: each step can be made, or repeated, by any other.

use std::hash::{BuildHasher, Hash};
use std::ops::Range;

use super::bucket::Slot;
use super::core::Op;
use super::node::Node;
use super::place::Place;
use super::resize::too_many_collisions;
use super::seek::tomb;
use super::table::Table;
use super::word::{Fingerprint, SLOTS, State, Target, Word};
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

    fn old_homes(self, group: usize) -> Range<usize> {
        self.from.homes_of(group..group + 1, self.groups_log2())
    }

    fn is_placed(self, group: usize) -> bool {
        self.from.home_bucket(self.old_homes(group).start).meta().is_placed()
    }

    pub(super) fn is_migrated(self, group: usize) -> bool {
        self.from.home_bucket(self.old_homes(group).end - 1).meta().is_migrated()
    }

    /// The group that bucket `index` of the new table is home to, unless that is placed.
    pub(super) fn unplaced_group(self, index: usize) -> Option<usize> {
        let group = (index & self.to.mask()) >> (self.to.log2() - self.groups_log2());
        (!self.is_placed(group)).then_some(group)
    }
}

/// An entry of a group's list.
pub(super) struct Item<'g, K, V> {
    slot: &'g Slot<K, V>,
    node: *mut Node<K, V>,
    hash: u64,
}

impl<'g, K: Hash, V, S: BuildHasher> Op<'g, K, V, S> {
    /// F1 to F5 for one group. Does not mark it in the new table's progress.
    pub(super) fn migrate_group(self, resize: Resize<'g, K, V>, group: usize) {
        if resize.is_migrated(group) {
            return;
        }
        for item in self.place_group(resize, group) {
            self.carry_over(resize, &item);
        }
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

    /// F1 to F3. Returns the entries that overflow.
    pub(super) fn place_group(self, resize: Resize<'g, K, V>, group: usize) -> Vec<Item<'g, K, V>> {
        let homes = resize.old_homes(group);
        let mut list = Vec::with_capacity(2 * SLOTS);
        for home in homes.clone() {
            self.freeze_home(resize.from, home);
            self.freeze_entries(resize.from, home, &mut list);
        }
        // Stable, so that every helper has the same order.
        list.sort_by_key(|item| resize.to.home(item.hash));
        let placed = resize.is_placed(group);
        let mut overflow = Vec::new();
        let mut current = (usize::MAX, 0);
        for item in list {
            let home = resize.to.home(item.hash);
            current = if current.0 == home { (home, current.1 + 1) } else { (home, 0) };
            let j = current.1;
            if j >= SLOTS {
                overflow.push(item);
            } else if !placed {
                let live = Word::live(item.node, Fingerprint::of(item.hash), 0);
                resize.to.home_bucket(home).slot(j).exchange(Word::EMPTY, live);
            }
        }
        let bucket = resize.from.home_bucket(homes.start);
        loop {
            let meta = bucket.meta();
            if meta.is_placed() || bucket.exchange_meta(meta, meta.placed()) {
                return overflow;
            }
        }
    }

    /// F1.
    fn freeze_home(self, table: Table<'g, K, V>, home: usize) {
        let bucket = table.home_bucket(home);
        loop {
            let meta = bucket.meta();
            if meta.is_frozen() {
                return;
            }
            self.help_pend(table, home, meta);
            if bucket.exchange_meta(meta, meta.freezing()) {
                return;
            }
        }
    }

    /// F2.
    fn freeze_entries(self, table: Table<'g, K, V>, home: usize, list: &mut Vec<Item<'g, K, V>>) {
        let bound = table.home_bucket(home).meta().bound().min(table.mask());
        for displacement in 0..=bound {
            let index = home + displacement;
            for slot in table.bucket(index).slots() {
                if let Some(word) = self.freeze_slot(table, home, index, slot) {
                    let node = word.node();
                    // SAFETY: FROZEN or CROSS: in the map, or in limbo until this table is freed.
                    let hash = self.hash(unsafe { &*node }.key());
                    list.push(Item { slot, node, hash });
                }
            }
        }
    }

    /// Returns the word if it is FROZEN or CROSS and of this home.
    fn freeze_slot(
        self,
        table: Table<'g, K, V>,
        home: usize,
        index: usize,
        slot: &Slot<K, V>,
    ) -> Option<Word<Node<K, V>>> {
        loop {
            let word = slot.load();
            match word.state() {
                State::Empty if index == home => {
                    if slot.exchange(word, Word::SEALED) {
                        return None;
                    }
                }
                State::Live => {
                    if self.home_of(table, index, word) != home {
                        return None;
                    }
                    let frozen = word.frozen();
                    if slot.exchange(word, frozen) {
                        return Some(frozen);
                    }
                }
                State::Frozen | State::Cross => {
                    return (self.home_of(table, index, word) == home).then_some(word);
                }
                State::Moved => {
                    let target = table.moved_to(index, word);
                    let copy = target.load();
                    if copy.is_copy_of(word.node()) {
                        target.exchange(copy, copy.published());
                    }
                    return None;
                }
                State::Empty | State::Sealed | State::Tomb | State::Pending | State::Copy => return None,
            }
        }
    }

    /// F4 for one entry.
    fn carry_over(self, resize: Resize<'g, K, V>, item: &Item<'g, K, V>) {
        let table = resize.to;
        let home = table.home(item.hash);
        loop {
            let word = item.slot.load();
            if word.state() == State::Cross {
                let Target { buckets, slot } = word.target();
                let target = table.bucket(home + buckets).slot(slot);
                let copy = target.load();
                if copy.is_copy_of(item.node) {
                    target.exchange(copy, copy.published());
                }
                return;
            }
            match self.place(table, Some(resize), home, 1) {
                Place::Free { slot, word: free, at } => {
                    // M0, as in `evict.rs`: the source after the target's free word.
                    if item.slot.load() != word {
                        continue;
                    }
                    let copy = Word::copy(item.node, Fingerprint::of(item.hash), at.displacement);
                    if !slot.exchange(free, copy) {
                        continue;
                    }
                    // A frozen home here means that the root has moved on, so that our group is migrated: the source is
                    // CROSS by now.
                    let to = Target { buckets: at.displacement, slot: at.slot };
                    if self.raise_bound(table, home, at.displacement) && item.slot.exchange(word, word.cross(to)) {
                        slot.exchange(copy, copy.published());
                        return;
                    }
                    slot.exchange(copy, tomb());
                }
                Place::Again | Place::Restart => {}
                Place::Unplaced(group) => drop(self.place_group(resize, group)),
                // If the source is still FROZEN, the table really is full.
                Place::Full if item.slot.load() == word => too_many_collisions(),
                Place::Full => {}
            }
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
        // ORDERING: sequentially consistent, see `Core::root` and `Op::retire`.
        if self.core.root.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            self.core.fit_counter(resize.to.log2(), self.guard);
            // SAFETY: our exchange has unlinked it.
            unsafe { self.retire_table(resize.from) };
        }
    }
}
