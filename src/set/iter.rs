//! Iterators over one set.

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::iter::FusedIterator;

use ahash::RandomState;

use super::HashSet;
use crate::iter::Keys;
use crate::owned::{self, Extract};

/// An iterator over the elements of a set, from [`PinnedSet::iter`](super::PinnedSet::iter).
pub struct Iter<'g, T, S = RandomState>(Keys<'g, T, (), S>);

impl<'g, T, S> Iter<'g, T, S> {
    pub(super) fn new(keys: Keys<'g, T, (), S>) -> Self {
        Self(keys)
    }
}

impl<'g, T: Hash + Eq, S: BuildHasher> Iterator for Iter<'g, T, S> {
    type Item = &'g T;

    #[inline]
    fn next(&mut self) -> Option<&'g T> {
        self.0.next()
    }

    fn fold<A, F: FnMut(A, &'g T) -> A>(self, init: A, f: F) -> A {
        self.0.fold(init, f)
    }
}

impl<T: Hash + Eq, S: BuildHasher> FusedIterator for Iter<'_, T, S> {}

impl<T, S> Clone for Iter<'_, T, S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T, S> fmt::Debug for Iter<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Iter { .. }")
    }
}

macro_rules! by_value {
    ($(#[$doc:meta])* $name:ident $(<$a:lifetime>)?, $inner:ty) => {
        $(#[$doc])*
        pub struct $name<$($a,)? T>($inner);

        impl<$($a,)? T> $name<$($a,)? T> {
            pub(super) fn new(inner: $inner) -> Self {
                Self(inner)
            }
        }

        impl<$($a,)? T> Iterator for $name<$($a,)? T> {
            type Item = T;

            fn next(&mut self) -> Option<T> {
                self.0.next().map(|(element, ())| element)
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                self.0.size_hint()
            }
        }

        impl<$($a,)? T> ExactSizeIterator for $name<$($a,)? T> {}
        impl<$($a,)? T> FusedIterator for $name<$($a,)? T> {}

        /// Shows what is left.
        impl<$($a,)? T: fmt::Debug> fmt::Debug for $name<$($a,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_list().entries(self.0.rest().map(|(element, ())| element)).finish()
            }
        }
    };
}

by_value! {
    /// An iterator over the elements by value, from [`HashSet`]'s `into_iter`.
    IntoIter, owned::IntoIter<T, ()>
}

impl<T> Default for IntoIter<T> {
    /// Yields nothing.
    fn default() -> Self {
        Self(owned::IntoIter::default())
    }
}

by_value! {
    /// An iterator that empties a set, from [`HashSet::drain`].
    Drain<'a>, owned::Drain<'a, T, ()>
}

impl<T, S> IntoIterator for HashSet<T, S> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    /// The elements by value, in no particular order. O(capacity).
    ///
    /// ```
    /// assert_eq!(loxley::HashSet::from([1, 2]).into_iter().sum::<i32>(), 3);
    /// ```
    fn into_iter(self) -> IntoIter<T> {
        IntoIter::new(self.map.into_iter())
    }
}

/// An iterator that removes some elements, from [`HashSet::extract_if`].
#[must_use = "iterators do nothing unless they are consumed"]
pub struct ExtractIf<'a, T, F> {
    extract: Extract<'a, T, ()>,
    remove: F,
}

impl<'a, T, F> ExtractIf<'a, T, F> {
    pub(super) fn new(extract: Extract<'a, T, ()>, remove: F) -> Self {
        Self { extract, remove }
    }
}

impl<T, F: FnMut(&T) -> bool> Iterator for ExtractIf<'_, T, F> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.extract.next(|element, ()| (self.remove)(element)).map(|(element, ())| element)
    }
}

impl<T, F: FnMut(&T) -> bool> FusedIterator for ExtractIf<'_, T, F> {}

impl<T, F> fmt::Debug for ExtractIf<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("ExtractIf { .. }")
    }
}
