//! Entries of keys that were there.

use std::fmt;
use std::hash::{BuildHasher, Hash};

use ahash::RandomState;

use crate::conditional::ReplaceError;
use crate::hashed::Hashed;
use crate::raw::{Inserted, Mode, Node};

/// A key that was there when it was looked up, see [`Entry`](super::Entry).
pub struct OccupiedEntry<'g, K, V, S = RandomState, Q = K> {
    pub(super) at: Hashed<'g, K, V, S>,
    pub(super) key: Q,
    pub(super) found: &'g Node<K, V>,
}

impl<'g, K, V, S, Q> OccupiedEntry<'g, K, V, S, Q> {
    /// The key as it was found in the map.
    ///
    /// ```
    /// # use loxley::Entry;
    /// let map: loxley::HashMap<String, u8> = [("key".to_string(), 1)].into();
    /// let map = map.pin();
    /// if let Entry::Occupied(entry) = map.entry_ref("key") {
    ///     assert_eq!(entry.get_key_value(), (entry.key(), entry.get()));
    /// }
    /// ```
    pub fn key(&self) -> &'g K {
        self.found.key()
    }

    /// The value that was found. The key may have another by now.
    ///
    /// ```
    /// # use loxley::Entry;
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let map = map.pin();
    /// let Entry::Occupied(entry) = map.entry("key") else { unreachable!() };
    /// map.insert("key", 2); // another thread, say
    /// assert_eq!(entry.get(), &1);
    /// ```
    pub fn get(&self) -> &'g V {
        self.found.value()
    }

    /// The key and the value that were found.
    ///
    /// ```
    /// # use loxley::Entry;
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let map = map.pin();
    /// let Entry::Occupied(entry) = map.entry("key") else { unreachable!() };
    /// assert_eq!(entry.get_key_value(), (&"key", &1));
    /// ```
    pub fn get_key_value(&self) -> (&'g K, &'g V) {
        self.found.pair()
    }

    /// Gives back what the entry was asked for with.
    ///
    /// ```
    /// # use loxley::Entry;
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let map = map.pin();
    /// let Entry::Occupied(entry) = map.entry("key") else { unreachable!() };
    /// assert_eq!(entry.into_key(), "key");
    /// ```
    pub fn into_key(self) -> Q {
        self.key
    }
}

impl<'g, K, V, S> OccupiedEntry<'g, K, V, S>
where
    K: Hash + Eq + Clone + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    pub(super) fn inserting(at: Hashed<'g, K, V, S>, key: K, value: V, mode: Mode) -> Self {
        let (Inserted::New(found) | Inserted::Replaced { new: found, .. } | Inserted::Kept(found, _)) =
            at.insert_node(key.clone(), value, mode);
        Self { at, key, found }
    }
}

impl<'g, K, V, S, Q> OccupiedEntry<'g, K, V, S, Q>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Gives the key this value, and returns the value that it replaces: perhaps another than was found. None if the key has
    /// been removed; then it is there again.
    ///
    /// # Panics
    /// As [`Pinned::insert`](crate::Pinned::insert).
    ///
    /// ```
    /// # use loxley::Entry;
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let map = map.pin();
    /// if let Entry::Occupied(entry) = map.entry("key") {
    ///     assert_eq!(entry.insert(2), Some(&1));
    /// }
    /// assert_eq!(map.get("key"), Some(&2));
    /// ```
    pub fn insert(self, value: V) -> Option<&'g V>
    where
        Q: Into<K>,
    {
        self.at.insert(self.key.into(), value)
    }

    /// Replaces the entry that was found, if the key still has that very entry, and returns its value.
    ///
    /// # Errors
    /// If the key has been removed or replaced: the value that it has now, and the one that was not inserted.
    ///
    /// ```
    /// # use loxley::Entry;
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let map = map.pin();
    /// if let Entry::Occupied(entry) = map.entry("key") {
    ///     map.insert("key", 1); // equal, and not the same
    ///     let error = entry.try_insert(2).unwrap_err();
    ///     assert_eq!((error.current, error.not_inserted), (Some(&1), 2));
    /// }
    /// ```
    pub fn try_insert(self, value: V) -> Result<&'g V, ReplaceError<'g, V>>
    where
        Q: Into<K>,
    {
        self.at.replace_if(self.key.into(), value, |key, _| std::ptr::eq(key, self.found.key()))
    }

    /// Removes the key, and returns the value that it had: perhaps another than was found. None if it has been removed already.
    ///
    /// ```
    /// # use loxley::Entry;
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let map = map.pin();
    /// if let Entry::Occupied(entry) = map.entry("key") {
    ///     assert_eq!(entry.remove(), Some(&1));
    /// }
    /// assert!(map.is_empty());
    /// ```
    pub fn remove(self) -> Option<&'g V> {
        self.at.remove(self.found.key())
    }

    /// The same, and returns key and value.
    ///
    /// ```
    /// # use loxley::Entry;
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let map = map.pin();
    /// let Entry::Occupied(entry) = map.entry("key") else { unreachable!() };
    /// assert_eq!(entry.remove_entry(), Some((&"key", &1)));
    /// ```
    pub fn remove_entry(self) -> Option<(&'g K, &'g V)> {
        self.at.remove_entry(self.found.key())
    }

    /// Removes the entry that was found, if the key still has that very entry, and returns it. None if the key has been
    /// removed or replaced.
    ///
    /// ```
    /// # use loxley::Entry;
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let map = map.pin();
    /// if let Entry::Occupied(entry) = map.entry("key") {
    ///     map.insert("key", 2); // another thread, say, to which 2 matters
    ///     assert_eq!(entry.try_remove(), None);
    /// }
    /// assert_eq!(map.get("key"), Some(&2));
    /// ```
    pub fn try_remove(self) -> Option<(&'g K, &'g V)> {
        self.at.remove_if(self.found.key(), |key, _| std::ptr::eq(key, self.found.key()))
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S, Q> fmt::Debug for OccupiedEntry<'_, K, V, S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OccupiedEntry").field("key", self.key()).field("value", self.get()).finish_non_exhaustive()
    }
}
