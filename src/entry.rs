//! The entry API.

use std::fmt;
use std::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use crate::conditional::ReplaceError;
use crate::hashed::Hashed;
use crate::map::{HashMap, OccupiedError};
use crate::pinned::Pinned;
use crate::raw::{Inserted, Mode, Node};
use crate::reclaim::Guard;

/// What a key had when [`entry`](Pinned::entry) or [`entry_ref`](Pinned::entry_ref) looked it up.
///
/// **An entry holds nothing**: no lock, no place in the map. Other threads may change the key at any time, and whether it is
/// occupied is what it *was*. Each method is one atomic operation on what the key has when it is called:
///
/// | method | effect |
/// |---|---|
/// | [`or_insert`](Self::or_insert) and its kin, [`VacantEntry::insert`], [`VacantEntry::insert_entry`] | insert if the key is absent still; otherwise the value that it has stays, and is returned |
/// | [`and_modify`](Self::and_modify) with `or_insert` and its kin | update or insert, as one atomic step |
/// | [`insert_entry`](Self::insert_entry), [`OccupiedEntry::insert`] | insert, or replace what the key has by now |
/// | [`OccupiedEntry::remove`], [`OccupiedEntry::remove_entry`] | remove what the key has by now |
/// | [`OccupiedEntry::try_insert`], [`OccupiedEntry::try_remove`] | replace, remove, if the key still has the very entry that was found |
/// | [`VacantEntry::try_insert`] | insert, if the key is absent still |
/// | `get`, `key`, `get_key_value` | show what was found |
///
/// `Q` is what the entry was asked for with: the key, or a reference that a key can be made of.
pub enum Entry<'g, K, V, S, Q = K> {
    /// The key was there.
    Occupied(OccupiedEntry<'g, K, V, S, Q>),
    /// The key was absent.
    Vacant(VacantEntry<'g, K, V, S, Q>),
}

/// A key that was there when it was looked up, see [`Entry`].
pub struct OccupiedEntry<'g, K, V, S, Q = K> {
    at: Hashed<'g, K, V, S>,
    key: Q,
    found: &'g Node<K, V>,
}

/// A key that was absent when it was looked up, see [`Entry`].
pub struct VacantEntry<'g, K, V, S, Q = K> {
    at: Hashed<'g, K, V, S>,
    key: Q,
}

/// A modification that waits for what to insert if there is nothing to modify. From [`Entry::and_modify`].
#[must_use = "nothing is modified before `or_insert` or `apply` is called"]
pub struct Modify<'g, K, V, S, F> {
    at: Hashed<'g, K, V, S>,
    key: K,
    modify: F,
}

impl<K, V, S> Pinned<'_, K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// Looks `key` up, for what shall happen then. See [`Entry`] for what holds when other threads write.
    ///
    /// ```
    /// let words: loxley::HashMap<&str, u32> = loxley::HashMap::new();
    /// let words = words.pin();
    /// for word in ["a", "rose", "is", "a", "rose"] {
    ///     // One atomic step: no count is lost.
    ///     words.entry(word).and_modify(|count| count + 1).or_insert(1);
    /// }
    /// assert_eq!(words.get("rose"), Some(&2));
    /// ```
    pub fn entry(&self, key: K) -> Entry<'_, K, V, S> {
        self.map().entry(key, self.guard())
    }

    /// The same for a borrowed form of the key, of which a key is made only when it is needed for an insertion
    /// (`K: From<&Q>`, then). The new key must be equal to it.
    ///
    /// ```
    /// let map: loxley::HashMap<String, u32> = loxley::HashMap::new();
    /// let map = map.pin();
    /// assert_eq!(map.entry_ref("key").or_insert(1), &1);
    /// assert_eq!(map.entry_ref("key").or_insert(2), &1); // makes no String
    /// ```
    pub fn entry_ref<'g, 'q, Q>(&'g self, key: &'q Q) -> Entry<'g, K, V, S, &'q Q>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map().entry_ref(key, self.guard())
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// See [`Pinned::entry`].
    pub fn entry<'g>(&'g self, key: K, guard: &'g Guard) -> Entry<'g, K, V, S> {
        self.at(&key, guard).entry(key)
    }

    /// See [`Pinned::entry_ref`].
    pub fn entry_ref<'g, 'q, Q>(&'g self, key: &'q Q, guard: &'g Guard) -> Entry<'g, K, V, S, &'q Q>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).entry_ref(key)
    }
}

impl<'g, K, V, S> Hashed<'g, K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// See [`Pinned::entry`].
    pub fn entry(self, key: K) -> Entry<'g, K, V, S> {
        Entry::new(self, self.find(&key), key)
    }

    /// See [`Pinned::entry_ref`].
    pub fn entry_ref<'q, Q>(self, key: &'q Q) -> Entry<'g, K, V, S, &'q Q>
    where
        Q: Equivalent<K> + ?Sized,
    {
        Entry::new(self, self.find(key), key)
    }
}

impl<'g, K, V, S, Q> Entry<'g, K, V, S, Q> {
    fn new(at: Hashed<'g, K, V, S>, found: Option<&'g Node<K, V>>, key: Q) -> Self {
        match found {
            Some(found) => Self::Occupied(OccupiedEntry { at, key, found }),
            None => Self::Vacant(VacantEntry { at, key }),
        }
    }

    /// What the entry was asked for with.
    ///
    /// ```
    /// let map = loxley::HashMap::<&str, u8>::new();
    /// assert_eq!(map.pin().entry("key").key(), &"key");
    /// ```
    pub fn key(&self) -> &Q {
        match self {
            Self::Occupied(entry) => &entry.key,
            Self::Vacant(entry) => &entry.key,
        }
    }

    /// Gives back what the entry was asked for with.
    ///
    /// ```
    /// let map: loxley::HashMap<String, u8> = [("key".to_string(), 1)].into();
    /// assert_eq!(map.pin().entry("key".to_string()).into_key(), "key");
    /// ```
    pub fn into_key(self) -> Q {
        match self {
            Self::Occupied(entry) => entry.into_key(),
            Self::Vacant(entry) => entry.into_key(),
        }
    }

    /// Prepares a modification of the key's value, if it has one, to be made together with what to do if it has none: by
    /// [`or_insert`](Modify::or_insert) and its kin, in one atomic step. **Does nothing by itself**, unlike with std.
    ///
    /// `modify` sees the value that the key has then, which may be another than the entry shows. It makes a new value,
    /// since values are immutable once they are in the map; it is called again if the entry has changed meanwhile.
    ///
    /// ```
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let map = map.pin();
    /// assert_eq!(map.entry("key").and_modify(|value| value + 1).or_insert(0), &2);
    /// assert_eq!(map.entry("other").and_modify(|value| value + 1).or_insert(0), &0);
    /// ```
    pub fn and_modify<F>(self, modify: F) -> Modify<'g, K, V, S, F>
    where
        F: FnMut(&V) -> V,
        Q: Into<K>,
    {
        let (Self::Occupied(OccupiedEntry { at, key, .. }) | Self::Vacant(VacantEntry { at, key })) = self;
        Modify { at, key: key.into(), modify }
    }
}

impl<'g, K, V, S, Q> Entry<'g, K, V, S, Q>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
    Q: Into<K>,
{
    /// The value that was found; if none was, inserts `value` as [`VacantEntry::insert`] does.
    ///
    /// # Panics
    /// As [`Pinned::insert`].
    ///
    /// ```
    /// let map = loxley::HashMap::new();
    /// let map = map.pin();
    /// assert_eq!(map.entry("key").or_insert(1), &1);
    /// assert_eq!(map.entry("key").or_insert(2), &1);
    /// ```
    pub fn or_insert(self, value: V) -> &'g V {
        self.or_insert_with(|| value)
    }

    /// The same with a value that `value` makes if the key was absent. It is called at most once; what it has made is dropped if
    /// another thread has inserted the key meanwhile.
    ///
    /// # Panics
    /// As [`Pinned::insert`], or if `value` panics; then the map is as it was.
    ///
    /// ```
    /// let map = loxley::HashMap::new();
    /// assert_eq!(map.pin().entry("key").or_insert_with(|| 1), &1);
    /// ```
    pub fn or_insert_with(self, value: impl FnOnce() -> V) -> &'g V {
        self.or_insert_with_key(|_| value())
    }

    /// The same with a value that is made of the key.
    ///
    /// ```
    /// let map = loxley::HashMap::new();
    /// assert_eq!(map.pin().entry("key").or_insert_with_key(|key| key.len()), &3);
    /// ```
    pub fn or_insert_with_key(self, value: impl FnOnce(&K) -> V) -> &'g V {
        match self {
            Self::Occupied(entry) => entry.get(),
            Self::Vacant(VacantEntry { at, key }) => {
                let key = key.into();
                let value = value(&key);
                at.insert_if_absent(key, value)
            }
        }
    }

    /// The same with the default value.
    ///
    /// ```
    /// let map = loxley::HashMap::<&str, u8>::new();
    /// assert_eq!(map.pin().entry("key").or_default(), &0);
    /// ```
    pub fn or_default(self) -> &'g V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Gives the key this value, whatever it has by now, and returns the new entry. (That is for further operations on the
    /// key, and so has a clone of it.)
    ///
    /// # Panics
    /// As [`Pinned::insert`].
    ///
    /// ```
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let map = map.pin();
    /// assert_eq!(map.entry("key").insert_entry(2).get(), &2);
    /// ```
    pub fn insert_entry(self, value: V) -> OccupiedEntry<'g, K, V, S>
    where
        K: Clone,
    {
        let (Self::Occupied(OccupiedEntry { at, key, .. }) | Self::Vacant(VacantEntry { at, key })) = self;
        OccupiedEntry::inserting(at, key.into(), value, Mode::Replace)
    }
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
    pub fn get(&self) -> &'g V {
        self.found.value()
    }

    /// The key and the value that were found.
    pub fn get_key_value(&self) -> (&'g K, &'g V) {
        self.found.pair()
    }

    /// Gives back what the entry was asked for with.
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
    fn inserting(at: Hashed<'g, K, V, S>, key: K, value: V, mode: Mode) -> Self {
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
    /// been removed; then it is there again. As [`Pinned::insert`].
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

impl<'g, K, V, S, Q> VacantEntry<'g, K, V, S, Q> {
    /// What the entry was asked for with.
    pub fn key(&self) -> &Q {
        &self.key
    }

    /// Gives back what the entry was asked for with.
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

impl<'g, K, V, S, F> Modify<'g, K, V, S, F>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
    F: FnMut(&V) -> V,
{
    /// Modifies the key's value, or inserts this one: [`Pinned::update_or_insert`].
    pub fn or_insert(self, value: V) -> &'g V {
        self.at.update_or_insert(self.key, self.modify, value)
    }

    /// Modifies the key's value, or inserts what `value` makes: [`Pinned::update_or_insert_with`].
    pub fn or_insert_with(self, value: impl FnOnce() -> V) -> &'g V {
        self.at.update_or_insert_with(self.key, self.modify, value)
    }

    /// Modifies the key's value, or inserts the default value.
    pub fn or_default(self) -> &'g V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Modifies the key's value if there is one: [`Pinned::update`].
    pub fn apply(self) -> Option<&'g V> {
        self.at.update(self.key, self.modify)
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S, Q: fmt::Debug> fmt::Debug for Entry<'_, K, V, S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Occupied(entry) => f.debug_tuple("Entry").field(entry).finish(),
            Self::Vacant(entry) => f.debug_tuple("Entry").field(entry).finish(),
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S, Q> fmt::Debug for OccupiedEntry<'_, K, V, S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OccupiedEntry").field("key", self.key()).field("value", self.get()).finish_non_exhaustive()
    }
}

impl<K, V, S, Q: fmt::Debug> fmt::Debug for VacantEntry<'_, K, V, S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VacantEntry").field(self.key()).finish()
    }
}

impl<K: fmt::Debug, V, S, F> fmt::Debug for Modify<'_, K, V, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Modify").field("key", &self.key).finish_non_exhaustive()
    }
}
