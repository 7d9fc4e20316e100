//! Parallel iteration and collection with `rayon`, with the feature `rayon`.
//!
//! ```
//! use rayon::prelude::*;
//!
//! let squares: loxley::HashMap<u64, u64> = (0..1000).into_par_iter().map(|i| (i, i * i)).collect();
//! let sum: u64 = squares.pin().par_iter().map(|(_, square)| square).sum();
//! assert_eq!(sum, (0..1000).map(|i| i * i).sum());
//! ```
//!
//! A view is iterated over in ranges of hashes, each as [`Pinned::iter`] would do it, and what that promises holds of all together,
//! whatever others do meanwhile: keys that stay are yielded exactly once.
//!
//! What it yields does not outlive the view:
//! ```compile_fail,E0716
//! use rayon::prelude::*;
//!
//! let map: loxley::HashMap<u8, u8> = [(1, 2)].into();
//! let entries: Vec<(&u8, &u8)> = map.pin().par_iter().collect();
//! println!("{entries:?}");
//! ```

use std::fmt;
use std::hash::{BuildHasher, Hash};

use ahash::RandomState;
use rayon::iter::plumbing::{Folder, UnindexedConsumer, UnindexedProducer, bridge_unindexed};
use rayon::prelude::*;

use crate::map::HashMap;
use crate::pinned::Pinned;
use crate::raw::{Op, Walk};
use crate::reclaim::Guard;
use crate::set::{HashSet, PinnedSet};

/// Buckets that are not worth sharing out.
const FEW_HOMES: u64 = 64;

/// A parallel iterator over the entries of a view.
pub struct Iter<'a, K, V, S = RandomState> {
    op: Op<'a, K, V, S>,
}

impl<'a, K, V, S> Iter<'a, K, V, S> {
    fn new(map: &'a HashMap<K, V, S>, guard: &'a Guard) -> Self {
        Self { op: map.op(guard) }
    }
}

impl<'a, K, V, S> IntoParallelIterator for &'a Pinned<'_, K, V, S>
where
    K: Hash + Eq + Send + Sync,
    V: Send + Sync,
    S: BuildHasher + Sync,
{
    type Item = (&'a K, &'a V);
    type Iter = Iter<'a, K, V, S>;

    fn into_par_iter(self) -> Iter<'a, K, V, S> {
        Iter::new(self.map(), self.guard())
    }
}

impl<'a, K, V, S> ParallelIterator for Iter<'a, K, V, S>
where
    K: Hash + Eq + Send + Sync,
    V: Send + Sync,
    S: BuildHasher + Sync,
{
    type Item = (&'a K, &'a V);

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        bridge_unindexed(Part { op: self.op, first: 0, last: u64::MAX }, consumer)
    }
}

/// The entries with hashes from `first` to `last`.
struct Part<'a, K, V, S> {
    op: Op<'a, K, V, S>,
    first: u64,
    last: u64,
}

impl<'a, K, V, S> UnindexedProducer for Part<'a, K, V, S>
where
    K: Hash + Eq + Send + Sync,
    V: Send + Sync,
    S: BuildHasher + Sync,
{
    type Item = (&'a K, &'a V);

    fn split(self) -> (Self, Option<Self>) {
        let hashes = self.last - self.first;
        if hashes / FEW_HOMES < self.op.hashes_per_home() {
            return (self, None);
        }
        let middle = self.first + hashes / 2;
        (Self { last: middle, ..self }, Some(Self { first: middle + 1, ..self }))
    }

    fn fold_with<F: Folder<Self::Item>>(self, mut folder: F) -> F {
        let mut walk = Walk::new(self.first..=self.last);
        while !folder.full() {
            let Some(node) = walk.next(self.op) else { break };
            folder = folder.consume(node.pair());
        }
        folder
    }
}

impl<K, V, S> Clone for Iter<'_, K, V, S> {
    fn clone(&self) -> Self {
        Self { op: self.op }
    }
}

impl<K, V, S> fmt::Debug for Iter<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Iter { .. }")
    }
}

/// A parallel iterator over the elements of the view of a set.
pub struct SetIter<'a, T, S = RandomState>(Iter<'a, T, (), S>);

impl<'a, T, S> IntoParallelIterator for &'a PinnedSet<'_, T, S>
where
    T: Hash + Eq + Send + Sync,
    S: BuildHasher + Sync,
{
    type Item = &'a T;
    type Iter = SetIter<'a, T, S>;

    fn into_par_iter(self) -> SetIter<'a, T, S> {
        SetIter(Iter::new(&self.set().map, self.guard()))
    }
}

impl<'a, T, S> ParallelIterator for SetIter<'a, T, S>
where
    T: Hash + Eq + Send + Sync,
    S: BuildHasher + Sync,
{
    type Item = &'a T;

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        self.0.map(|(element, ())| element).drive_unindexed(consumer)
    }
}

impl<T, S> Clone for SetIter<'_, T, S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T, S> fmt::Debug for SetIter<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("SetIter { .. }")
    }
}

/// Takes the map apart first, on this thread.
impl<K: Send, V: Send, S> IntoParallelIterator for HashMap<K, V, S> {
    type Item = (K, V);
    type Iter = rayon::vec::IntoIter<(K, V)>;

    fn into_par_iter(self) -> Self::Iter {
        self.into_iter().collect::<Vec<_>>().into_par_iter()
    }
}

/// Gathers the references first, on this thread.
impl<'a, K: Sync, V: Send, S> IntoParallelIterator for &'a mut HashMap<K, V, S> {
    type Item = (&'a K, &'a mut V);
    type Iter = rayon::vec::IntoIter<(&'a K, &'a mut V)>;

    fn into_par_iter(self) -> Self::Iter {
        self.iter_mut().collect::<Vec<_>>().into_par_iter()
    }
}

/// Takes the set apart first, on this thread.
impl<T: Send, S> IntoParallelIterator for HashSet<T, S> {
    type Item = T;
    type Iter = rayon::vec::IntoIter<T>;

    fn into_par_iter(self) -> Self::Iter {
        self.into_iter().collect::<Vec<_>>().into_par_iter()
    }
}

/// Inserts from many threads; which one of several entries with one key stays is not determined.
impl<K, V, S> ParallelExtend<(K, V)> for HashMap<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Sync,
{
    fn par_extend<I: IntoParallelIterator<Item = (K, V)>>(&mut self, entries: I) {
        let (map, entries) = (&*self, entries.into_par_iter());
        map.pin().reserve(entries.opt_len().unwrap_or(0));
        entries.for_each(|(key, value)| {
            map.pin().insert(key, value);
        });
    }
}

/// Inserts from many threads; which one of several entries with one key stays is not determined.
impl<K, V, S> FromParallelIterator<(K, V)> for HashMap<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Default + Sync,
{
    fn from_par_iter<I: IntoParallelIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        map.par_extend(entries);
        map
    }
}

/// Inserts from many threads; which one of several equal elements stays is not determined.
impl<T, S> ParallelExtend<T> for HashSet<T, S>
where
    T: Hash + Eq + Send + Sync + 'static,
    S: BuildHasher + Sync,
{
    fn par_extend<I: IntoParallelIterator<Item = T>>(&mut self, elements: I) {
        let (set, elements) = (&*self, elements.into_par_iter());
        set.pin().reserve(elements.opt_len().unwrap_or(0));
        elements.for_each(|element| {
            set.pin().insert(element);
        });
    }
}

/// Inserts from many threads; which one of several equal elements stays is not determined.
impl<T, S> FromParallelIterator<T> for HashSet<T, S>
where
    T: Hash + Eq + Send + Sync + 'static,
    S: BuildHasher + Default + Sync,
{
    fn from_par_iter<I: IntoParallelIterator<Item = T>>(elements: I) -> Self {
        let mut set = Self::default();
        set.par_extend(elements);
        set
    }
}
