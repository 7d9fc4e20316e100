//! Many keys at once: their cache misses overlap.
//!
//! One lookup in a map that is larger than the caches waits for memory twice, one wait after the other: for the bucket, then for
//! the entry. A batch hashes its keys and starts to fetch all their buckets, then all their entries, and looks them up
//! when most of that has arrived.

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::iter::{Fuse, FusedIterator};

use equivalent::Equivalent;

use crate::map::HashMap;
use crate::pinned::Pinned;
use crate::raw::{Inserted, Mode, Node, Op};
use crate::reclaim::Guard;

/// Keys that are looked up at once.
const LOOKUPS: usize = 32;

/// Entries that are inserted at once; fewer, as they are moved into place.
const INSERTIONS: usize = 16;

impl<K: Hash + Eq, V, S: BuildHasher> Pinned<'_, K, V, S> {
    /// Looks up many keys: an iterator over what [`get`](Self::get) returns for each, in order.
    ///
    /// In maps larger than the processor's caches up to twice as fast as single lookups; in those that fit into them, single
    /// lookups are faster. Each lookup is linearizable by itself; together they are no snapshot. Keys are taken from
    /// their iterator in batches, ahead of the results. Wait-free, as single lookups.
    ///
    /// ```
    /// let map: loxley::HashMap<String, u8> = [("a".into(), 1), ("c".into(), 3)].into();
    /// let view = map.pin();
    /// let values: Vec<_> = view.get_many(["a", "b", "c"]).collect();
    /// assert_eq!(values, [Some(&1), None, Some(&3)]);
    /// ```
    #[doc(alias("multi_get"))]
    #[inline]
    pub fn get_many<'a, 'k, Q, I>(&'a self, keys: I) -> GetMany<'a, K, V, S, I::IntoIter>
    where
        Q: Hash + Equivalent<K> + ?Sized + 'k,
        I: IntoIterator<Item = &'k Q>,
    {
        self.map().get_many(keys, self.guard())
    }
}

impl<K, V, S> Pinned<'_, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Inserts many entries, each as by [`insert`](Self::insert), in order; returns how many keys were new.
    ///
    /// Each insertion is linearizable by itself; together they are not atomic. Entries are taken from their iterator in batches,
    /// ahead of their insertion, and what is replaced is held back until the view is dropped:
    /// [`extend`](Extend::extend) does neither.
    ///
    /// # Panics
    /// If the capacity overflows, or if the iterator or a key's `Hash` panics. Entries of the batches before are in the map
    /// then, those of this one may be lost.
    ///
    /// ```
    /// let map = loxley::HashMap::new();
    /// assert_eq!(map.pin().insert_many([(1, 'a'), (2, 'b'), (1, 'c')]), 2);
    /// assert_eq!(map.pin().get(&1), Some(&'c'));
    /// ```
    pub fn insert_many(&self, entries: impl IntoIterator<Item = (K, V)>) -> usize {
        self.map().insert_many(entries, self.guard())
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> HashMap<K, V, S> {
    /// See [`Pinned::get_many`].
    #[inline]
    pub fn get_many<'g, 'k, Q, I>(&'g self, keys: I, guard: &'g Guard) -> GetMany<'g, K, V, S, I::IntoIter>
    where
        Q: Hash + Equivalent<K> + ?Sized + 'k,
        I: IntoIterator<Item = &'k Q>,
    {
        GetMany {
            op: self.op(guard),
            keys: keys.into_iter().fuse(),
            batch: [const { None }; LOOKUPS],
            next: 0,
            end: 0,
        }
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// See [`Pinned::insert_many`].
    pub fn insert_many(&self, entries: impl IntoIterator<Item = (K, V)>, guard: &Guard) -> usize {
        let mut entries = entries.into_iter().fuse();
        let mut new = 0;
        while let Some(batch) = self.gather(&mut entries) {
            new += self.insert_batch(batch, Mode::Replace, guard);
        }
        new
    }

    /// Takes the next few entries. None if there are none.
    pub(crate) fn gather(&self, entries: &mut impl FusedIterator<Item = (K, V)>) -> Option<Batch<K, V>> {
        let mut batch = [const { None }; INSERTIONS];
        for place in &mut batch {
            let Some((key, value)) = entries.next() else { break };
            *place = Some((self.hash_of(&key), key, value));
        }
        batch[0].is_some().then_some(batch)
    }

    /// Inserts them, and returns how many keys were new.
    pub(crate) fn insert_batch(&self, batch: Batch<K, V>, mode: Mode, guard: &Guard) -> usize {
        batch.iter().flatten().for_each(|&(hash, ..)| self.hashed(hash, guard).prefetch());
        let insert = |(hash, key, value)| self.hashed(hash, guard).insert_node(key, value, mode);
        batch.into_iter().flatten().map(insert).filter(|inserted| matches!(inserted, Inserted::New(_))).count()
    }
}

/// Entries with the hashes of their keys.
pub(crate) type Batch<K, V> = [Option<(u64, K, V)>; INSERTIONS];

/// The values of many keys, from [`Pinned::get_many`].
#[must_use = "iterators do nothing unless they are consumed"]
pub struct GetMany<'g, K, V, S, I: Iterator> {
    op: Op<'g, K, V, S>,
    /// Fused, for it is asked again after its end.
    keys: Fuse<I>,
    /// Keys whose entries are being fetched, with their hashes: those from `next` to `end`.
    batch: [Option<(u64, I::Item)>; LOOKUPS],
    next: usize,
    end: usize,
}

impl<'g, 'k, K, V, S, Q, I> GetMany<'g, K, V, S, I>
where
    K: Hash + Eq,
    S: BuildHasher,
    Q: Hash + Equivalent<K> + ?Sized + 'k,
    I: Iterator<Item = &'k Q>,
{
    fn fetch(&mut self) {
        (self.next, self.end) = (0, 0);
        for place in &mut self.batch {
            let Some(key) = self.keys.next() else { break };
            let hash = self.op.hash(key);
            self.op.prefetch_bucket(hash);
            *place = Some((hash, key));
            self.end += 1;
        }
        for &(hash, _) in self.batch[..self.end].iter().flatten() {
            self.op.prefetch_entry(hash);
        }
    }

    #[inline]
    pub(crate) fn next_node(&mut self) -> Option<Option<&'g Node<K, V>>> {
        if self.next == self.end {
            self.fetch();
            if self.end == 0 {
                return None;
            }
        }
        let (hash, key) = self.batch[self.next].take()?;
        self.next += 1;
        Some(self.op.find(hash, key))
    }
}

impl<'g, 'k, K, V, S, Q, I> Iterator for GetMany<'g, K, V, S, I>
where
    K: Hash + Eq,
    S: BuildHasher,
    Q: Hash + Equivalent<K> + ?Sized + 'k,
    I: Iterator<Item = &'k Q>,
{
    type Item = Option<&'g V>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some(self.next_node()?.map(Node::value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let fetched = self.end - self.next;
        let (least, most) = self.keys.size_hint();
        (least.saturating_add(fetched), most.and_then(|most| most.checked_add(fetched)))
    }
}

impl<'k, K, V, S, Q, I> ExactSizeIterator for GetMany<'_, K, V, S, I>
where
    K: Hash + Eq,
    S: BuildHasher,
    Q: Hash + Equivalent<K> + ?Sized + 'k,
    I: ExactSizeIterator<Item = &'k Q>,
{
}

impl<'k, K, V, S, Q, I> FusedIterator for GetMany<'_, K, V, S, I>
where
    K: Hash + Eq,
    S: BuildHasher,
    Q: Hash + Equivalent<K> + ?Sized + 'k,
    I: Iterator<Item = &'k Q>,
{
}

impl<K, V, S, I: Iterator> fmt::Debug for GetMany<'_, K, V, S, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("GetMany { .. }")
    }
}
