//! Removal, and replacement of the value of a key that is there.

use std::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use super::core::Op;
use super::guards::{Guarded, without};
use super::migrate::Resize;
use super::node::{Node, OwnedNode};
use super::resize::Current;
use super::seek::{Entry, Seek, tomb};
use super::table::Table;
use super::word::{Fingerprint, State, Word};

/// Where a key was found: its table and the migration that fills it, its slot, and the bound of its home.
struct Found<'g, K, V> {
    table: Table<'g, K, V>,
    filling: Option<Resize<'g, K, V>>,
    entry: Entry<'g, K, V>,
    bound: usize,
}

impl<'g, K, V, S> Op<'g, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Removes `key` if `condition` (user code; asked anew when the entry has changed) says so of its entry.
    ///
    /// Linearization point: the exchange LIVE → TOMB; where nothing is removed, as in a lookup.
    pub(crate) fn remove_if<Q>(
        self,
        hash: u64,
        key: &Q,
        mut condition: impl FnMut(&'g Node<K, V>) -> bool,
    ) -> Option<&'g Node<K, V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        loop {
            let Found { table, filling, entry, bound } = self.seek_entry(hash, key)?;
            let node = entry.node();
            if !condition(node) {
                return None;
            }
            if entry.slot.exchange(entry.word, tomb()) {
                self.core.count.add(-1, self.guard);
                // SAFETY: our exchange took it out.
                unsafe { self.retire(table, filling, node) };
                if entry.at.displacement > 0 && entry.at.displacement == bound {
                    self.try_lower(table, table.home(hash), bound);
                }
                return Some(node);
            }
        }
    }

    /// Replaces the value of `key` by what `update` makes of it (user code; called again when the entry has changed).
    /// Returns the new entry.
    ///
    /// Linearization point: the exchange of one LIVE word for the other.
    pub(crate) fn update(self, hash: u64, key: K, mut update: impl FnMut(&V) -> V) -> Option<&'g Node<K, V>> {
        let mut found = self.seek_entry(hash, &key)?;
        // The entry that the new value is made of. Its address cannot come back: our guard keeps it.
        let mut base = found.entry.word.node();
        let mut new = OwnedNode::new(key, update(found.entry.node().value()));
        loop {
            let Found { table, filling, entry, .. } = &found;
            if entry.word.node() != base {
                *new.value_mut() = update(entry.node().value());
                base = entry.word.node();
            }
            let live = Word::live(new.as_ptr(), Fingerprint::of(hash), entry.at.displacement);
            if entry.slot.exchange(entry.word, live) {
                // SAFETY: our exchange took it out.
                unsafe { self.retire(*table, *filling, entry.node()) };
                // SAFETY: in the map a moment ago, and our guard is older than that.
                return Some(unsafe { &*new.publish() });
            }
            found = self.seek_entry(hash, new.key())?;
        }
    }

    /// The slot of `key` in the newest table.
    fn seek_entry<Q>(self, hash: u64, key: &Q) -> Option<Found<'g, K, V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        'root: loop {
            let Current { table, filling } = self.table_for_update(hash)?;
            let bucket = table.home_bucket(table.home(hash));
            let mut first = 0;
            loop {
                let meta = bucket.meta();
                if meta.is_migrated() {
                    continue 'root;
                }
                let bound = meta.bound().min(table.mask());
                if first > bound || (first > 0 && without(Guarded::writer_bound)) {
                    return None;
                }
                match self.seek(table, hash, key, first..bound + 1) {
                    Seek::Live(entry) => return Some(Found { table, filling, entry, bound }),
                    Seek::Frozen => continue 'root,
                    Seek::Vacant(_) => return None,
                    Seek::Absent => first = bound + 1,
                }
            }
        }
    }

    /// Lowers the bound of `home` from `displacement` by one, if no entry of it is that far right any more. Best effort: a
    /// bound that is too high costs time only.
    ///
    /// It must stop at a PENDING or a COPY of any home: that may be one of ours, whose owner has not raised the bound yet
    /// and will not see it lowered if it raised it before (a COPY has no commit that compares versions).
    fn try_lower(self, table: Table<'g, K, V>, home: usize, displacement: usize) {
        let bucket = table.home_bucket(home);
        let meta = bucket.meta();
        if (meta.is_frozen() && !without(Guarded::lower_frozen)) || meta.bound() != displacement {
            return;
        }
        for slot in table.bucket(home + displacement).slots() {
            let word = slot.load();
            match word.state() {
                State::Pending if !without(Guarded::lower_pending) => return,
                State::Copy if !without(Guarded::lower_copy) => return,
                State::Live if without(Guarded::lower_live) => {}
                State::Live if word.displacement() == displacement => return,
                _ => {}
            }
        }
        bucket.exchange_meta(meta, meta.with_bound(displacement - 1));
    }
}
