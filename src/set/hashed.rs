//! Hashes of elements that the caller has already.

use std::fmt;
use std::hash::{BuildHasher, Hash};

use ahash::RandomState;
use equivalent::Equivalent;

use super::{HashSet, PinnedSet};
use crate::hashed;
use crate::raw::{Inserted, Mode, Node};
use crate::reclaim::Guard;

/// The operations of a set on elements whose hash is known. From [`PinnedSet::hashed`]; what [`Hashed`](crate::Hashed) is to a map.
pub struct Hashed<'g, T, S = RandomState>(hashed::Hashed<'g, T, (), S>);

impl<T, S> Clone for Hashed<'_, T, S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T, S> Copy for Hashed<'_, T, S> {}

impl<T, S> fmt::Debug for Hashed<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Hashed { .. }")
    }
}

impl<T, S> HashSet<T, S> {
    /// See [`PinnedSet::hash_of`].
    #[inline]
    pub fn hash_of<Q>(&self, value: &Q) -> u64
    where
        Q: Hash + Equivalent<T> + ?Sized,
        S: BuildHasher,
    {
        self.map.hash_of(value)
    }

    /// See [`PinnedSet::hashed`].
    #[inline]
    pub fn hashed<'g>(&'g self, hash: u64, guard: &'g Guard) -> Hashed<'g, T, S> {
        Hashed(self.map.hashed(hash, guard))
    }

    /// The operations on this element.
    #[inline(always)]
    pub(super) fn at<'g, Q>(&'g self, value: &Q, guard: &'g Guard) -> Hashed<'g, T, S>
    where
        Q: Hash + Equivalent<T> + ?Sized,
        S: BuildHasher,
    {
        Hashed(self.map.at(value, guard))
    }
}

impl<T, S> PinnedSet<'_, T, S> {
    /// The hash of an element, for [`hashed`](Self::hashed); see [`Pinned::hash_of`](crate::Pinned::hash_of).
    ///
    /// ```
    /// use std::hash::BuildHasher;
    ///
    /// let set = loxley::HashSet::<String>::new();
    /// assert_eq!(set.pin().hash_of("one"), set.hasher().hash_one("one"));
    /// ```
    pub fn hash_of<Q>(&self, value: &Q) -> u64
    where
        Q: Hash + Equivalent<T> + ?Sized,
        S: BuildHasher,
    {
        self.set().hash_of(value)
    }

    /// The operations on elements of this hash, which is not computed again; see [`Pinned::hashed`](crate::Pinned::hashed).
    ///
    /// ```
    /// let seen = loxley::HashSet::<String>::new();
    /// let seen = seen.pin();
    /// let at = seen.hashed(seen.hash_of("one"));
    /// if !at.contains("one") {
    ///     at.insert("one".to_string());
    /// }
    /// assert!(seen.contains("one"));
    /// ```
    pub fn hashed(&self, hash: u64) -> Hashed<'_, T, S> {
        self.set().hashed(hash, self.guard())
    }
}

impl<'g, T: Hash + Eq, S: BuildHasher> Hashed<'g, T, S> {
    /// See [`PinnedSet::contains`].
    #[inline]
    pub fn contains<Q: Equivalent<T> + ?Sized>(self, value: &Q) -> bool {
        self.0.contains_key(value)
    }

    /// See [`PinnedSet::get`].
    #[inline]
    pub fn get<Q: Equivalent<T> + ?Sized>(self, value: &Q) -> Option<&'g T> {
        self.0.find(value).map(Node::key)
    }
}

impl<'g, T: Hash + Eq + Send + 'static, S: BuildHasher> Hashed<'g, T, S> {
    /// See [`PinnedSet::insert`].
    #[inline]
    pub fn insert(self, value: T) -> bool {
        !self.contains(&value) && matches!(self.0.insert_node(value, (), Mode::Keep), Inserted::New(_))
    }

    /// See [`PinnedSet::get_or_insert`].
    pub fn get_or_insert(self, value: T) -> &'g T {
        self.get(&value).unwrap_or_else(|| self.insert_if_absent(value))
    }

    /// See [`PinnedSet::get_or_insert_with`].
    pub fn get_or_insert_with<Q>(self, value: &Q, make: impl FnOnce(&Q) -> T) -> &'g T
    where
        Q: Equivalent<T> + ?Sized,
    {
        self.get(value).unwrap_or_else(|| {
            let made = make(value);
            assert!(value.equivalent(&made), "the new element is not equivalent to the value that it was made of");
            self.insert_if_absent(made)
        })
    }

    fn insert_if_absent(self, value: T) -> &'g T {
        match self.0.insert_node(value, (), Mode::Keep) {
            Inserted::New(node) | Inserted::Replaced { new: node, .. } | Inserted::Kept(node, _) => node.key(),
        }
    }

    /// See [`PinnedSet::replace`].
    pub fn replace(self, value: T) -> Option<&'g T> {
        match self.0.insert_node(value, (), Mode::Replace) {
            Inserted::Replaced { old, .. } => Some(old.key()),
            Inserted::New(_) | Inserted::Kept(..) => None,
        }
    }

    /// See [`PinnedSet::remove`].
    #[inline]
    pub fn remove<Q: Equivalent<T> + ?Sized>(self, value: &Q) -> bool {
        self.take(value).is_some()
    }

    /// See [`PinnedSet::take`].
    #[inline]
    pub fn take<Q: Equivalent<T> + ?Sized>(self, value: &Q) -> Option<&'g T> {
        self.0.remove_entry(value).map(|(element, ())| element)
    }
}
