//! Removal, and the search for an entry that is to be removed or replaced.

use std::hash::{BuildHasher, Hash};
use std::ptr;

use equivalent::Equivalent;

use super::bucket::Bucket;
use super::core::Op;
use super::fingerprint::Fingerprint;
use super::guards::{Guarded, without};
use super::migrate::Resize;
use super::node::Node;
use super::probe::Look;
use super::resize::Current;
use super::seek::{Entry, Seek, first_of, tomb};
use super::table::Table;
use super::word::{State, readable_tag};

/// Where a key was found: its table and the migration that fills it, its slot, and the bound of its home.
pub(super) struct Found<'g, K, V> {
    pub(super) table: Table<'g, K, V>,
    pub(super) filling: Option<Resize<'g, K, V>>,
    pub(super) entry: Entry<'g, K, V>,
    bound: usize,
}

impl<'g, K, V, S> Op<'g, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Removes `key` if `condition` (user code; asked anew when the key has another entry) says so of its entry.
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
        let mut approved = None;
        loop {
            let found = self.seek_entry(hash, key)?;
            let node = found.entry.node();
            // An entry that was moved is the same still. Addresses do not come back: our guard keeps the nodes that we have seen.
            if !approved.is_some_and(|approved| ptr::eq(approved, node)) {
                if !condition(node) {
                    return None;
                }
                approved = Some(node);
            }
            if self.unlink(hash, &found) {
                return Some(node);
            }
        }
    }

    /// Removes the entry that was found, if it is still there.
    #[inline(always)]
    pub(super) fn unlink(self, hash: u64, found: &Found<'g, K, V>) -> bool {
        let Found { table, filling, entry, bound } = found;
        let unlinked = entry.slot.exchange(entry.word, tomb());
        if unlinked {
            self.core().count.add(-1, self.guard);
            // SAFETY: our exchange took it out.
            unsafe { self.retire(*table, *filling, entry.word.node()) };
            if entry.displacement > 0 && entry.displacement == *bound {
                self.try_lower(*table, table.home(hash), *bound);
            }
        }
        unlinked
    }

    /// The slot of `key` in the newest table.
    ///
    /// Mostly one look at the home bucket tells. A LIVE entry is the truth by itself, and stays it until an exchange of its
    /// word, which fails if a migration has begun meanwhile and frozen it. And an EMPTY slot that is EMPTY still, when all
    /// others have been looked at, means that nothing of this home was ever moved, frozen or inserted elsewhere.
    #[inline]
    pub(super) fn seek_entry<Q>(self, hash: u64, key: &Q) -> Option<Found<'g, K, V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let table = self.core().root(self.guard)?;
        let bucket = table.bucket_of(hash);
        let tag = readable_tag(table.fingerprint(hash), 0);
        match bucket.look(tag) {
            Look::Full => {}
            // A migration that is under way ought to be helped, also by those who find nothing.
            _ if table.has_next() => {}
            Look::Alike(alike) => {
                if let Some(entry) = first_of(alike, tag, 0, key) {
                    return Some(Found { table, filling: None, entry, bound: 0 });
                }
            }
            Look::Vacant(i) if bucket.slot(i).load().is_empty() || without(Guarded::vacant_again) => return None,
            Look::Vacant(_) => {}
        }
        self.displaced_at_first_sight(hash, key).or_else(|| self.seek_entry_anywhere(hash, key))
    }

    /// The entry of `key`, if it is the first to look like it in a bucket right of its home, as far as the bound says, and no
    /// migration is under way. If the bound is out of date already, an entry may be overlooked.
    #[inline(never)]
    pub(super) fn displaced_at_first_sight<Q>(self, hash: u64, key: &Q) -> Option<Found<'g, K, V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let table = self.core().root(self.guard).filter(|table| !table.has_next())?;
        let home = table.home(hash);
        let fingerprint = table.fingerprint(hash);
        let bound = table.bound(table.home_bucket(home).meta());
        let alike = |displacement| first_alike(table.bucket(home + displacement), fingerprint, displacement, key);
        (1..=bound).find_map(alike).map(|entry| Found { table, filling: None, entry, bound })
    }

    #[inline(never)]
    fn seek_entry_anywhere<Q>(self, hash: u64, key: &Q) -> Option<Found<'g, K, V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        'root: loop {
            let Current { table, filling } = self.table_for_update(hash)?;
            let bucket = table.bucket_of(hash);
            let mut first = 0;
            loop {
                let meta = bucket.meta();
                if meta.is_migrated() {
                    continue 'root;
                }
                let bound = table.bound(meta);
                if first > bound || (first > 0 && without(Guarded::writer_bound)) {
                    return None;
                }
                match self.seek(table, hash, key, first..bound + 1) {
                    Seek::Live(entry) => return Some(Found { table, filling, entry, bound }),
                    Seek::Frozen => continue 'root,
                    // Still EMPTY after the probe: so it was when the other slots were probed, and the home was never full.
                    Seek::Vacant(i) if bucket.slot(i).load().is_empty() || without(Guarded::vacant_again) => {
                        return None;
                    }
                    Seek::Vacant(_) => {}
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

/// The entry of `key` in a bucket `displacement` buckets right of its home, if it is the first there that looks like it.
#[inline(always)]
fn first_alike<'g, K, V, Q>(
    bucket: &'g Bucket<K, V>,
    fingerprint: Fingerprint,
    displacement: usize,
    key: &Q,
) -> Option<Entry<'g, K, V>>
where
    Q: Equivalent<K> + ?Sized,
{
    let tag = readable_tag(fingerprint, displacement);
    first_of(bucket.with_tag(tag), tag, displacement, key)
}
