//! Iteration, home by home.
//!
//! Homes are the top bits of hashes, in every table: home h of a table is homes 2h and 2h + 1 of one twice its size. So a
//! position in an iteration is a *hash*: everything below it has been visited, whatever the tables were meanwhile.
//! A step visits the home of that hash, in the table that answers for it, and moves the position to the end of that home.
//!
//! All entries of a home are gathered before the first of them is yielded. One that moves right meanwhile may be met twice,
//! and so may a key that is removed and inserted again. In both cases a slot that was gathered has changed by the end: then
//! duplicates are dropped by comparing keys. So a key that stays in the map is yielded exactly once, and none twice.

use std::hash::{BuildHasher, Hash};

use super::bucket::Slot;
use super::core::Op;
use super::guards::{Guarded, without};
use super::node::Node;
use super::table::Table;
use super::word::{State, Word};

/// An entry as it was gathered: the slot and the word that it held.
struct Gathered<'g, K, V> {
    slot: &'g Slot<K, V>,
    word: Word<Node<K, V>>,
}

impl<'g, K, V> Gathered<'g, K, V> {
    fn node(&self) -> &'g Node<K, V> {
        // SAFETY: as in `find.rs`: in the map while its word was there, or in limbo until the table is freed.
        unsafe { &*self.word.node() }
    }

    /// A MOVED entry may be met again at the target of its move, even before the source becomes a tombstone.
    fn has_changed(&self) -> bool {
        (self.word.state() == State::Moved && !without(Guarded::walk_moved_changed))
            || self.slot.load() != self.word
    }
}

/// The state of an iteration.
pub(crate) struct Walk<'g, K, V> {
    /// The hash up to which all has been visited; None at the end.
    position: Option<u64>,
    /// What is left of the home that was visited last.
    batch: Vec<Gathered<'g, K, V>>,
}

impl<'g, K: Hash + Eq, V> Walk<'g, K, V> {
    pub(crate) fn new() -> Self {
        Self { position: Some(0), batch: Vec::new() }
    }

    #[inline]
    pub(crate) fn next<S: BuildHasher>(&mut self, op: Op<'g, K, V, S>) -> Option<&'g Node<K, V>> {
        loop {
            if let Some(entry) = self.batch.pop() {
                return Some(entry.node());
            }
            self.visit(op, self.position?);
        }
    }

    /// Gathers the entries of the home of `position` and moves the position to its end.
    fn visit<S: BuildHasher>(&mut self, op: Op<'g, K, V, S>, position: u64) {
        let Some(mut table) = op.core.root(op.guard) else {
            self.position = None;
            return;
        };
        let home = loop {
            let home = table.home(position);
            if self.gather(op, table, home) {
                break home;
            }
            self.batch.clear();
            table = table.successor();
        };
        if self.batch.iter().any(Gathered::has_changed) && !without(Guarded::walk_duplicates) {
            self.drop_duplicates();
        }
        let shift = 64 - table.log2();
        let start = (home as u64).checked_shl(shift).unwrap_or(0);
        if start < position && !without(Guarded::walk_merged) {
            // The table has shrunk, and the first part of this home was visited in a larger one.
            self.batch.retain(|entry| op.hash(entry.node().key()) >= position);
        }
        self.position = (home as u64 + 1).checked_shl(shift).filter(|&end| end != 0);
    }

    /// Gathers the entries of `home` in `table`. False if the next table answers for it.
    fn gather<S: BuildHasher>(&mut self, op: Op<'g, K, V, S>, table: Table<'g, K, V>, home: usize) -> bool {
        let mut next = 0;
        loop {
            let meta = table.home_bucket(home).meta();
            if meta.is_migrated() {
                return false;
            }
            let bound = meta.bound().min(table.mask());
            if next > bound || (next > 0 && without(Guarded::walk_bound)) {
                return true;
            }
            for displacement in next..=bound {
                if !self.gather_bucket(op, table, home, displacement) {
                    return true;
                }
            }
            next = bound + 1;
        }
    }

    /// Gathers the entries of `home` in one bucket. False: the home bucket was never full, so there are none further right.
    fn gather_bucket<S: BuildHasher>(
        &mut self,
        op: Op<'g, K, V, S>,
        table: Table<'g, K, V>,
        home: usize,
        displacement: usize,
    ) -> bool {
        let index = home + displacement;
        for slot in table.bucket(index).slots() {
            let word = slot.load();
            let here = match word.state() {
                State::Empty if displacement == 0 => return false,
                State::Live | State::Frozen => word.displacement() == displacement,
                // SAFETY: as in `Gathered::node`.
                State::Cross => table.home(op.hash(unsafe { &*word.node() }.key())) == home,
                State::Moved if without(Guarded::walk_moved) => false,
                State::Moved if without(Guarded::walk_arrived) => true,
                State::Moved => {
                    // The move is decided, and while the target is COPY, this word is the entry.
                    let target = word.target();
                    let copy = table.bucket(index + target.buckets).slot(target.slot).load();
                    copy.is_copy_of(word.node()) && copy.displacement() == displacement + target.buckets
                }
                _ => false,
            };
            if here {
                self.batch.push(Gathered { slot, word });
            }
        }
        true
    }

    /// Keeps one entry of each key.
    fn drop_duplicates(&mut self) {
        let mut kept = 0;
        for i in 0..self.batch.len() {
            let key = self.batch[i].node().key();
            if !self.batch[..kept].iter().any(|entry| entry.node().key() == key) {
                self.batch.swap(kept, i);
                kept += 1;
            }
        }
        self.batch.truncate(kept);
    }
}
