//! The set's operations with an explicit guard.

use std::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use super::{HashSet, Iter};
use crate::reclaim::Guard;
use crate::reserve::TryReserveError;

/// # With an explicit guard
/// The methods of the [view](super::PinnedSet), except those on two sets.
impl<T: Hash + Eq, S: BuildHasher> HashSet<T, S> {
    /// See [`PinnedSet::contains`](super::PinnedSet::contains).
    #[inline]
    pub fn contains<Q>(&self, value: &Q, guard: &Guard) -> bool
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        self.at(value, guard).contains(value)
    }

    /// See [`PinnedSet::get`](super::PinnedSet::get).
    #[inline]
    pub fn get<'g, Q>(&'g self, value: &Q, guard: &'g Guard) -> Option<&'g T>
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        self.at(value, guard).get(value)
    }

    /// See [`PinnedSet::iter`](super::PinnedSet::iter).
    pub fn iter<'g>(&'g self, guard: &'g Guard) -> Iter<'g, T, S> {
        Iter::new(self.map.keys(guard))
    }
}

impl<T: Hash + Eq + Send + 'static, S: BuildHasher> HashSet<T, S> {
    /// See [`PinnedSet::insert`](super::PinnedSet::insert).
    #[inline]
    pub fn insert(&self, value: T, guard: &Guard) -> bool {
        self.at(&value, guard).insert(value)
    }

    /// See [`PinnedSet::get_or_insert`](super::PinnedSet::get_or_insert).
    pub fn get_or_insert<'g>(&'g self, value: T, guard: &'g Guard) -> &'g T {
        self.at(&value, guard).get_or_insert(value)
    }

    /// See [`PinnedSet::get_or_insert_with`](super::PinnedSet::get_or_insert_with).
    pub fn get_or_insert_with<'g, Q>(&'g self, value: &Q, make: impl FnOnce(&Q) -> T, guard: &'g Guard) -> &'g T
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        self.at(value, guard).get_or_insert_with(value, make)
    }

    /// See [`PinnedSet::replace`](super::PinnedSet::replace).
    pub fn replace<'g>(&'g self, value: T, guard: &'g Guard) -> Option<&'g T> {
        self.at(&value, guard).replace(value)
    }

    /// See [`PinnedSet::remove`](super::PinnedSet::remove).
    #[inline]
    pub fn remove<Q>(&self, value: &Q, guard: &Guard) -> bool
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        self.at(value, guard).remove(value)
    }

    /// See [`PinnedSet::take`](super::PinnedSet::take).
    pub fn take<'g, Q>(&'g self, value: &Q, guard: &'g Guard) -> Option<&'g T>
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        self.at(value, guard).take(value)
    }

    /// See [`PinnedSet::retain`](super::PinnedSet::retain).
    pub fn retain(&self, mut keep: impl FnMut(&T) -> bool, guard: &Guard) {
        self.map.retain(|element, ()| keep(element), guard);
    }

    /// See [`PinnedSet::clear`](super::PinnedSet::clear).
    pub fn clear(&self, guard: &Guard) {
        self.map.clear(guard);
    }

    /// See [`PinnedSet::reserve`](super::PinnedSet::reserve).
    pub fn reserve(&self, additional: usize, guard: &Guard) {
        self.map.reserve(additional, guard);
    }

    /// See [`PinnedSet::try_reserve`](super::PinnedSet::try_reserve).
    pub fn try_reserve(&self, additional: usize, guard: &Guard) -> Result<(), TryReserveError> {
        self.map.try_reserve(additional, guard)
    }

    /// See [`PinnedSet::shrink_to_fit`](super::PinnedSet::shrink_to_fit).
    pub fn shrink_to_fit(&self, guard: &Guard) {
        self.map.shrink_to_fit(guard);
    }

    /// See [`PinnedSet::shrink_to`](super::PinnedSet::shrink_to).
    pub fn shrink_to(&self, min_capacity: usize, guard: &Guard) {
        self.map.shrink_to(min_capacity, guard);
    }
}
