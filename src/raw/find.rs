//! The reader's path: wait-free, and it never stores.
//!
//! Almost every lookup is decided by the home bucket: a LIVE entry is the truth by itself, and if there is none, so is an
//! EMPTY slot: nothing of a home with an EMPTY slot is elsewhere, or frozen. That much is
//! [`Core::find`]. If the home bucket is full, the buckets to its right are looked at in a straight line
//! ([`find_displaced`](Table::find_displaced)). Entries on their way, migrations and fingerprints that are the same by
//! chance are left to the whole search.
//!
//! Why no reader misses a key that is there: entries only move right, readers scan buckets from left to right, a
//! move raises the bound of its home before it decides, and the bound is read again at the end. Why it ends: a bound is at
//! most the number of buckets, each table is scanned once, and a table is left only for its successor.

use equivalent::Equivalent;

use super::core::Core;
use super::guards::{Guarded, without};
use super::node::Node;
use super::seek::first_of;
use super::table::{Next, Table};
use super::word::{State, Word, readable_tag};
use crate::reclaim::Guard;

/// What a lookup in one table found.
enum Lookup<'g, K, V> {
    Found(&'g Node<K, V>),
    Absent,
    /// The next table answers for this home.
    Migrated,
}

impl<K, V> Core<K, V> {
    /// Starts to fetch the bucket of `hash`, for an insertion, which has something to do before it needs it.
    #[inline(always)]
    pub(crate) fn prefetch(&self, hash: u64, guard: &Guard) {
        if let Some(table) = self.root(guard) {
            table.bucket_of(hash).prefetch_for_write();
        }
    }

    /// The entry of `key`, whose hash is `hash`.
    ///
    /// Linearization point: the load of the slot word that is returned; for an absent key, a moment between the
    /// probe of the home bucket and the last load of the meta word, or of the EMPTY slot.
    #[inline(always)]
    pub(crate) fn find<'g, Q>(&self, hash: u64, key: &Q, guard: &'g Guard) -> Option<&'g Node<K, V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let table = self.root(guard)?;
        let bucket = table.bucket_of(hash);
        let tag = readable_tag(table.fingerprint(hash), 0);
        if let Some((_, word)) = bucket.with_tag(tag).first() {
            // The first one that looks like the entry is it, but for one lookup in some hundreds.
            // SAFETY: a LIVE word's node is in the map as of its load, so it is freed after our guard is gone.
            return match word.live_node(tag).map(|node| unsafe { &*node }) {
                Some(node) if key.equivalent(node.key()) => Some(node),
                _ => table.find_anywhere(hash, key),
            };
        }
        // A migrator seals EMPTY slots before it freezes entries: as there is one still, nothing was FROZEN when it was probed.
        if bucket.has_empty() { None } else { table.find_displaced(hash, key) }
    }
}

impl<'g, K, V> Table<'g, K, V> {
    /// The search to the right of a home bucket that is full and where no word looked like the entry: straight on, as long
    /// as nothing there is on its way to somewhere else.
    ///
    /// Only here is meta read after the home bucket, of which nothing but tags was looked at. As meta is not frozen, nothing
    /// of the home was FROZEN then. An entry that was MOVED is within the bound, or has been removed since, for nobody
    /// lowers a bound below an entry.
    #[inline(never)]
    fn find_displaced<Q>(self, hash: u64, key: &Q) -> Option<&'g Node<K, V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let (home, fingerprint) = (self.home(hash), self.fingerprint(hash));
        let bucket = self.home_bucket(home);
        let meta = bucket.meta();
        if meta.is_frozen() && !without(Guarded::reader_frozen) {
            return self.find_anywhere(hash, key);
        }
        let bound = self.bound(meta);
        for displacement in 1..=bound {
            let tag = readable_tag(fingerprint, displacement);
            let (alike, settled) = self.bucket(home + displacement).look_displaced(tag);
            if !alike.is_empty() {
                let entry = first_of(alike, tag, displacement, key);
                return entry.map_or_else(|| self.find_anywhere(hash, key), |entry| Some(entry.node()));
            }
            if !settled && !without(Guarded::reader_settled) {
                return self.find_anywhere(hash, key);
            }
        }
        let unchanged = bound == 0 || bucket.meta() == meta || without(Guarded::reader_bound);
        if unchanged { None } else { self.find_anywhere(hash, key) }
    }

    /// The whole search, from the beginning. Out of line, so that the common path keeps its registers.
    #[cold]
    #[inline(never)]
    fn find_anywhere<Q>(self, hash: u64, key: &Q) -> Option<&'g Node<K, V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let mut table = self;
        loop {
            match table.lookup(hash, key) {
                Lookup::Found(node) => return Some(node),
                Lookup::Absent => return None,
                Lookup::Migrated => table = table.successor(),
            }
        }
    }

    fn lookup<Q>(self, hash: u64, key: &Q) -> Lookup<'g, K, V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let home = self.home(hash);
        let fingerprint = self.fingerprint(hash);
        // The first displacement that has not been searched.
        let mut next = 0;
        loop {
            let meta = self.home_bucket(home).meta();
            if meta.is_migrated() && !without(Guarded::reader_migrated) {
                return Lookup::Migrated;
            }
            let bound = self.bound(meta);
            if next > bound || (next > 0 && without(Guarded::reader_bound)) {
                return Lookup::Absent;
            }
            for displacement in next..=bound {
                let bucket = self.bucket(home + displacement);
                let tag = readable_tag(fingerprint, displacement);
                for (_, word) in bucket.with_tag(tag).chain(bucket.in_transit()) {
                    if let Some(end) = self.examine(home, displacement, word, key) {
                        return end;
                    }
                }
                if displacement == 0 && bucket.has_empty() {
                    return Lookup::Absent;
                }
            }
            next = bound + 1;
        }
    }

    /// What a word `displacement` buckets right of `home` says of `key`, if anything.
    fn examine<Q>(
        self,
        home: usize,
        displacement: usize,
        word: Word<Node<K, V>>,
        key: &Q,
    ) -> Option<Lookup<'g, K, V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        match word.state() {
            State::Live => {}
            // Of another home: not our key.
            State::Frozen if word.displacement() != displacement => return None,
            // The next table may have a newer value, or none, as soon as the home is migrated; not before.
            State::Frozen | State::Cross if without(Guarded::migrated_first) => {}
            State::Frozen | State::Cross if self.home_bucket(home).meta().is_migrated() => {
                return Some(Lookup::Migrated);
            }
            State::Frozen | State::Cross => {}
            // The move is decided, and the target says whether the entry has arrived (then we shall meet it there).
            State::Moved if without(Guarded::reader_moved) => return None,
            State::Moved if without(Guarded::reader_arrived) => {}
            State::Moved if self.moved_to(home + displacement, word).load().is_copy_of(word.node()) => {}
            _ => return None,
        }
        // SAFETY: LIVE: in the map as of its load. FROZEN, CROSS: the node is in the map, or was removed through the next
        // table and waits in limbo for this table, or was retired after the root moved on, when we had our guard
        // already. MOVED: its COPY was still there after we read MOVED, so the node was in the map then.
        let node = unsafe { &*word.node() };
        (key.equivalent(node.key())).then_some(Lookup::Found(node))
    }

    /// The table that answers for a migrated home.
    pub(super) fn successor(self) -> Table<'g, K, V> {
        match self.next() {
            Next::Table(next) => next,
            Next::Nothing | Next::Deciding { .. } => unreachable!("a migrated home has a table to be migrated to"),
        }
    }
}
