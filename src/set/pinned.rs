//! The pinned view of a set.

use std::fmt;
use std::hash::{BuildHasher, Hash};

use ahash::RandomState;
use equivalent::Equivalent;

use super::{Difference, HashSet, Intersection, Iter, SymmetricDifference, Union};
use crate::reclaim::Guard;
use crate::reserve::TryReserveError;

/// A view of a [`HashSet`] that keeps what is read through it alive. From [`HashSet::pin`].
///
/// What [`Pinned`](crate::Pinned) is to a map; not `Send` either, and no element outlives it:
///
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(loxley::HashSet::<u8>::new().pin());
/// ```
/// ```compile_fail,E0716
/// let set = loxley::HashSet::from([1]);
/// let element = set.pin().get(&1);
/// println!("{element:?}");
/// ```
///
/// Unless stated otherwise, operations take expected O(1) time and are lock-free
/// and linearizable.
#[doc(alias("HashSetRef"))]
pub struct PinnedSet<'set, T, S = RandomState> {
    set: &'set HashSet<T, S>,
    guard: Guard,
}

impl<'set, T, S> PinnedSet<'set, T, S> {
    #[inline]
    pub(crate) fn new(set: &'set HashSet<T, S>, guard: Guard) -> Self {
        Self { set, guard }
    }

    /// The set.
    ///
    /// ```
    /// let set = loxley::HashSet::<u8>::new();
    /// assert!(std::ptr::eq(set.pin().set(), &set));
    /// ```
    pub fn set(&self) -> &'set HashSet<T, S> {
        self.set
    }

    /// The guard that the view holds.
    ///
    /// ```
    /// loxley::HashSet::<u8>::new().pin().guard().flush();
    /// ```
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// See [`HashSet::len`].
    ///
    /// ```
    /// assert_eq!(loxley::HashSet::from([1]).pin().len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether [`len`](Self::len) is 0.
    ///
    /// ```
    /// assert!(loxley::HashSet::<u8>::new().pin().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// The number of elements that the set holds before it grows.
    ///
    /// ```
    /// assert!(loxley::HashSet::<u8>::with_capacity(10).pin().capacity() >= 10);
    /// ```
    pub fn capacity(&self) -> usize {
        self.set.capacity()
    }
}

impl<T: Hash + Eq, S: BuildHasher> PinnedSet<'_, T, S> {
    /// Whether `value` is in the set. Wait-free.
    ///
    /// ```
    /// assert!(loxley::HashSet::from(["one".to_string()]).pin().contains("one"));
    /// ```
    #[inline]
    pub fn contains<Q>(&self, value: &Q) -> bool
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        self.set.contains(value, &self.guard)
    }

    /// The set's element that is equivalent to `value`. Wait-free.
    ///
    /// ```
    /// assert_eq!(loxley::HashSet::from(["one".to_string()]).pin().get("one"), Some(&"one".to_string()));
    /// ```
    #[inline]
    pub fn get<Q>(&self, value: &Q) -> Option<&T>
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        self.set.get(value, &self.guard)
    }

    /// Iterates over the elements, in no particular order; weakly consistent, as [`Pinned::iter`](crate::Pinned::iter).
    ///
    /// ```
    /// assert_eq!(loxley::HashSet::from([1, 2]).pin().iter().sum::<i32>(), 3);
    /// ```
    pub fn iter(&self) -> Iter<'_, T, S> {
        self.set.iter(&self.guard)
    }

    /// The elements of both sets, each once.
    ///
    /// Weakly consistent, as all operations on two sets: what stays in (or out of) each set meanwhile is told right. They are lazy, and
    /// O(capacity) for all their elements together.
    ///
    /// ```
    /// let (a, b) = (loxley::HashSet::from([1, 2]), loxley::HashSet::from([2, 3]));
    /// assert_eq!(a.pin().union(&b.pin()).sum::<i32>(), 6);
    /// ```
    pub fn union<'a>(&'a self, other: &'a PinnedSet<'_, T, S>) -> Union<'a, T, S> {
        Union::new(self, other)
    }

    /// The elements that are in both sets.
    ///
    /// ```
    /// let (a, b) = (loxley::HashSet::from([1, 2]), loxley::HashSet::from([2, 3]));
    /// assert_eq!(a.pin().intersection(&b.pin()).sum::<i32>(), 2);
    /// ```
    pub fn intersection<'a>(&'a self, other: &'a PinnedSet<'_, T, S>) -> Intersection<'a, T, S> {
        Intersection::new(self, other)
    }

    /// The elements of this set that are not in the other one.
    ///
    /// ```
    /// let (a, b) = (loxley::HashSet::from([1, 2]), loxley::HashSet::from([2, 3]));
    /// assert_eq!(a.pin().difference(&b.pin()).sum::<i32>(), 1);
    /// ```
    pub fn difference<'a>(&'a self, other: &'a PinnedSet<'_, T, S>) -> Difference<'a, T, S> {
        Difference::new(self, other)
    }

    /// The elements that are in one of the sets and not in the other.
    ///
    /// ```
    /// let (a, b) = (loxley::HashSet::from([1, 2]), loxley::HashSet::from([2, 3]));
    /// assert_eq!(a.pin().symmetric_difference(&b.pin()).sum::<i32>(), 4);
    /// ```
    pub fn symmetric_difference<'a>(&'a self, other: &'a PinnedSet<'_, T, S>) -> SymmetricDifference<'a, T, S> {
        SymmetricDifference::new(self, other)
    }

    /// Whether no element is in both sets. O(capacity).
    ///
    /// ```
    /// assert!(loxley::HashSet::from([1]).pin().is_disjoint(&loxley::HashSet::from([2]).pin()));
    /// ```
    pub fn is_disjoint(&self, other: &PinnedSet<'_, T, S>) -> bool {
        self.intersection(other).next().is_none()
    }

    /// Whether all elements of this set are in the other one. O(capacity).
    ///
    /// ```
    /// assert!(loxley::HashSet::from([1]).pin().is_subset(&loxley::HashSet::from([1, 2]).pin()));
    /// ```
    pub fn is_subset(&self, other: &PinnedSet<'_, T, S>) -> bool {
        // Not by comparing lengths first, as std does: one may be ahead of its set for a moment.
        self.iter().all(|value| other.contains(value))
    }

    /// Whether all elements of the other set are in this one. O(the other's capacity).
    ///
    /// ```
    /// assert!(loxley::HashSet::from([1, 2]).pin().is_superset(&loxley::HashSet::from([1]).pin()));
    /// ```
    pub fn is_superset(&self, other: &PinnedSet<'_, T, S>) -> bool {
        other.is_subset(self)
    }
}

impl<T: Hash + Eq + Send + 'static, S: BuildHasher> PinnedSet<'_, T, S> {
    /// Inserts `value` if it is not in the set, and returns whether that was so.
    ///
    /// An element that is there stays, and `value` is dropped. Of several threads that insert equal values, one
    /// gets true.
    ///
    /// # Panics
    /// As [`Pinned::insert`](crate::Pinned::insert).
    ///
    /// ```
    /// let set = loxley::HashSet::new();
    /// assert!(set.pin().insert(1));
    /// assert!(!set.pin().insert(1));
    /// ```
    #[inline]
    pub fn insert(&self, value: T) -> bool {
        self.set.insert(value, &self.guard)
    }

    /// The set's element that is equal to `value`, which is inserted if there is none. All callers get the same.
    ///
    /// # Panics
    /// As [`Pinned::insert`](crate::Pinned::insert).
    ///
    /// ```
    /// let names = loxley::HashSet::new();
    /// let names = names.pin();
    /// let (first, again) = (names.get_or_insert("name".to_string()), names.get_or_insert("name".to_string()));
    /// assert!(std::ptr::eq(first, again));
    /// ```
    pub fn get_or_insert(&self, value: T) -> &T {
        self.set.get_or_insert(value, &self.guard)
    }

    /// The set's element that is equivalent to `value`; if there is none, inserts the one that `make` makes of it. All
    /// callers get the same.
    ///
    /// `make` is called at most once, and only if there was no such element at the beginning; nothing is held up meanwhile. If
    /// another thread inserts one before it is done, that one is returned and ours dropped.
    ///
    /// # Panics
    /// As [`Pinned::insert`](crate::Pinned::insert), if `make` panics, or if what it makes is not equivalent to `value`; then the set
    /// is as it was.
    ///
    /// ```
    /// let names = loxley::HashSet::<String>::new();
    /// let names = names.pin();
    /// let first = names.get_or_insert_with("name", str::to_string);
    /// let again = names.get_or_insert_with("name", str::to_string); // makes no String
    /// assert!(std::ptr::eq(first, again));
    /// ```
    pub fn get_or_insert_with<Q>(&self, value: &Q, make: impl FnOnce(&Q) -> T) -> &T
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        self.set.get_or_insert_with(value, make, &self.guard)
    }

    /// Inserts `value`, and returns the element that it replaces, if there is an equal one.
    ///
    /// # Panics
    /// As [`Pinned::insert`](crate::Pinned::insert).
    ///
    /// ```
    /// let set = loxley::HashSet::from([vec![1]]);
    /// assert_eq!(set.pin().replace(vec![1]), Some(&vec![1]));
    /// assert_eq!(set.pin().replace(vec![2]), None);
    /// ```
    pub fn replace(&self, value: T) -> Option<&T> {
        self.set.replace(value, &self.guard)
    }

    /// Removes `value`, and returns whether it was in the set.
    ///
    /// ```
    /// let set = loxley::HashSet::from([1]);
    /// assert!(set.pin().remove(&1));
    /// assert!(!set.pin().remove(&1));
    /// ```
    pub fn remove<Q>(&self, value: &Q) -> bool
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        self.set.remove(value, &self.guard)
    }

    /// Removes `value`, and returns the set's element.
    ///
    /// ```
    /// assert_eq!(loxley::HashSet::from([1]).pin().take(&1), Some(&1));
    /// ```
    pub fn take<Q>(&self, value: &Q) -> Option<&T>
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        self.set.take(value, &self.guard)
    }

    /// Removes the elements for which `keep` is false; weakly consistent, as [`Pinned::retain`](crate::Pinned::retain).
    /// O(capacity).
    ///
    /// ```
    /// let set = loxley::HashSet::from([1, 2, 3]);
    /// set.pin().retain(|n| n % 2 == 1);
    /// assert_eq!(set.len(), 2);
    /// ```
    pub fn retain(&self, keep: impl FnMut(&T) -> bool) {
        self.set.retain(keep, &self.guard);
    }

    /// Removes all elements. Weakly consistent: what others insert meanwhile may stay. Keeps the table. O(capacity).
    ///
    /// ```
    /// let set = loxley::HashSet::from([1, 2, 3]);
    /// set.pin().clear();
    /// assert!(set.is_empty());
    /// ```
    pub fn clear(&self) {
        self.set.clear(&self.guard);
    }

    /// Makes room for at least `additional` more elements, as [`Pinned::reserve`](crate::Pinned::reserve).
    ///
    /// # Panics
    /// If the capacity overflows.
    ///
    /// ```
    /// let set = loxley::HashSet::<u8>::new();
    /// set.pin().reserve(100);
    /// assert!(set.capacity() >= 100);
    /// ```
    pub fn reserve(&self, additional: usize) {
        self.set.reserve(additional, &self.guard);
    }

    /// Makes room for at least `additional` more elements, as [`Pinned::try_reserve`](crate::Pinned::try_reserve).
    ///
    /// # Errors
    /// As there.
    ///
    /// ```
    /// let set = loxley::HashSet::<u8>::new();
    /// assert!(set.pin().try_reserve(usize::MAX).is_err());
    /// ```
    pub fn try_reserve(&self, additional: usize) -> Result<(), TryReserveError> {
        self.set.try_reserve(additional, &self.guard)
    }

    /// Shrinks the set to the smallest capacity that holds its elements, as
    /// [`Pinned::shrink_to_fit`](crate::Pinned::shrink_to_fit).
    ///
    /// ```
    /// let set = loxley::HashSet::<u8>::with_capacity(1000);
    /// set.pin().shrink_to_fit();
    /// assert!(set.capacity() < 10);
    /// ```
    pub fn shrink_to_fit(&self) {
        self.set.shrink_to_fit(&self.guard);
    }

    /// Shrinks the set to the smallest capacity that holds its elements and is at least `min_capacity`, as
    /// [`Pinned::shrink_to`](crate::Pinned::shrink_to).
    ///
    /// ```
    /// let set = loxley::HashSet::<u8>::with_capacity(1000);
    /// set.pin().shrink_to(100);
    /// assert!((100..1000).contains(&set.capacity()));
    /// ```
    pub fn shrink_to(&self, min_capacity: usize) {
        self.set.shrink_to(min_capacity, &self.guard);
    }
}

impl<T: Hash + Eq + fmt::Debug, S: BuildHasher> fmt::Debug for PinnedSet<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
    }
}

impl<'a, T: Hash + Eq, S: BuildHasher> IntoIterator for &'a PinnedSet<'_, T, S> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T, S>;

    fn into_iter(self) -> Iter<'a, T, S> {
        self.iter()
    }
}
