//! The set: a [`HashMap`] of elements with no values.
//!
//! Shared through [`pin`](HashSet::pin), whose [view](PinnedSet) has the methods of std's set; guarantees are those of the
//! map. Iterators and the like are here, the set and its view also in the crate's root.

mod batch;
mod guarded;
mod hashed;
mod iter;
mod ops;
mod owned;
mod pinned;
mod traits;

use ahash::RandomState;

pub use self::batch::{GetMany, Page};
pub use self::hashed::Hashed;
pub use self::iter::{Drain, ExtractIf, IntoIter, Iter};
pub use self::ops::{Difference, Intersection, SymmetricDifference, Union};
pub use self::pinned::PinnedSet;
use crate::map::HashMap;
use crate::owned_guard::Owned;
use crate::reclaim::Guard;

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
#[doc(alias("DashSet"))]
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

    /// A guard, for the methods that take one. It serves all sets and maps.
    ///
    /// ```
    /// let set = loxley::HashSet::new();
    /// set.insert(1, &set.guard());
    /// ```
    #[inline]
    #[must_use]
    pub fn guard(&self) -> Guard {
        self.map.guard()
    }

    /// A view of the set with the methods of std's set; it holds a [`Guard`].
    ///
    /// ```
    /// let set = loxley::HashSet::new();
    /// let view = set.pin();
    /// assert!(view.insert(1) && view.contains(&1));
    /// ```
    #[inline]
    #[must_use]
    pub fn pin(&self) -> PinnedSet<'_, T, S> {
        PinnedSet::new(self, self.map.guard())
    }

    /// A guard that can be sent to other threads and held across `.await`, see [`Owned`].
    ///
    /// ```
    /// let set = loxley::HashSet::from([1]);
    /// let guard = set.owned_guard();
    /// assert!(set.contains(&1, &guard));
    /// ```
    #[must_use]
    pub fn owned_guard(&self) -> Owned<Guard> {
        self.map.owned_guard()
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
