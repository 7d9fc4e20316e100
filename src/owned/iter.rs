//! Iterators of the exclusive owner.

use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;

use crate::map::HashMap;
use crate::raw::{Core, Entries, Node, Sweep};
use crate::reclaim::Guard;

/// An iterator over the entries with mutable values, from [`HashMap::iter_mut`].
pub struct IterMut<'a, K, V> {
    sweep: Sweep<K, V>,
    left: usize,
    map: PhantomData<&'a mut (K, V)>,
}

impl<'a, K, V> IterMut<'a, K, V> {
    pub(super) fn new(core: &'a mut Core<K, V>) -> Self {
        let left = core.len(&Guard::new());
        // SAFETY: the map is borrowed for 'a, as long as the sweep may go on.
        Self { sweep: unsafe { Sweep::new(core.root_mut()) }, left, map: PhantomData }
    }

    fn rest(&self) -> impl Iterator<Item = (&K, &V)> {
        // SAFETY: entries that nobody has been given yet, of a map that is borrowed exclusively; and so are we, shared.
        unsafe { self.sweep.rest() }
    }
}

impl<K, V> Default for IterMut<'_, K, V> {
    /// Yields nothing.
    fn default() -> Self {
        Self { sweep: Sweep::default(), left: 0, map: PhantomData }
    }
}

impl<'a, K, V> Iterator for IterMut<'a, K, V> {
    type Item = (&'a K, &'a mut V);

    fn next(&mut self) -> Option<Self::Item> {
        let spot = self.sweep.next()?;
        self.left = self.left.saturating_sub(1);
        // SAFETY: an entry of a map that is borrowed exclusively for 'a, and each is yielded once.
        Some(unsafe { Node::pair_mut(spot.node()) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

/// An iterator over the entries by value, from [`HashMap`]'s `into_iter`.
///
/// Covariant, unlike the map:
/// ```
/// fn shorten<'a>(entries: loxley::IntoIter<&'static str, u8>) -> loxley::IntoIter<&'a str, u8> {
///     entries
/// }
/// ```
pub struct IntoIter<K, V> {
    entries: Entries<K, V>,
    left: usize,
}

impl<K, V> IntoIter<K, V> {
    pub(crate) fn rest(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.rest()
    }
}

impl<K, V> Default for IntoIter<K, V> {
    /// Yields nothing.
    fn default() -> Self {
        Self { entries: Entries::default(), left: 0 }
    }
}

impl<K, V> Iterator for IntoIter<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        let node = self.entries.next()?;
        self.left = self.left.saturating_sub(1);
        Some(node.into_parts())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<K, V, S> IntoIterator for HashMap<K, V, S> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    /// The entries by value, in no particular order. O(capacity).
    ///
    /// ```
    /// let map: loxley::HashMap<u8, String> = [(1, "one".to_string())].into();
    /// for (key, value) in map {
    ///     assert_eq!((key, value), (1, "one".to_string()));
    /// }
    /// ```
    fn into_iter(mut self) -> IntoIter<K, V> {
        let left = self.len();
        IntoIter { entries: Entries::take(&mut self.raw.core), left }
    }
}

impl<'a, K, V, S> IntoIterator for &'a mut HashMap<K, V, S> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = IterMut<'a, K, V>;

    fn into_iter(self) -> IterMut<'a, K, V> {
        self.iter_mut()
    }
}

/// An iterator that empties a map, from [`HashMap::drain`].
pub struct Drain<'a, K, V> {
    /// None when dropped.
    rest: Option<IntoIter<K, V>>,
    /// Empty and without a table meanwhile.
    core: &'a mut Core<K, V>,
}

impl<'a, K, V> Drain<'a, K, V> {
    pub(super) fn new(core: &'a mut Core<K, V>) -> Self {
        let left = core.len(&Guard::new());
        Self { rest: Some(IntoIter { entries: Entries::take(core), left }), core }
    }

    pub(crate) fn rest(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rest.iter().flat_map(IntoIter::rest)
    }
}

impl<K, V> Iterator for Drain<'_, K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        self.rest.as_mut()?.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rest.as_ref().map_or((0, Some(0)), Iterator::size_hint)
    }
}

impl<K, V> Drop for Drain<'_, K, V> {
    /// A panic of an entry's destructor is resumed when everything else is freed.
    fn drop(&mut self) {
        if let Some(rest) = self.rest.take() {
            rest.entries.give_back(self.core);
        }
    }
}

/// Removes entries one by one, asking for each.
pub(crate) struct Extract<'a, K, V> {
    core: &'a mut Core<K, V>,
    sweep: Sweep<K, V>,
}

impl<'a, K, V> Extract<'a, K, V> {
    /// # Safety
    /// The map has one table.
    pub(super) unsafe fn new(core: &'a mut Core<K, V>) -> Self {
        // SAFETY: the map is borrowed for 'a, as long as the sweep may go on.
        let sweep = unsafe { Sweep::new(core.root_mut()) };
        Self { core, sweep }
    }

    pub(crate) fn next(&mut self, mut remove: impl FnMut(&K, &mut V) -> bool) -> Option<(K, V)> {
        loop {
            let spot = self.sweep.next()?;
            // SAFETY: an entry of a map that is borrowed exclusively.
            let (key, value) = unsafe { Node::pair_mut(spot.node()) };
            if remove(key, value) {
                // SAFETY: just found, and the map has one table.
                return Some(unsafe { self.core.remove_at(spot) }.into_parts());
            }
        }
    }
}

/// An iterator that removes some entries, from [`HashMap::extract_if`].
#[must_use = "iterators do nothing unless they are consumed"]
pub struct ExtractIf<'a, K, V, F> {
    extract: Extract<'a, K, V>,
    remove: F,
}

impl<'a, K, V, F> ExtractIf<'a, K, V, F> {
    pub(super) fn new(extract: Extract<'a, K, V>, remove: F) -> Self {
        Self { extract, remove }
    }
}

impl<K, V, F: FnMut(&K, &mut V) -> bool> Iterator for ExtractIf<'_, K, V, F> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        self.extract.next(&mut self.remove)
    }
}

macro_rules! half {
    ($(#[$doc:meta])* $name:ident $(<$a:lifetime>)?, $inner:ident, $item:ty, $shown:ident, |$next:ident| $half:expr) => {
        $(#[$doc])*
        pub struct $name<$($a,)? K, V>($inner<$($a,)? K, V>);

        impl<$($a,)? K, V> $name<$($a,)? K, V> {
            pub(super) fn new(inner: $inner<$($a,)? K, V>) -> Self {
                Self(inner)
            }

            fn rest(&self) -> impl Iterator<Item = &$shown> {
                self.0.rest().map(|$next| $half)
            }
        }

        impl<$($a,)? K, V> Default for $name<$($a,)? K, V> {
            /// Yields nothing.
            fn default() -> Self {
                Self($inner::default())
            }
        }

        impl<$($a,)? K, V> Iterator for $name<$($a,)? K, V> {
            type Item = $item;

            fn next(&mut self) -> Option<$item> {
                let $next = self.0.next()?;
                Some($half)
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                self.0.size_hint()
            }
        }
    };
}

half! {
    /// An iterator over the values, mutable, from [`HashMap::values_mut`].
    ValuesMut<'a>, IterMut, &'a mut V, V, |entry| entry.1
}
half! {
    /// An iterator over the keys by value, from [`HashMap::into_keys`].
    IntoKeys, IntoIter, K, K, |entry| entry.0
}
half! {
    /// An iterator over the values by value, from [`HashMap::into_values`].
    IntoValues, IntoIter, V, V, |entry| entry.1
}

macro_rules! exact {
    ($($name:ident $(<$a:lifetime>)? showing $($shown:ident)&+;)*) => { $(
        impl<K, V> ExactSizeIterator for $name<$($a,)? K, V> {}
        impl<K, V> FusedIterator for $name<$($a,)? K, V> {}

        /// Shows what is left.
        impl<K, V> fmt::Debug for $name<$($a,)? K, V>
        where
            $($shown: fmt::Debug,)+
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_list().entries(self.rest()).finish()
            }
        }
    )* };
}
exact! {
    IterMut<'_> showing K & V;
    ValuesMut<'_> showing V;
    IntoIter showing K & V;
    IntoKeys showing K;
    IntoValues showing V;
    Drain<'_> showing K & V;
}

impl<K, V, F: FnMut(&K, &mut V) -> bool> FusedIterator for ExtractIf<'_, K, V, F> {}

impl<K, V, F> fmt::Debug for ExtractIf<'_, K, V, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("ExtractIf { .. }")
    }
}
