//! The entry API.

mod modify;
mod occupied;
mod vacant;

use std::fmt;
use std::hash::{BuildHasher, Hash};

use ahash::RandomState;
use equivalent::Equivalent;

pub use self::modify::Modify;
pub use self::occupied::OccupiedEntry;
pub use self::vacant::VacantEntry;
use crate::hashed::Hashed;
use crate::map::HashMap;
use crate::pinned::Pinned;
use crate::raw::{Mode, Node};
use crate::reclaim::Guard;

/// What a key had when [`entry`](Pinned::entry) or [`entry_ref`](Pinned::entry_ref) looked it up.
///
/// **An entry holds nothing**: no lock, no place in the map. Other threads may change the key at any time, and whether it is
/// occupied is what it *was*. Each method that writes is one atomic operation on what the key has when it is called:
///
/// | method | effect |
/// |---|---|
/// | [`or_insert`](Self::or_insert) and its kin, [`VacantEntry::insert`], [`VacantEntry::insert_entry`] | of a vacant entry: insert if the key is absent still; otherwise the value that it has stays, and is returned. Of an occupied one: the value that was found |
/// | [`and_modify`](Self::and_modify) with `or_insert` and its kin | update or insert, as one atomic step |
/// | [`insert_entry`](Self::insert_entry), [`OccupiedEntry::insert`] | insert, or replace what the key has by now |
/// | [`OccupiedEntry::remove`], [`OccupiedEntry::remove_entry`] | remove what the key has by now |
/// | [`OccupiedEntry::try_insert`], [`OccupiedEntry::try_remove`] | replace, remove, if the key still has the very entry that was found |
/// | [`VacantEntry::try_insert`] | insert, if the key is absent still |
/// | `get`, `key`, `get_key_value` | show what was found |
///
/// Each takes expected O(1) time and is lock-free, as what it is made of.
///
/// `Q` is what the entry was asked for with: the key, or a reference that a key can be made of.
///
/// ```
/// use loxley::{Entry, HashMap};
///
/// let sessions: HashMap<u32, &str> = [(1, "ann")].into();
/// let sessions = sessions.pin();
/// let log_in = |id, name| match sessions.entry(id) {
///     Entry::Occupied(entry) => Err(*entry.get()),
///     // Another thread may have come first: this tells.
///     Entry::Vacant(entry) => entry.try_insert(name).map_err(|error| *error.current),
/// };
/// assert_eq!(log_in(1, "eve"), Err("ann"));
/// assert_eq!(log_in(2, "bob"), Ok(&"bob"));
/// ```
pub enum Entry<'g, K, V, S = RandomState, Q = K> {
    /// The key was there.
    Occupied(OccupiedEntry<'g, K, V, S, Q>),
    /// The key was absent.
    Vacant(VacantEntry<'g, K, V, S, Q>),
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
    #[doc(alias("try_entry"))]
    pub fn entry(&self, key: K) -> Entry<'_, K, V, S> {
        self.map().entry(key, self.guard())
    }

    /// The same for a borrowed form of the key, of which a key is made only when something may be inserted or replaced
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
    /// # Panics
    /// As there.
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
    /// # Panics
    /// As there, if the default panics.
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

impl<K: fmt::Debug, V: fmt::Debug, S, Q: fmt::Debug> fmt::Debug for Entry<'_, K, V, S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Occupied(entry) => f.debug_tuple("Entry").field(entry).finish(),
            Self::Vacant(entry) => f.debug_tuple("Entry").field(entry).finish(),
        }
    }
}
