//! Iterators.

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::iter::FusedIterator;

use ahash::RandomState;

use crate::raw::{Node, Op, Walk};

/// An iterator over the entries of a map, from [`Pinned::iter`](crate::Pinned::iter).
#[must_use = "iterators do nothing unless they are consumed"]
pub struct Iter<'g, K, V, S = RandomState> {
    op: Op<'g, K, V, S>,
    walk: Walk<'g, K, V>,
}

impl<'g, K: Hash + Eq, V, S: BuildHasher> Iter<'g, K, V, S> {
    pub(crate) fn new(op: Op<'g, K, V, S>) -> Self {
        Self { op, walk: Walk::new(0..=u64::MAX) }
    }
}

impl<'g, K: Hash + Eq, V, S: BuildHasher> Iterator for Iter<'g, K, V, S> {
    type Item = (&'g K, &'g V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.walk.next(self.op).map(Node::pair)
    }

    #[inline]
    fn fold<A, F: FnMut(A, Self::Item) -> A>(self, init: A, mut f: F) -> A {
        self.walk.fold(self.op, init, |result, node| f(result, node.pair()))
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> FusedIterator for Iter<'_, K, V, S> {}

impl<K, V, S> Clone for Iter<'_, K, V, S> {
    fn clone(&self) -> Self {
        Self { op: self.op, walk: self.walk.clone() }
    }
}

impl<K, V, S> fmt::Debug for Iter<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Iter { .. }")
    }
}

macro_rules! half {
    ($(#[$doc:meta])* $name:ident, $item:ident, $method:ident) => {
        $(#[$doc])*
        #[must_use = "iterators do nothing unless they are consumed"]
        pub struct $name<'g, K, V, S = RandomState>(Iter<'g, K, V, S>);

        impl<'g, K, V, S> $name<'g, K, V, S> {
            pub(crate) fn new(iter: Iter<'g, K, V, S>) -> Self {
                Self(iter)
            }
        }

        impl<'g, K: Hash + Eq, V, S: BuildHasher> Iterator for $name<'g, K, V, S> {
            type Item = &'g $item;

            #[inline]
            fn next(&mut self) -> Option<Self::Item> {
                self.0.walk.next(self.0.op).map(Node::$method)
            }

            #[inline]
            fn fold<A, F: FnMut(A, Self::Item) -> A>(self, init: A, mut f: F) -> A {
                self.0.walk.fold(self.0.op, init, |result, node| f(result, node.$method()))
            }
        }

        impl<K: Hash + Eq, V, S: BuildHasher> FusedIterator for $name<'_, K, V, S> {}

        impl<K, V, S> Clone for $name<'_, K, V, S> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl<K, V, S> fmt::Debug for $name<'_, K, V, S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(concat!(stringify!($name), " { .. }"))
            }
        }
    };
}

half! {
    /// An iterator over the keys of a map, from [`Pinned::keys`](crate::Pinned::keys).
    Keys, K, key
}
half! {
    /// An iterator over the values of a map, from [`Pinned::values`](crate::Pinned::values).
    Values, V, value
}
