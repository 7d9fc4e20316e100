//! The traits that std's set has.

use std::collections;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::ops::{BitAnd, BitOr, BitXor, Sub};

use super::{HashSet, PinnedSet};
use crate::raw::Mode;

impl<T, S: Default> Default for HashSet<T, S> {
    fn default() -> Self {
        Self { map: Default::default() }
    }
}

impl<T: Hash + Eq + fmt::Debug, S: BuildHasher> fmt::Debug for HashSet<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.pin(), f)
    }
}

/// Weakly consistent, as iteration is.
impl<T, S> Clone for HashSet<T, S>
where
    T: Hash + Eq + Clone + Send + 'static,
    S: BuildHasher + Clone,
{
    fn clone(&self) -> Self {
        Self { map: self.map.clone() }
    }
}

/// Equal if both hold the same elements; meaningful when nobody writes.
impl<T: Hash + Eq, S: BuildHasher, R: BuildHasher> PartialEq<HashSet<T, R>> for HashSet<T, S> {
    fn eq(&self, other: &HashSet<T, R>) -> bool {
        self.map == other.map
    }
}

impl<T: Hash + Eq, S: BuildHasher> Eq for HashSet<T, S> {}

/// Elements that are in the set already stay.
impl<T: Hash + Eq + Send + 'static, S: BuildHasher> Extend<T> for &HashSet<T, S> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        for element in elements {
            self.pin().insert(element);
        }
    }
}

/// Elements that are in the set already stay.
impl<T: Hash + Eq + Send + 'static, S: BuildHasher> Extend<T> for PinnedSet<'_, T, S> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        for element in elements {
            self.insert(element);
        }
    }
}

impl<T: Hash + Eq + Send + 'static, S: BuildHasher> Extend<T> for HashSet<T, S> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        (&*self).extend(elements);
    }
}

impl<'a, T: Hash + Eq + Copy + Send + 'static, S: BuildHasher> Extend<&'a T> for HashSet<T, S> {
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, elements: I) {
        self.extend(elements.into_iter().copied());
    }
}

impl<T: Hash + Eq + Send + 'static, S: BuildHasher + Default> FromIterator<T> for HashSet<T, S> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let set = Self::default();
        let mut entries = elements.into_iter().fuse().map(|element| (element, ()));
        // As for maps.
        while let Some(batch) = set.map.gather(&mut entries) {
            set.map.insert_batch(batch, Mode::Keep, &set.guard());
        }
        set
    }
}

impl<T: Hash + Eq + Send + 'static, const N: usize> From<[T; N]> for HashSet<T> {
    fn from(elements: [T; N]) -> Self {
        elements.into_iter().collect()
    }
}

/// The same elements, hashed as before.
impl<T: Hash + Eq + Send + 'static, S: BuildHasher + Clone> From<collections::HashSet<T, S>> for HashSet<T, S> {
    fn from(set: collections::HashSet<T, S>) -> Self {
        let mut new = Self::with_capacity_and_hasher(set.len(), set.hasher().clone());
        new.extend(set);
        new
    }
}

/// The same elements, hashed as before.
impl<T: Hash + Eq, S: BuildHasher + Clone> From<HashSet<T, S>> for collections::HashSet<T, S> {
    fn from(set: HashSet<T, S>) -> Self {
        let mut new = Self::with_capacity_and_hasher(set.len(), set.hasher().clone());
        new.extend(set);
        new
    }
}

macro_rules! operator {
    ($trait:ident, $operator:ident, $method:ident) => {
        impl<T, S> $trait<&HashSet<T, S>> for &HashSet<T, S>
        where
            T: Hash + Eq + Clone + Send + 'static,
            S: BuildHasher + Default,
        {
            type Output = HashSet<T, S>;

            #[doc = concat!("A set of clones, see [`PinnedSet::", stringify!($method), "`](super::PinnedSet::", stringify!($method), ").")]
            fn $operator(self, other: &HashSet<T, S>) -> HashSet<T, S> {
                self.pin().$method(&other.pin()).cloned().collect()
            }
        }
    };
}
operator!(BitOr, bitor, union);
operator!(BitAnd, bitand, intersection);
operator!(BitXor, bitxor, symmetric_difference);
operator!(Sub, sub, difference);
