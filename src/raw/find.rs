//! The reader's path: wait-free, and it never stores.
//!
//! Almost every lookup is decided by one probe of the home bucket: LIVE is the truth by itself (a frozen home has none),
//! and so is an EMPTY slot (nothing of a home with an EMPTY slot is elsewhere, and a frozen home has none). Only then come the
//! meta word and the displaced entries.
//!
//! Why no reader misses a key that is there: entries only move right, readers scan buckets from left to right, a
//! move raises the bound of its home before it decides, and the bound is read again at the end. Why it ends: a bound is at
//! most the number of buckets, each table is scanned once, and a table is left only for its successor.

use std::borrow::Borrow;

use super::core::Core;
use super::node::Node;
use super::table::{Next, Table};
use super::word::{Fingerprint, State, Word, readable_tag};
use crate::reclaim::Guard;

/// What a lookup in one table found.
enum Lookup<'g, K, V> {
    Found(&'g Node<K, V>),
    Absent,
    /// The next table answers for this home.
    Migrated,
}

impl<K, V> Core<K, V> {
    /// The entry of `key`, whose hash is `hash`.
    ///
    /// Linearization point: the load of the slot word that is returned; for an absent key, a moment between the
    /// probe of the home bucket and the last load of the meta word.
    #[inline]
    pub(crate) fn find<'g, Q>(&self, hash: u64, key: &Q, guard: &'g Guard) -> Option<&'g Node<K, V>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let mut table = self.root(guard)?;
        loop {
            match table.lookup(hash, key) {
                Lookup::Found(node) => return Some(node),
                Lookup::Absent => return None,
                Lookup::Migrated => table = table.successor(),
            }
        }
    }
}

impl<'g, K, V> Table<'g, K, V> {
    #[inline]
    fn lookup<Q>(self, hash: u64, key: &Q) -> Lookup<'g, K, V>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let home = self.home(hash);
        let fingerprint = Fingerprint::of(hash);
        let bucket = self.home_bucket(home);
        for (_, word) in bucket.with_tag(readable_tag(fingerprint, 0)) {
            if let Some(end) = self.examine(home, home, word, key) {
                return end;
            }
        }
        if bucket.has_empty() {
            return Lookup::Absent;
        }
        self.lookup_beyond(home, fingerprint, key)
    }

    /// The rest of a lookup that the home bucket's readable slots did not decide.
    fn lookup_beyond<Q>(self, home: usize, fingerprint: Fingerprint, key: &Q) -> Lookup<'g, K, V>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        for (_, word) in self.home_bucket(home).in_transit() {
            if let Some(end) = self.examine(home, home, word, key) {
                return end;
            }
        }
        let mut scanned = 0;
        loop {
            let meta = self.home_bucket(home).meta();
            if meta.is_migrated() {
                return Lookup::Migrated;
            }
            let bound = meta.bound().min(self.mask());
            if bound <= scanned {
                return Lookup::Absent;
            }
            for displacement in scanned + 1..=bound {
                let index = home + displacement;
                let bucket = self.bucket(index);
                let tag = readable_tag(fingerprint, displacement);
                for (_, word) in bucket.with_tag(tag).chain(bucket.in_transit()) {
                    if let Some(end) = self.examine(home, index, word, key) {
                        return end;
                    }
                }
            }
            scanned = bound;
        }
    }

    /// What a word in bucket `index` says of `key`, if anything.
    #[inline(always)]
    fn examine<Q>(self, home: usize, index: usize, word: Word<Node<K, V>>, key: &Q) -> Option<Lookup<'g, K, V>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        if word.is_live() {
            // SAFETY: a LIVE word's node is in the map as of its load, so it is freed after our guard is gone.
            let node = unsafe { &*word.node() };
            return (node.key().borrow() == key).then_some(Lookup::Found(node));
        }
        self.examine_unusual(home, index, word, key)
    }

    #[cold]
    fn examine_unusual<Q>(
        self,
        home: usize,
        index: usize,
        word: Word<Node<K, V>>,
        key: &Q,
    ) -> Option<Lookup<'g, K, V>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        match word.state() {
            // The next table may have a newer value, or none, as soon as the home is migrated; not before.
            State::Frozen | State::Cross if self.home_bucket(home).meta().is_migrated() => {
                return Some(Lookup::Migrated);
            }
            State::Frozen | State::Cross => {}
            // The move is decided, and the target says whether the entry has arrived (then we shall meet it there).
            State::Moved if self.moved_to(index, word).load().is_copy_of(word.node()) => {}
            _ => return None,
        }
        // SAFETY: FROZEN, CROSS: the node is in the map, or was removed through the next table and waits in limbo for
        // this table, or was retired after the root moved on, when we had our guard already. MOVED: its COPY was still
        // there after we read MOVED, so the node was in the map then.
        let node = unsafe { &*word.node() };
        (node.key().borrow() == key).then_some(Lookup::Found(node))
    }

    /// The table that answers for a migrated home.
    pub(super) fn successor(self) -> Table<'g, K, V> {
        match self.next() {
            Next::Table(next) => next,
            Next::Nothing | Next::Deciding => unreachable!("a migrated home has a table to be migrated to"),
        }
    }
}
