//! The set for its exclusive owner.

use std::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use super::{Drain, ExtractIf, HashSet};

/// # For the exclusive owner
/// See [`HashMap`](crate::HashMap).
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

    /// Removes all elements, and drops them at once. Keeps the table. O(capacity).
    ///
    /// # Panics
    /// If the `Drop` of an element does; all are gone nevertheless.
    ///
    /// ```
    /// let mut set = loxley::HashSet::from([1, 2]);
    /// set.clear_mut();
    /// assert!(set.is_empty() && set.capacity() > 0);
    /// ```
    pub fn clear_mut(&mut self) {
        self.map.clear_mut();
    }
}

impl<T: Hash + Eq + Send + 'static, S: BuildHasher> HashSet<T, S> {
    /// Inserts `value` if it is not in the set, and returns whether that was so.
    ///
    /// # Panics
    /// As [`Pinned::insert`](crate::Pinned::insert).
    ///
    /// ```
    /// let mut set = loxley::HashSet::new();
    /// assert!(set.insert_mut(1));
    /// assert!(!set.insert_mut(1));
    /// ```
    pub fn insert_mut(&mut self, value: T) -> bool {
        self.map.insert_mut(value, ()).is_none()
    }

    /// Inserts `value`, and returns the element that it replaces, by value.
    ///
    /// # Panics
    /// As [`Pinned::insert`](crate::Pinned::insert); the element that is replaced is gone then.
    ///
    /// ```
    /// let mut set = loxley::HashSet::from([vec![1]]);
    /// assert_eq!(set.replace_mut(vec![1]), Some(vec![1]));
    /// assert_eq!(set.replace_mut(vec![2]), None);
    /// ```
    pub fn replace_mut(&mut self, value: T) -> Option<T> {
        let old = self.take_mut(&value);
        self.insert_mut(value);
        old
    }

    /// Removes `value`, and returns whether it was in the set. The element is dropped at once.
    ///
    /// ```
    /// let mut set = loxley::HashSet::from([1]);
    /// assert!(set.remove_mut(&1));
    /// assert!(!set.remove_mut(&1));
    /// ```
    pub fn remove_mut<Q>(&mut self, value: &Q) -> bool
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        self.take_mut(value).is_some()
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

    /// Removes the elements for which `keep` is false, and drops them at once. O(capacity).
    ///
    /// # Panics
    /// If `keep` panics, or the `Drop` of an element; the elements before are gone then, and the others stay.
    ///
    /// ```
    /// let mut set = loxley::HashSet::from([1, 2, 3]);
    /// set.retain_mut(|n| n % 2 == 1);
    /// assert_eq!(set.len(), 2);
    /// ```
    pub fn retain_mut(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.map.retain_mut(|element, ()| keep(element));
    }

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
}
