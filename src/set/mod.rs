//! The set: a [`HashMap`] of elements with no values.
//!
//! Shared through [`pin`](HashSet::pin), whose [view](PinnedSet) has the methods of std's set; guarantees are those of the
//! map. Iterators are here, the set and its view also in the crate's root.

mod iter;
mod ops;
mod pinned;
mod traits;

use std::hash::{BuildHasher, Hash};

use ahash::RandomState;
use equivalent::Equivalent;

pub use self::iter::{Drain, ExtractIf, IntoIter, Iter};
pub use self::ops::{Difference, Intersection, SymmetricDifference, Union};
pub use self::pinned::PinnedSet;
use crate::map::HashMap;
use crate::owned_guard::Owned;

/// A concurrent hash set without locks: a [`HashMap`] of elements with no values.
///
/// ```
/// let seen = loxley::HashSet::new();
/// std::thread::scope(|s| {
///     for _ in 0..2 {
///         s.spawn(|| {
///             for url in ["/", "/index.html", "/"] {
///                 if seen.pin().insert(url) {
///                     // ours alone to visit
///                 }
///             }
///         });
///     }
/// });
/// assert_eq!(seen.len(), 2);
/// ```
pub struct HashSet<T, S = RandomState> {
    pub(crate) map: HashMap<T, (), S>,
}

impl<T> HashSet<T> {
    /// An empty set, which allocates nothing.
    ///
    /// ```
    /// assert_eq!(loxley::HashSet::<u8>::new().capacity(), 0);
    /// ```
    pub fn new() -> Self {
        Self::with_hasher(RandomState::new())
    }

    /// A set that holds `capacity` elements before it grows.
    ///
    /// # Panics
    /// If the capacity overflows.
    ///
    /// ```
    /// assert!(loxley::HashSet::<u8>::with_capacity(100).capacity() >= 100);
    /// ```
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, RandomState::new())
    }
}

impl<T, S> HashSet<T, S> {
    /// An empty set with this hasher, which allocates nothing.
    ///
    /// ```
    /// let set = loxley::HashSet::with_hasher(std::hash::RandomState::new());
    /// set.pin().insert(1);
    /// ```
    #[cfg(not(loom))]
    pub const fn with_hasher(hasher: S) -> Self {
        Self { map: HashMap::with_hasher(hasher) }
    }

    /// An empty set with this hasher.
    #[cfg(loom)]
    pub fn with_hasher(hasher: S) -> Self {
        Self { map: HashMap::with_hasher(hasher) }
    }

    /// A set with this hasher that holds `capacity` elements before it grows.
    ///
    /// # Panics
    /// If the capacity overflows.
    ///
    /// ```
    /// let set = loxley::HashSet::<u8, _>::with_capacity_and_hasher(20, std::hash::RandomState::new());
    /// assert!(set.capacity() >= 20);
    /// ```
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        Self { map: HashMap::with_capacity_and_hasher(capacity, hasher) }
    }

    /// The set's hasher.
    ///
    /// ```
    /// let _: &loxley::RandomState = loxley::HashSet::<u8>::new().hasher();
    /// ```
    pub fn hasher(&self) -> &S {
        self.map.hasher()
    }

    /// A view of the set with the methods of std's set; it holds a [`Guard`](crate::Guard).
    ///
    /// ```
    /// let set = loxley::HashSet::new();
    /// let view = set.pin();
    /// assert!(view.insert(1) && view.contains(&1));
    /// ```
    #[inline]
    pub fn pin(&self) -> PinnedSet<'_, T, S> {
        PinnedSet::new(self, self.map.guard())
    }

    /// A view that can be sent to other threads and held across `.await`, see [`Owned`].
    ///
    /// ```
    /// let set = loxley::HashSet::from([1]);
    /// let view = set.pin_owned();
    /// std::thread::scope(|s| {
    ///     s.spawn(move || assert!(view.contains(&1)));
    /// });
    /// ```
    #[must_use]
    pub fn pin_owned(&self) -> Owned<PinnedSet<'_, T, S>> {
        Owned::set_view(self)
    }

    /// The number of elements: exact when nobody writes; else it may count insertions that are still under way.
    /// O(processors).
    ///
    /// ```
    /// assert_eq!(loxley::HashSet::from([1, 2]).len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether [`len`](Self::len) is 0.
    ///
    /// ```
    /// assert!(loxley::HashSet::<u8>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// The number of elements that the set holds before it grows.
    ///
    /// ```
    /// assert_eq!(loxley::HashSet::<u8>::new().capacity(), 0);
    /// ```
    pub fn capacity(&self) -> usize {
        self.map.capacity()
    }
}

/// # For the exclusive owner
/// See [`HashMap`].
impl<T, S> HashSet<T, S> {
    /// Removes all elements and yields them. Keeps the table. O(capacity).
    ///
    /// Dropping the iterator drops what is left. Leaking it leaks that, and the table; the set is empty in any case.
    ///
    /// ```
    /// let mut set = loxley::HashSet::from(["one".to_string()]);
    /// assert_eq!(set.drain().next(), Some("one".to_string()));
    /// assert!(set.is_empty() && set.capacity() > 0);
    /// ```
    pub fn drain(&mut self) -> Drain<'_, T> {
        Drain::new(self.map.drain())
    }
}

impl<T: Hash + Eq + Send + 'static, S: BuildHasher> HashSet<T, S> {
    /// Removes the elements for which `remove` is true, and yields them. O(capacity).
    ///
    /// Lazy: elements that the iterator has not come to when it is dropped stay.
    ///
    /// ```
    /// let mut set = loxley::HashSet::from([1, 2, 3]);
    /// assert_eq!(set.extract_if(|n| n % 2 == 1).sum::<i32>(), 4);
    /// assert_eq!(set.len(), 1);
    /// ```
    pub fn extract_if<F: FnMut(&T) -> bool>(&mut self, remove: F) -> ExtractIf<'_, T, F> {
        ExtractIf::new(self.map.extract(), remove)
    }

    /// Removes `value` and returns the set's element, by value.
    ///
    /// ```
    /// let mut set = loxley::HashSet::from(["one".to_string()]);
    /// assert_eq!(set.take_mut("one"), Some("one".to_string()));
    /// assert_eq!(set.take_mut("one"), None);
    /// ```
    pub fn take_mut<Q>(&mut self, value: &Q) -> Option<T>
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        self.map.remove_entry_mut(value).map(|(element, ())| element)
    }
}
