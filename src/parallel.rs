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
//!
//! # Why a view can be shared out
//! A view cannot be sent to another thread, for its guard is the mark of one thread. But the entries that any thread meets
//! are protected by it all the same: the collector frees an entry when all guards that existed when the entry was *retired*
//! are gone, whoever has looked at it. A worker reads the map after the view was made (it was given its part of the view). So
//! what it meets is retired after that, if at all; or it waits in limbo for a table that the worker came to through the
//! root, and that table is retired after that. Either way the view's guard existed then, and protects the entry for as long as
//! the view is borrowed. The guard that the worker takes while it reads may go earlier, and may even be an older one of its
//! thread: the references stay.

use std::fmt;
use std::hash::{BuildHasher, Hash};

use ahash::RandomState;
use rayon::iter::plumbing::{Folder, UnindexedConsumer, UnindexedProducer, bridge_unindexed};
use rayon::prelude::*;

use crate::map::HashMap;
use crate::pinned::Pinned;
use crate::raw::{Node, Walk};
use crate::reclaim::Guard;
use crate::set::{HashSet, PinnedSet};

/// Buckets that are not worth sharing out.
const FEW_HOMES: u64 = 64;

/// A parallel iterator over the entries of a view.
pub struct Iter<'a, K, V, S = RandomState> {
    map: &'a HashMap<K, V, S>,
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
        Iter { map: self.map() }
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
        bridge_unindexed(Part { map: self.map, first: 0, last: u64::MAX }, consumer)
    }
}

/// The entries with hashes from `first` to `last`. Made from a view that is borrowed for `'a`.
struct Part<'a, K, V, S> {
    map: &'a HashMap<K, V, S>,
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
        let guard = Guard::new();
        let per_home = self.map.op(&guard).hashes_per_home();
        if hashes / FEW_HOMES < per_home {
            return (self, None);
        }
        let middle = self.first + hashes / 2;
        (Self { last: middle, ..self }, Some(Self { first: middle + 1, ..self }))
    }

    fn fold_with<F: Folder<Self::Item>>(self, mut folder: F) -> F {
        let guard = Guard::new();
        let op = self.map.op(&guard);
        let mut walk = Walk::new(self.first..=self.last);
        while !folder.full() {
            let Some(node) = walk.next(op) else { break };
            // SAFETY: the node is protected by `guard`, and so by the older guard of the view that we are a part of, which lives
            // for 'a: see the module.
            let node: &'a Node<K, V> = unsafe { &*std::ptr::from_ref(node) };
            folder = folder.consume(node.pair());
        }
        folder
    }
}

impl<K, V, S> Clone for Iter<'_, K, V, S> {
    fn clone(&self) -> Self {
        Self { map: self.map }
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
        SetIter(Iter { map: &self.set().map })
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
