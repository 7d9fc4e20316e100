//! Iterators over two sets. Each asks for an element of one whether the other contains it when it comes to it.

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::iter::{Chain, FusedIterator};

use ahash::RandomState;

use super::{Iter, PinnedSet};

/// The elements of one set that another contains, or (if not `WANTED`) does not contain.
struct Filter<'a, T, S, const WANTED: bool> {
    elements: Iter<'a, T, S>,
    other: &'a PinnedSet<'a, T, S>,
}

impl<'a, T: Hash + Eq, S: BuildHasher, const WANTED: bool> Filter<'a, T, S, WANTED> {
    fn new(set: &'a PinnedSet<'_, T, S>, other: &'a PinnedSet<'_, T, S>) -> Self {
        Self { elements: set.iter(), other }
    }
}

impl<'a, T: Hash + Eq, S: BuildHasher, const WANTED: bool> Iterator for Filter<'a, T, S, WANTED> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        self.elements.by_ref().find(|element| self.other.contains(*element) == WANTED)
    }
}

impl<T, S, const WANTED: bool> Clone for Filter<'_, T, S, WANTED> {
    fn clone(&self) -> Self {
        Self { elements: self.elements.clone(), other: self.other }
    }
}

macro_rules! operation {
    ($(#[$doc:meta])* $name:ident, $inner:ty, |$a:ident, $b:ident| $new:expr) => {
        $(#[$doc])*
        pub struct $name<'a, T, S = RandomState>($inner);

        impl<'a, T: Hash + Eq, S: BuildHasher> $name<'a, T, S> {
            pub(super) fn new($a: &'a PinnedSet<'_, T, S>, $b: &'a PinnedSet<'_, T, S>) -> Self {
                Self($new)
            }
        }

        impl<'a, T: Hash + Eq, S: BuildHasher> Iterator for $name<'a, T, S> {
            type Item = &'a T;

            fn next(&mut self) -> Option<&'a T> {
                self.0.next()
            }
        }

        impl<T: Hash + Eq, S: BuildHasher> FusedIterator for $name<'_, T, S> {}

        impl<T, S> Clone for $name<'_, T, S> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl<T, S> fmt::Debug for $name<'_, T, S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(concat!(stringify!($name), " { .. }"))
            }
        }
    };
}

operation! {
    /// An iterator over the elements of both sets, from [`PinnedSet::union`].
    Union, Chain<Iter<'a, T, S>, Filter<'a, T, S, false>>, |a, b| a.iter().chain(Filter::new(b, a))
}
operation! {
    /// An iterator over the elements that are in both sets, from [`PinnedSet::intersection`].
    Intersection, Filter<'a, T, S, true>, |a, b| {
        let (smaller, larger) = if a.len() <= b.len() { (a, b) } else { (b, a) };
        Filter::new(smaller, larger)
    }
}
operation! {
    /// An iterator over the elements of one set that are not in the other, from [`PinnedSet::difference`].
    Difference, Filter<'a, T, S, false>, |a, b| Filter::new(a, b)
}
operation! {
    /// An iterator over the elements that are in one of the sets only, from [`PinnedSet::symmetric_difference`].
    SymmetricDifference, Chain<Filter<'a, T, S, false>, Filter<'a, T, S, false>>,
    |a, b| Filter::new(a, b).chain(Filter::new(b, a))
}
