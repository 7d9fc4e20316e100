//! Figures about a map, and the work that can be done on it in the background.

use std::hash::{BuildHasher, Hash};

use crate::map::HashMap;
use crate::pinned::Pinned;
use crate::reclaim::Guard;
use crate::set::{HashSet, PinnedSet};

/// What a map consists of. From [`Pinned::stats`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// The number of entries, as [`len`](HashMap::len).
    pub entries: usize,
    /// The number of entries that the map holds before it grows, as [`capacity`](HashMap::capacity).
    pub capacity: usize,
    /// Entries a slot of the newest table, 0 without a table. The map grows when this exceeds
    /// [`max_load`](crate::Builder::max_load).
    pub load: f64,
    /// How many entries are 0, 1, 2, … buckets away from their home, and so how many cache lines a lookup of them takes, less one.
    /// During a migration some that are on their way may be missing.
    pub displacements: Vec<usize>,
    /// Slots of removed entries, and of entries that have been moved, which have not been used again.
    pub tombstones: usize,
    /// Bytes in tables: one, or two during a migration.
    pub table_bytes: usize,
    /// Bytes in entries: keys and values, without what they own on the heap, and without what the allocator adds.
    pub entry_bytes: usize,
    /// Bytes in removed entries and old tables, **of all maps**, that wait for guards to be dropped, or for the collector to look: it is
    /// one for all maps. Counted as in [`entry_bytes`](Self::entry_bytes).
    ///
    /// What another thread has removed last is missing, for it is counted when the thread hands it over, in batches of 8 KiB at most.
    /// So are entries removed during a migration, until that is over.
    pub garbage_bytes: usize,
    /// How often the map has begun to grow. From its first table on, which is none of these.
    pub growths: u64,
    /// How often it has begun to shrink.
    pub shrinks: u64,
    /// The migration to a larger or smaller table that is under way.
    pub migration: Option<Migration>,
}

/// How far a migration is, in groups of buckets: the parts that it is done in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// Groups that have been migrated.
    pub done: usize,
    /// All groups.
    pub total: usize,
}

impl<K, V, S> Pinned<'_, K, V, S> {
    /// Figures about the map: its load, how far entries are from home, memory, migrations.
    ///
    /// Weakly consistent: exact when nobody writes, and no thread is stopped in the middle of a write; else figures of
    /// slightly different moments. Waits for nobody and holds up nobody. O(capacity): it looks at every slot.
    ///
    /// ```
    /// let map: loxley::HashMap<u64, u64> = (0..1000).map(|i| (i, i)).collect();
    /// let stats = map.pin().stats();
    /// assert_eq!((stats.entries, stats.entry_bytes), (1000, 16 * 1000));
    /// assert_eq!(stats.displacements.iter().sum::<usize>(), 1000);
    /// assert!(stats.displacements[0] > 900, "almost all entries are at home");
    /// assert!(stats.growths > 0 && stats.load < 5.0 / 7.0);
    /// ```
    pub fn stats(&self) -> Stats {
        self.map().stats(self.guard())
    }
}

impl<K, V, S> HashMap<K, V, S> {
    /// See [`Pinned::stats`].
    pub fn stats(&self, guard: &Guard) -> Stats {
        self.op(guard).survey()
    }
}

impl<T, S> PinnedSet<'_, T, S> {
    /// Figures about the set, see [`Pinned::stats`].
    ///
    /// ```
    /// let set = loxley::HashSet::from([1, 2]);
    /// assert_eq!(set.pin().stats().entries, 2);
    /// ```
    pub fn stats(&self) -> Stats {
        self.set().stats(self.guard())
    }
}

impl<T, S> HashSet<T, S> {
    /// See [`PinnedSet::stats`].
    pub fn stats(&self, guard: &Guard) -> Stats {
        self.map.stats(guard)
    }
}

impl<K, V, S> Pinned<'_, K, V, S>
where
    K: Hash + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Does a part of the migration to a larger or smaller table, if one is under way, and returns whether something is left to do.
    /// If none is, and the map was [made to shrink](crate::Builder::shrink_below) when it is as empty as it is now, begins one.
    ///
    /// Every insertion and removal does as much ([`copy_budget`](crate::Builder::copy_budget)), and nobody ever waits
    /// for a migration, so no map needs this, unless it shall shrink of itself. It is for threads that have nothing
    /// better to do: the sooner a migration is over, the sooner the old table's memory comes back, and writes are as
    /// fast as they were. Useful when writes stop, too, for then nobody else goes on with it.
    ///
    /// Lock-free. O(copy budget), except where the smaller table must be allocated that this call, or another thread's
    /// [`shrink_to`](Self::shrink_to), makes the map shrink to (if there is no memory for it, `handle_alloc_error` is called, as
    /// everywhere); and O(capacity) where this call finds that the map is to shrink. Threads that help at the same time share
    /// the work.
    ///
    /// ```
    /// let map = loxley::HashMap::new();
    /// (0..5000).for_each(|i| _ = map.pin().insert(i, i));
    /// while map.pin().help_resize() {} // a view for each part: nothing is held back for long
    /// assert_eq!(map.pin().stats().migration, None);
    /// ```
    pub fn help_resize(&self) -> bool {
        self.map().help_resize(self.guard())
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// See [`Pinned::help_resize`].
    pub fn help_resize(&self, guard: &Guard) -> bool {
        self.op(guard).help_resize()
    }
}

impl<T: Hash + Send + 'static, S: BuildHasher> PinnedSet<'_, T, S> {
    /// Does a part of the migration that is under way, see [`Pinned::help_resize`].
    ///
    /// ```
    /// let set = loxley::HashSet::<u8>::new();
    /// assert!(!set.pin().help_resize());
    /// ```
    pub fn help_resize(&self) -> bool {
        self.set().help_resize(self.guard())
    }
}

impl<T: Hash + Send + 'static, S: BuildHasher> HashSet<T, S> {
    /// See [`PinnedSet::help_resize`].
    pub fn help_resize(&self, guard: &Guard) -> bool {
        self.map.help_resize(guard)
    }
}
