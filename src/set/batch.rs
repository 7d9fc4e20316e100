//! Many elements at once, and iteration in pages: see [`batch`](crate::batch) and [`scan`](crate::scan).

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::iter::FusedIterator;

use equivalent::Equivalent;

use super::{HashSet, PinnedSet};
use crate::batch;
use crate::raw::{Mode, Node};
use crate::reclaim::Guard;

impl<T: Hash + Eq, S: BuildHasher> PinnedSet<'_, T, S> {
    /// Looks up many elements: an iterator over what [`get`](Self::get) returns for each, in order; see
    /// [`Pinned::get_many`](crate::Pinned::get_many).
    ///
    /// ```
    /// let set = loxley::HashSet::from(["a".to_string(), "c".to_string()]);
    /// let there: Vec<bool> = set.pin().get_many(["a", "b", "c"]).map(|element| element.is_some()).collect();
    /// assert_eq!(there, [true, false, true]);
    /// ```
    #[inline]
    pub fn get_many<'a, 'k, Q, I>(&'a self, values: I) -> GetMany<'a, T, S, I::IntoIter>
    where
        Q: Hash + Equivalent<T> + ?Sized + 'k,
        I: IntoIterator<Item = &'k Q>,
    {
        self.set().get_many(values, self.guard())
    }

    /// Some elements of the set, and the cursor of the next page, for iterations that pause; see
    /// [`Pinned::scan`](crate::Pinned::scan). The cursor of the first is 0.
    ///
    /// ```
    /// let set: loxley::HashSet<u32> = (0..1000).collect();
    /// let mut sum = 0;
    /// let mut cursor = Some(0);
    /// while let Some(position) = cursor {
    ///     let set = set.pin(); // a view for each page
    ///     let page = set.scan(position, 100);
    ///     sum += page.elements.into_iter().sum::<u32>();
    ///     cursor = page.next;
    /// }
    /// assert_eq!(sum, 999 * 1000 / 2);
    /// ```
    pub fn scan(&self, cursor: u64, limit: usize) -> Page<'_, T> {
        self.set().scan(cursor, limit, self.guard())
    }
}

impl<T: Hash + Eq + Send + 'static, S: BuildHasher> PinnedSet<'_, T, S> {
    /// Inserts many elements, each as by [`insert`](Self::insert), in order; returns how many were new. See
    /// [`Pinned::insert_many`](crate::Pinned::insert_many).
    ///
    /// # Panics
    /// As there.
    ///
    /// ```
    /// let set = loxley::HashSet::from([1]);
    /// assert_eq!(set.pin().insert_many([1, 2, 3]), 2);
    /// ```
    pub fn insert_many(&self, values: impl IntoIterator<Item = T>) -> usize {
        self.set().insert_many(values, self.guard())
    }
}

impl<T: Hash + Eq, S: BuildHasher> HashSet<T, S> {
    /// See [`PinnedSet::get_many`].
    #[inline]
    pub fn get_many<'g, 'k, Q, I>(&'g self, values: I, guard: &'g Guard) -> GetMany<'g, T, S, I::IntoIter>
    where
        Q: Hash + Equivalent<T> + ?Sized + 'k,
        I: IntoIterator<Item = &'k Q>,
    {
        GetMany(self.map.get_many(values, guard))
    }

    /// See [`PinnedSet::scan`].
    pub fn scan<'g>(&'g self, cursor: u64, limit: usize, guard: &'g Guard) -> Page<'g, T> {
        let page = self.map.scan(cursor, limit, guard);
        Page { elements: page.entries.into_iter().map(|(element, ())| element).collect(), next: page.next }
    }
}

impl<T: Hash + Eq + Send + 'static, S: BuildHasher> HashSet<T, S> {
    /// See [`PinnedSet::insert_many`].
    pub fn insert_many(&self, values: impl IntoIterator<Item = T>, guard: &Guard) -> usize {
        let mut entries = values.into_iter().fuse().map(|value| (value, ()));
        let mut new = 0;
        while let Some(batch) = self.map.gather(&mut entries) {
            new += self.map.insert_batch(batch, Mode::Keep, guard);
        }
        new
    }
}

/// Some elements of a set, and where to go on. From [`PinnedSet::scan`].
#[derive(Debug, Clone)]
pub struct Page<'g, T> {
    /// The elements, in no particular order.
    pub elements: Vec<&'g T>,
    /// The cursor of the next page; None when the scan is over.
    pub next: Option<u64>,
}

/// The elements that are equivalent to many values, from [`PinnedSet::get_many`].
#[must_use = "iterators do nothing unless they are consumed"]
pub struct GetMany<'g, T, S, I: Iterator>(batch::GetMany<'g, T, (), S, I>);

impl<'g, 'k, T, S, Q, I> Iterator for GetMany<'g, T, S, I>
where
    T: Hash + Eq,
    S: BuildHasher,
    Q: Hash + Equivalent<T> + ?Sized + 'k,
    I: Iterator<Item = &'k Q>,
{
    type Item = Option<&'g T>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next_node()?.map(Node::key))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<'k, T, S, Q, I> ExactSizeIterator for GetMany<'_, T, S, I>
where
    T: Hash + Eq,
    S: BuildHasher,
    Q: Hash + Equivalent<T> + ?Sized + 'k,
    I: ExactSizeIterator<Item = &'k Q>,
{
}

impl<'k, T, S, Q, I> FusedIterator for GetMany<'_, T, S, I>
where
    T: Hash + Eq,
    S: BuildHasher,
    Q: Hash + Equivalent<T> + ?Sized + 'k,
    I: Iterator<Item = &'k Q>,
{
}

impl<T, S, I: Iterator> fmt::Debug for GetMany<'_, T, S, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("GetMany { .. }")
    }
}
