//! When a table is replaced, by what size, and who does the work.
//!
//! * Growth: an insertion that finds the table filled to its capacity (five slots in seven, or as `tuning.rs` says), or no slot in
//!   reach, links a successor of twice the size.
//! * Shrinking: a successor's size must not be decided before it is certain that no further entry enters the older table, or
//!   it could be too small for what comes. So the older table's `next` first becomes an announcement (DECIDING);
//!   insertions that come upon it help to decide; and those that did not see it have been counted before it was made (see
//!   [`Attempt::count`](super::insert) and [`Counter::sum`](super::count::Counter::sum)), so the count is an
//!   upper bound of the entries that the successor must hold. It begins when it is asked for, or as `shrink.rs` says.
//! * A table gets a successor only while it is the root: there are never more than two.
//!
//! Every insertion or removal migrates a few groups. Until the root has moved on, the newer table must not fill up
//! before the older one's entries have arrived (the *capacity rule*): an insertion there first counts its entry and then
//! compares the count with the table's capacity; if it is larger, the migration is completed before the insertion goes on.
//! So all that may ever enter, from either side, has room.

use std::hash::{BuildHasher, Hash};

use super::core::{Core, Op};
use super::count::{Counter, Part};
use super::guards::{Guarded, without};
use super::migrate::Resize;
use super::table::{Next, Table};
use super::word::{MAX_DISPLACEMENT, MAX_GROWTH_LOG2, SLOTS};
use crate::reclaim::Guard;
use crate::reserve::TryReserveError;
use crate::sync::Ordering;

/// Migrations of up to this many groups are completed by the first insertion. Few where buckets are small, so that tests see
/// insertions into tables that are being filled.
const FEW_GROUPS: usize = if SLOTS == 7 { 8 } else { 1 };

/// How often (in additions) a cell of the counter makes its thread look at the sum.
const CHECK_INTERVAL: isize = 64;

/// The counter is spread over the processors where that delays growth by less than this part of the capacity.
const TOLERANCE: usize = 16;

/// The table that writers work on, and the migration that fills it, if that may not be over.
pub(super) struct Current<'g, K, V> {
    pub(super) table: Table<'g, K, V>,
    pub(super) filling: Option<Resize<'g, K, V>>,
}

impl<'g, K, V, S> Op<'g, K, V, S>
where
    K: Hash + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// The table that writers of `hash` work on, its home there being complete. Helps the migration that fills it.
    pub(super) fn table_for_update(self, hash: u64) -> Option<Current<'g, K, V>> {
        loop {
            let from = self.core().root(self.guard)?;
            let Next::Table(to) = from.next() else { return Some(Current { table: from, filling: None }) };
            let resize = Resize { from, to };
            let group = resize.group_of_hash(hash);
            if !resize.is_migrated(group) {
                self.migrate(resize, group..group + 1);
            }
            self.help(resize);
            // Else the root has moved on meanwhile.
            if !to.has_next() {
                return Some(Current { table: to, filling: Some(resize) });
            }
        }
    }

    /// The same for an insertion, which keeps the capacity rule and makes the first table.
    pub(super) fn table_for_insertion(self, hash: u64) -> Current<'g, K, V> {
        loop {
            let Some(Current { table, filling }) = self.table_for_update(hash) else {
                self.core().first_table(0, self.guard).unwrap_or_else(|error| error.give_up());
                continue;
            };
            if let Next::Deciding { least } = table.next() {
                self.decide(table, least).unwrap_or_else(|error| error.give_up());
                continue;
            }
            let Some(resize) = filling else { return Current { table, filling } };
            let count = self.core().count.sum(self.guard);
            if without(Guarded::capacity_first) || resize.groups() > FEW_GROUPS && count < table.capacity() {
                return Current { table, filling };
            }
            self.complete(resize);
            // It is the root now, or was: the rule binds no more.
            if count < table.capacity() {
                return Current { table, filling: None };
            }
            self.core().grow(table, self.guard);
        }
    }

    /// Migrates some groups.
    fn help(self, resize: Resize<'g, K, V>) {
        let progress = resize.to.progress();
        if let Some(groups) = progress.claim(self.core().tuning.help()) {
            self.migrate(resize, groups);
        } else {
            self.help_last(resize);
        }
    }

    /// Does a part of the migration that is under way, or begins one if the map is to shrink of itself. Returns whether there may
    /// be more to do.
    pub(crate) fn help_resize(self) -> bool {
        let Some(from) = self.core().root(self.guard) else { return false };
        match from.next() {
            Next::Nothing => return self.begin_shrink(from),
            Next::Deciding { least } => self.decide(from, least).unwrap_or_else(|error| error.give_up()),
            Next::Table(to) => self.help(Resize { from, to }),
        }
        let root = self.core().root(self.guard);
        root.is_some_and(|root| root.has_next() || self.shrink_due(root).is_some())
    }

    /// Migrates a group that somebody has been given and not finished. Returns whether there was one.
    fn help_last(self, resize: Resize<'g, K, V>) -> bool {
        let group = resize.to.progress().next_unmarked();
        match group {
            Some(group) => self.migrate(resize, group..group + 1),
            // Whoever marked the last group has not moved the root yet.
            None => self.move_root(resize),
        }
        group.is_some()
    }

    /// Migrates all that is left. O(table).
    pub(super) fn complete(self, resize: Resize<'g, K, V>) {
        while let Some(groups) = resize.to.progress().claim(self.core().tuning.help()) {
            self.migrate(resize, groups);
        }
        while self.help_last(resize) {}
    }

    /// An insertion found no slot in `table`.
    pub(super) fn make_room(self, table: Table<'g, K, V>, filling: Option<Resize<'g, K, V>>) {
        if let Some(resize) = filling {
            self.complete(resize);
        }
        // If it is being replaced, the slots are frozen, not taken: the insertion goes on in the next table.
        if table.has_next() && !without(Guarded::full_frozen) {
            return;
        }
        // A large table with free slots has none in reach only if very many keys share a home, and twice the
        // size may not help them.
        let slots = SLOTS << table.log2();
        if table.mask() > MAX_DISPLACEMENT && self.core().count.sum(self.guard) < slots / 8 {
            too_many_collisions();
        }
        self.core().grow(table, self.guard);
    }

    /// Decides the size of a successor that was announced with `1 << least` buckets at least.
    pub(super) fn decide(self, table: Table<'g, K, V>, least: u32) -> Result<(), TryReserveError> {
        let log2 = self.core().tuning.log2_for(self.core().count.sum(self.guard))?;
        self.core().link(table, log2.max(least), Some(least))
    }

    /// Completes the migration that is under way, if there is one, and returns the root.
    pub(crate) fn settle(self) -> Result<Option<Table<'g, K, V>>, TryReserveError> {
        loop {
            let Some(root) = self.core().root(self.guard) else { return Ok(None) };
            match root.next() {
                Next::Nothing => return Ok(Some(root)),
                Next::Deciding { least } => self.decide(root, least)?,
                Next::Table(to) => self.complete(Resize { from: root, to }),
            }
        }
    }

    /// Makes room for `additional` more entries, and completes the migration to it.
    pub(crate) fn reserve(self, additional: usize) -> Result<(), TryReserveError> {
        loop {
            let entries = self.core().count.sum(self.guard).checked_add(additional);
            let log2 = self.core().tuning.log2_for(entries.ok_or(TryReserveError::CAPACITY_OVERFLOW)?)?;
            match self.settle()? {
                None if additional == 0 => return Ok(()),
                None => self.core().first_table(log2, self.guard)?,
                Some(root) if root.log2() >= log2 => return Ok(()),
                Some(root) => {
                    if log2 > root.log2() + MAX_GROWTH_LOG2 {
                        // It is reached in steps, each of which fills its table, and the last of which may fail: try first.
                        let trial = Table::<K, V>::allocate(log2, root.log2(), 0)?;
                        // SAFETY: nobody else has seen it.
                        unsafe { Table::free(trial) };
                    }
                    self.core().begin(root, log2, self.guard)?;
                }
            }
        }
    }

    /// Replaces the table by the smallest that holds the entries and has a capacity of `capacity` or more, if that is smaller,
    /// and completes the migration.
    pub(crate) fn shrink_to(self, capacity: usize) {
        self.try_shrink_to(capacity).unwrap_or_else(|error| error.give_up());
        self.guard.flush();
    }

    fn try_shrink_to(self, capacity: usize) -> Result<(), TryReserveError> {
        // There is no table of that capacity, so none to make smaller.
        let Ok(least) = self.core().tuning.log2_for(capacity) else { return Ok(()) };
        let Some(root) = self.settle()? else { return Ok(()) };
        let smallest = self.core().tuning.log2_for(self.core().count.sum(self.guard))?.max(least);
        if let Some(log2) = (smallest..root.log2()).find(|&log2| root.fits_into(log2)) {
            // Another thread's announcement, or growth, will do as well.
            root.announce(log2);
            self.settle()?;
        }
        Ok(())
    }
}

impl<K, V> Core<K, V> {
    /// After an insertion into `table`, which left `part` in the counter.
    #[inline(always)]
    pub(super) fn grow_if_full(&self, table: Table<'_, K, V>, part: Part, guard: &Guard) {
        let due = match part {
            Part::Common(n) => n > table.capacity() as isize,
            Part::Cell(n) => n % CHECK_INTERVAL == 0,
        };
        if due {
            self.grow_if_really_full(table, guard);
        }
    }

    #[cold]
    fn grow_if_really_full(&self, table: Table<'_, K, V>, guard: &Guard) {
        if self.count.sum(guard) > table.capacity() {
            self.grow(table, guard);
        }
    }

    /// Links a successor of twice the size to `table`, if that is the root and has none.
    fn grow(&self, table: Table<'_, K, V>, guard: &Guard) {
        self.begin(table, table.log2() + 1, guard).unwrap_or_else(|error| error.give_up());
    }

    /// Links a successor of `1 << log2` buckets to `table`, if that is the root and has none.
    pub(super) fn begin(&self, table: Table<'_, K, V>, log2: u32, guard: &Guard) -> Result<(), TryReserveError> {
        let is_root = self.root(guard) == Some(table) || without(Guarded::root_successor);
        if is_root && !table.has_next() {
            self.link(table, log2, None)?;
        }
        Ok(())
    }

    /// Links a successor of `1 << log2` buckets, or as many as one migration can make of `table`, see [`Table::link`].
    fn link(&self, table: Table<'_, K, V>, log2: u32, announced: Option<u32>) -> Result<(), TryReserveError> {
        // What is still missing is for the next time.
        let log2 = log2.min(table.log2() + MAX_GROWTH_LOG2);
        let successor = Table::allocate(log2, log2.min(table.log2()), self.tuning.capacity_of(log2))?;
        if !table.link(announced, successor) {
            // SAFETY: nobody else has seen it.
            unsafe { Table::free(successor) };
        } else if log2 != table.log2() {
            let counter = if log2 > table.log2() { &self.growths } else { &self.shrinks };
            // ORDERING: relaxed; for statistics.
            counter.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// For a map that is being made.
    pub(crate) fn allocate_for(&self, entries: usize, guard: &Guard) -> Result<(), TryReserveError> {
        if entries == 0 { Ok(()) } else { self.first_table(self.tuning.log2_for(entries)?, guard) }
    }

    /// Makes a table of `1 << log2` buckets the root if there is none.
    fn first_table(&self, log2: u32, guard: &Guard) -> Result<(), TryReserveError> {
        let table = Table::allocate(log2, 0, self.tuning.capacity_of(log2))?;
        let null = std::ptr::null_mut();
        // ORDERING: sequentially consistent, as the insertion that follows: who looks for its key later must find a table.
        // (`tests/loom_order.rs`: `a_lookup_after_the_first_insertion`) What a failure has loaded is not looked at.
        if self.root.compare_exchange(null, table, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            // SAFETY: nobody else has seen it.
            unsafe { Table::free(table) };
        } else {
            self.fit_counter(log2, guard);
        }
        Ok(())
    }

    /// Counts for each processor apart where the table is large enough.
    pub(super) fn fit_counter(&self, log2: u32, guard: &Guard) {
        if self.tuning.capacity_of(log2) >= Counter::cells_when_spread() * CHECK_INTERVAL as usize * TOLERANCE {
            self.count.spread(guard);
        } else {
            self.count.gather(guard);
        }
    }
}

#[cold]
pub(super) fn too_many_collisions() -> ! {
    panic!(
        "loxley: more than {} keys share one hash, or the leading bits of it; the hasher is unfit for these keys",
        (MAX_DISPLACEMENT + 1) * SLOTS / 2
    )
}
