//! Entries of keys that were absent.

use std::fmt;
use std::hash::{BuildHasher, Hash};

use ahash::RandomState;

use super::occupied::OccupiedEntry;
use crate::hashed::Hashed;
use crate::map::OccupiedError;
use crate::raw::Mode;

/// A key that was absent when it was looked up, see [`Entry`](super::Entry).
pub struct VacantEntry<'g, K, V, S = RandomState, Q = K> {
    pub(super) at: Hashed<'g, K, V, S>,
    pub(super) key: Q,
}

impl<'g, K, V, S, Q> VacantEntry<'g, K, V, S, Q> {
    /// What the entry was asked for with.
    ///
    /// ```
    /// # use loxley::Entry;
    /// let map = loxley::HashMap::<&str, u8>::new();
    /// let map = map.pin();
    /// let Entry::Vacant(entry) = map.entry("key") else { unreachable!() };
    /// assert_eq!(entry.key(), &"key");
    /// ```
    pub fn key(&self) -> &Q {
        &self.key
    }

    /// Gives back what the entry was asked for with.
    ///
    /// ```
    /// # use loxley::Entry;
    /// let map = loxley::HashMap::<&str, u8>::new();
    /// let map = map.pin();
    /// let Entry::Vacant(entry) = map.entry("key") else { unreachable!() };
    /// assert_eq!(entry.into_key(), "key");
    /// ```
    pub fn into_key(self) -> Q {
        self.key
    }
}

impl<'g, K, V, S, Q> VacantEntry<'g, K, V, S, Q>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
    Q: Into<K>,
{
    /// Inserts the key with this value, and returns it. If another thread has inserted the key meanwhile, its value stays
    /// and is returned; `value` is dropped.
    ///
    /// # Panics
    /// As [`Pinned::insert`](crate::Pinned::insert).
    ///
    /// ```
    /// # use loxley::Entry;
    /// let map = loxley::HashMap::new();
    /// let map = map.pin();
    /// if let Entry::Vacant(entry) = map.entry("key") {
    ///     assert_eq!(entry.insert(1), &1);
    /// }
    /// ```
    pub fn insert(self, value: V) -> &'g V {
        self.at.insert_if_absent(self.key.into(), value)
    }

    /// The same, and returns the key's entry. (That is for further operations on the key, and so has a clone of it.)
    ///
    /// # Panics
    /// As [`Pinned::insert`](crate::Pinned::insert).
    ///
    /// ```
    /// # use loxley::Entry;
    /// let map = loxley::HashMap::<&str, u8>::new();
    /// let map = map.pin();
    /// let Entry::Vacant(entry) = map.entry("key") else { unreachable!() };
    /// assert_eq!(entry.insert_entry(1).remove(), Some(&1));
    /// ```
    pub fn insert_entry(self, value: V) -> OccupiedEntry<'g, K, V, S>
    where
        K: Clone,
    {
        OccupiedEntry::inserting(self.at, self.key.into(), value, Mode::Keep)
    }

    /// Inserts the key with this value if it is absent still, and returns the value.
    ///
    /// # Errors
    /// If another thread has inserted the key: its value, and the one that was not inserted.
    ///
    /// # Panics
    /// As [`Pinned::insert`](crate::Pinned::insert).
    ///
    /// ```
    /// # use loxley::Entry;
    /// let map = loxley::HashMap::new();
    /// let map = map.pin();
    /// if let Entry::Vacant(entry) = map.entry("key") {
    ///     map.insert("key", 1); // another thread, say
    ///     assert_eq!(entry.try_insert(2).unwrap_err().current, &1);
    /// }
    /// ```
    pub fn try_insert(self, value: V) -> Result<&'g V, OccupiedError<'g, V>> {
        self.at.try_insert(self.key.into(), value)
    }
}

impl<K, V, S, Q: fmt::Debug> fmt::Debug for VacantEntry<'_, K, V, S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VacantEntry").field(self.key()).finish()
    }
}
