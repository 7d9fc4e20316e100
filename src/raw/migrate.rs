//! Migration: how a table's entries get to its successor, group by group.
//!
//! A *group* is the smallest set of homes that corresponds in both tables: one home of the smaller table, and the homes of
//! the larger one that it splits into (growth) or that merge into it (shrinking). Any number of threads may migrate a
//! group at once, and any of them may stall anywhere:
//!
//! * **F1 freeze the homes**: complete the insertion that meta names; meta → FREEZING. From here on nothing of these
//!   homes is inserted or moved, and the bounds stand.
//! * **F2 freeze the entries**, left to right: EMPTY in the home bucket → SEALED, LIVE → FROZEN. A decided move is completed
//!   (its target, further right, is met later); an undecided one will find FREEZING or its source changed. What is FROZEN
//!   then is the *list*, and it is the same for every helper, in the same order, with the new home of each entry: the
//!   FROZEN words say all that, so nobody has to rely on the user's `Hash` to be the same twice.
//! * **F3 place**: entry j of a new home, j < SLOTS, belongs into slot j of its bucket: EMPTY → LIVE. EMPTY never
//!   recurs, so a late helper cannot do it again. The other entries are marked as overflowing. Then meta → PLACED, in
//!   the first home of the group.
//! * **F4 overflow** (rare): the marked entries go where there is room, by a move across tables: COPY there, bound there
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
use super::guards::{Guarded, without};
use super::node::Node;
use super::place::Place;
use super::resize::too_many_collisions;
use super::seek::tomb;
use super::table::Table;
use super::word::{Fingerprint, MAX_DISPLACEMENT, MAX_GROWTH_LOG2, SLOTS, State, Target, Word};
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

    fn new_homes(self, group: usize) -> Range<usize> {
        self.to.homes_of(group..group + 1, self.groups_log2())
    }

    /// Which of the new homes of its group a hash belongs to.
    fn part(self, hash: u64) -> usize {
        self.to.home(hash) & ((1 << (self.to.log2() - self.groups_log2())) - 1)
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

/// Buckets whose nodes are prefetched at once.
const MAX_PREFETCH: usize = 16;

/// Memory that the migration of several groups shares.
struct Scratch<'g, K, V> {
    list: Vec<Item<'g, K, V>>,
}

impl<K, V> Scratch<'_, K, V> {
    fn new() -> Self {
        Self { list: Vec::with_capacity(2 * SLOTS) }
    }
}

/// An entry of a group's list.
struct Item<'g, K, V> {
    slot: &'g Slot<K, V>,
    /// FROZEN or CROSS.
    word: Word<Node<K, V>>,
    hash: u64,
}

impl<K, V> Item<'_, K, V> {
    /// Whether the entry is marked as overflowing by now, or has left already.
    fn overflows(&self) -> bool {
        let word = if without(Guarded::marks_again) { self.word } else { self.slot.load() };
        word.state() == State::Cross || word.overflows()
    }
}

impl<'g, K: Hash, V, S: BuildHasher> Op<'g, K, V, S> {
    /// F1 to F5 for one group. Does not mark it in the new table's progress.
    fn migrate_group(self, resize: Resize<'g, K, V>, group: usize, scratch: &mut Scratch<'g, K, V>) {
        if resize.is_migrated(group) {
            return;
        }
        self.hand_over(resize, group, scratch);
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
    fn hand_over(self, resize: Resize<'g, K, V>, group: usize, scratch: &mut Scratch<'g, K, V>) {
        if self.place_group(resize, group, scratch) {
            for item in &scratch.list {
                self.carry_over(resize, group, item);
            }
        }
    }

    /// The same, by one who goes no further, for tests.
    #[cfg(any(loom, loxley_hooks))]
    pub(super) fn carry(self, resize: Resize<'g, K, V>, group: usize) {
        self.hand_over(resize, group, &mut Scratch::new());
    }

    /// F1 to F3 for one group. Leaves its list in `scratch`, and returns whether any of it overflows.
    fn place_group(self, resize: Resize<'g, K, V>, group: usize, scratch: &mut Scratch<'g, K, V>) -> bool {
        let homes = resize.old_homes(group);
        let list = &mut scratch.list;
        list.clear();
        for home in homes.clone() {
            self.freeze_home(resize.from, home);
            self.freeze_entries(resize, home, list);
        }
        if resize.is_placed(group) {
            // The marks were made before that, but perhaps after we made our list.
            return list.iter().any(|item| item.overflows());
        }
        let mut overflows = false;
        // None of ours is CROSS before the group is placed, so every helper counts the same.
        let first = resize.new_homes(group).start;
        let mut counts = [0; 1 << MAX_GROWTH_LOG2];
        for item in list.iter().filter(|item| item.word.state() == State::Frozen) {
            let part = item.word.part();
            let j = counts[part];
            counts[part] += 1;
            if j < SLOTS {
                let live = Word::live(item.word.node(), Fingerprint::of(item.hash), 0);
                let slot = resize.to.home_bucket(first + part).slot(j);
                slot.exchange(if without(Guarded::place_empty) { slot.load() } else { Word::EMPTY }, live);
            } else {
                item.slot.exchange(item.word, item.word.overflowing());
                overflows = true;
            }
        }
        let bucket = resize.from.home_bucket(homes.start);
        loop {
            let meta = bucket.meta();
            if meta.is_placed() || bucket.exchange_meta(meta, meta.placed()) {
                return overflows;
            }
        }
    }

    /// F1 to F3 for a group whose buckets somebody wants to use, see rule R in `place.rs`.
    #[cold]
    pub(super) fn make_placed(self, resize: Resize<'g, K, V>, group: usize) {
        let _ = self.place_group(resize, group, &mut Scratch::new());
    }

    /// F1.
    fn freeze_home(self, table: Table<'g, K, V>, home: usize) {
        let bucket = table.home_bucket(home);
        loop {
            let meta = bucket.meta();
            if meta.is_frozen() {
                return;
            }
            if !without(Guarded::freeze_pend) {
                self.help_pend(table, home, meta);
            }
            if bucket.exchange_meta(meta, meta.freezing()) {
                return;
            }
        }
    }

    /// F2.
    fn freeze_entries(self, resize: Resize<'g, K, V>, home: usize, list: &mut Vec<Item<'g, K, V>>) {
        let table = resize.from;
        let bound = table.home_bucket(home).meta().bound().min(table.mask());
        for displacement in 0..=bound {
            for slot in table.bucket(home + displacement).slots() {
                list.extend(self.freeze_slot(resize, home, displacement, slot));
            }
        }
    }

    /// Returns the slot's entry if it is of this home, FROZEN by now; or if it is CROSS, of whatever home.
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
                // First, for it is almost always this.
                State::Live => {
                    if word.displacement() != displacement {
                        return None;
                    }
                    let hash = self.hash_of(word);
                    let word_now = word.frozen(displacement, resize.part(hash));
                    if slot.exchange(word, word_now) {
                        return Some(Item { slot, word: word_now, hash });
                    }
                }
                State::Frozen => {
                    let ours = word.displacement() == displacement;
                    return ours.then(|| Item { slot, word, hash: self.hash_of(word) });
                }
                State::Cross => return Some(Item { slot, word, hash: self.hash_of(word) }),
                State::Empty if displacement == 0 => {
                    if without(Guarded::sealed) || slot.exchange(word, Word::SEALED) {
                        return None;
                    }
                }
                State::Moved if without(Guarded::freeze_moved) => return None,
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

    /// The hash of the key of a LIVE, FROZEN or CROSS entry.
    fn hash_of(self, word: Word<Node<K, V>>) -> u64 {
        // SAFETY: in the map as of its load, or in limbo until the table is freed.
        self.hash(unsafe { &*word.node() }.key())
    }

    /// F4 for one entry of the list.
    fn carry_over(self, resize: Resize<'g, K, V>, group: usize, item: &Item<'g, K, V>) {
        let table = resize.to;
        loop {
            let word = item.slot.load();
            if word.state() == State::Cross {
                let Target { buckets, slot } = word.target();
                let target = table.bucket(table.home(item.hash) + buckets).slot(slot);
                let copy = target.load();
                if copy.is_copy_of(word.node()) && !without(Guarded::cross_copy) {
                    target.exchange(copy, copy.published());
                }
                return;
            }
            if !word.overflows() || resize.is_migrated(group) {
                return;
            }
            let home = resize.new_homes(group).start + word.part();
            match self.place(table, Some(resize), home, 1) {
                Place::Free { slot, word: free, at } => {
                    // M0, as in `evict.rs`: the source after the target's free word.
                    if item.slot.load() != word && !without(Guarded::m0_carry) {
                        continue;
                    }
                    let copy = Word::copy(word.node(), Fingerprint::of(item.hash), at.displacement);
                    if !slot.exchange(free, copy) {
                        continue;
                    }
                    // A frozen home here means that the root has moved on, so that our group is migrated: the source is
                    // CROSS by now.
                    let to = Target { buckets: at.displacement, slot: at.slot };
                    if (without(Guarded::carry_bound) || self.raise_bound(table, home, at.displacement))
                        && item.slot.exchange(word, word.cross(to))
                    {
                        slot.exchange(copy, copy.published());
                        return;
                    }
                    slot.exchange(copy, tomb());
                }
                Place::Unplaced(group) => self.make_placed(resize, group),
                Place::Full if table.mask() > MAX_DISPLACEMENT && item.slot.load() == word => {
                    too_many_collisions()
                }
                // By the capacity rule there is a slot, unless the COPYs of others who carry entries over take it for now.
                Place::Again | Place::Restart | Place::Full => {}
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
        // Every exchange below is a full fence: without this, one cache miss would wait for the other.
        for home in resize.from.homes_of(groups.clone(), resize.groups_log2()).take(MAX_PREFETCH) {
            resize.from.home_bucket(home).prefetch_nodes();
        }
        for home in resize.to.homes_of(groups.clone(), resize.groups_log2()).take(MAX_PREFETCH) {
            resize.to.home_bucket(home).prefetch();
        }
        let mut scratch = Scratch::new();
        for group in groups.clone() {
            self.migrate_group(resize, group, &mut scratch);
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
        if self.core.root.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
            || without(Guarded::retire_once)
        {
            self.core.fit_counter(resize.to.log2(), self.guard);
            // SAFETY: our exchange has unlinked it.
            unsafe { self.retire_table(resize.from) };
        }
    }
}
