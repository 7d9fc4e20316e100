//! The exclusive entry: std's `Entry`.

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::mem;

use ahash::RandomState;

use crate::map::HashMap;
use crate::raw::Node;

/// The entry of a key, or the place for it, from [`HashMap::entry_mut`] or [`HashMap::entry_ref_mut`].
///
/// `Q` is what the entry was asked for with: the key, or a reference that a key can be made of.
pub enum EntryMut<'a, K, V, S = RandomState, Q = K> {
    /// The key is in the map.
    Occupied(OccupiedEntryMut<'a, K, V, S>),
    /// It is not.
    Vacant(VacantEntryMut<'a, K, V, S, Q>),
}

/// The entry of a key that is in the map.
pub struct OccupiedEntryMut<'a, K, V, S = RandomState> {
    map: &'a mut HashMap<K, V, S>,
    hash: u64,
    /// An entry of the map.
    node: *mut Node<K, V>,
}

// SAFETY: an exclusive reference to the map, of which the node is a part.
unsafe impl<K, V, S> Send for OccupiedEntryMut<'_, K, V, S> where HashMap<K, V, S>: Send {}
// SAFETY: as above.
unsafe impl<K, V, S> Sync for OccupiedEntryMut<'_, K, V, S> where HashMap<K, V, S>: Sync {}

/// The place for a key that is not in the map.
pub struct VacantEntryMut<'a, K, V, S = RandomState, Q = K> {
    map: &'a mut HashMap<K, V, S>,
    hash: u64,
    key: Q,
}

impl<'a, K, V, S, Q> EntryMut<'a, K, V, S, Q> {
    /// `node` is the entry that `key` has in the map.
    pub(super) fn new(map: &'a mut HashMap<K, V, S>, hash: u64, key: Q, node: Option<*mut Node<K, V>>) -> Self {
        match node {
            Some(node) => Self::Occupied(OccupiedEntryMut { map, hash, node }),
            None => Self::Vacant(VacantEntryMut { map, hash, key }),
        }
    }

    /// Calls `modify` on the value if the key is in the map.
    ///
    /// ```
    /// let mut map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// map.entry_mut("key").and_modify(|value| *value += 1).or_insert(7);
    /// assert_eq!(map.pin().get("key"), Some(&2));
    /// ```
    pub fn and_modify(mut self, modify: impl FnOnce(&mut V)) -> Self {
        if let Self::Occupied(entry) = &mut self {
            modify(entry.get_mut());
        }
        self
    }
}

impl<K, V, S> EntryMut<'_, K, V, S> {
    /// The key of the entry: the map's, or the one that was looked for.
    ///
    /// ```
    /// let mut map = loxley::HashMap::<&str, u8>::new();
    /// assert_eq!(map.entry_mut("key").key(), &"key");
    /// ```
    pub fn key(&self) -> &K {
        match self {
            Self::Occupied(entry) => entry.key(),
            Self::Vacant(entry) => entry.key(),
        }
    }
}

impl<'a, K, V, S, Q> EntryMut<'a, K, V, S, Q>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
    Q: Into<K>,
{
    /// The value, `value` being inserted if the key is absent.
    ///
    /// ```
    /// let mut map = loxley::HashMap::<&str, u8>::new();
    /// *map.entry_mut("key").or_insert(1) += 1;
    /// assert_eq!(map.pin().get("key"), Some(&2));
    /// ```
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    /// The value, that of `value()` being inserted if the key is absent.
    ///
    /// ```
    /// let mut map = loxley::HashMap::<&str, Vec<u8>>::new();
    /// map.entry_mut("key").or_insert_with(Vec::new).push(1);
    /// assert_eq!(map.pin().get("key"), Some(&vec![1]));
    /// ```
    pub fn or_insert_with(self, value: impl FnOnce() -> V) -> &'a mut V {
        self.or_insert_with_key(|_| value())
    }

    /// The value, that of `value(key)` being inserted if the key is absent.
    ///
    /// ```
    /// let mut map = loxley::HashMap::<&str, usize>::new();
    /// assert_eq!(map.entry_mut("key").or_insert_with_key(|key| key.len()), &mut 3);
    /// ```
    pub fn or_insert_with_key(self, value: impl FnOnce(&K) -> V) -> &'a mut V {
        match self {
            Self::Occupied(entry) => entry.into_mut(),
            Self::Vacant(VacantEntryMut { map, hash, key }) => {
                let key = key.into();
                let value = value(&key);
                VacantEntryMut { map, hash, key }.insert(value)
            }
        }
    }

    /// The value, the default being inserted if the key is absent.
    ///
    /// ```
    /// let mut map = loxley::HashMap::<&str, u8>::new();
    /// assert_eq!(map.entry_mut("key").or_default(), &mut 0);
    /// ```
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Gives the key this value, and returns its entry. The key stays if it is in the map.
    ///
    /// ```
    /// let mut map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// assert_eq!(map.entry_mut("key").insert_entry(2).get(), &2);
    /// assert_eq!(map.entry_mut("other").insert_entry(3).remove(), 3);
    /// ```
    pub fn insert_entry(self, value: V) -> OccupiedEntryMut<'a, K, V, S> {
        match self {
            Self::Occupied(mut entry) => {
                entry.insert(value);
                entry
            }
            Self::Vacant(entry) => entry.insert_entry(value),
        }
    }
}

impl<'a, K, V, S> OccupiedEntryMut<'a, K, V, S> {
    /// The map's key.
    ///
    /// ```
    /// use loxley::EntryMut::Occupied;
    /// let mut map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let Occupied(entry) = map.entry_mut("key") else { unreachable!() };
    /// assert_eq!(entry.key(), &"key");
    /// ```
    pub fn key(&self) -> &K {
        self.node().key()
    }

    /// The value.
    ///
    /// ```
    /// use loxley::EntryMut::Occupied;
    /// let mut map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let Occupied(entry) = map.entry_mut("key") else { unreachable!() };
    /// assert_eq!(entry.get(), &1);
    /// ```
    pub fn get(&self) -> &V {
        self.node().value()
    }

    /// The value, to be changed in place.
    ///
    /// ```
    /// use loxley::EntryMut::Occupied;
    /// let mut map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let Occupied(mut entry) = map.entry_mut("key") else { unreachable!() };
    /// *entry.get_mut() += 1;
    /// assert_eq!(entry.get(), &2);
    /// ```
    pub fn get_mut(&mut self) -> &mut V {
        // SAFETY: an entry of a map that is borrowed exclusively; the reference borrows us.
        unsafe { Node::pair_mut(self.node) }.1
    }

    /// The value, for as long as the map is borrowed.
    ///
    /// ```
    /// use loxley::EntryMut::Occupied;
    /// let mut map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let Occupied(entry) = map.entry_mut("key") else { unreachable!() };
    /// let value = entry.into_mut();
    /// *value += 1;
    /// assert_eq!(map.pin()["key"], 2);
    /// ```
    pub fn into_mut(self) -> &'a mut V {
        // SAFETY: an entry of a map that is borrowed exclusively for 'a, by nobody else now that we are gone.
        unsafe { Node::pair_mut(self.node) }.1
    }

    /// Replaces the value and returns the old one. The key stays.
    ///
    /// ```
    /// use loxley::EntryMut::Occupied;
    /// let mut map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let Occupied(mut entry) = map.entry_mut("key") else { unreachable!() };
    /// assert_eq!(entry.insert(2), 1);
    /// assert_eq!(entry.get(), &2);
    /// ```
    pub fn insert(&mut self, value: V) -> V {
        mem::replace(self.get_mut(), value)
    }

    fn node(&self) -> &Node<K, V> {
        // SAFETY: an entry of a map that is borrowed exclusively by us, and so shared by the reference.
        unsafe { &*self.node }
    }
}

impl<K, V, S> OccupiedEntryMut<'_, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Removes the entry and returns its value.
    ///
    /// # Panics
    /// If the key's `Hash` is inconsistent.
    ///
    /// ```
    /// use loxley::EntryMut::Occupied;
    /// let mut map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let Occupied(entry) = map.entry_mut("key") else { unreachable!() };
    /// assert_eq!(entry.remove(), 1);
    /// assert!(map.is_empty());
    /// ```
    pub fn remove(self) -> V {
        self.remove_entry().1
    }

    /// Removes the entry and returns it.
    ///
    /// # Panics
    /// If the key's `Hash` is inconsistent.
    ///
    /// ```
    /// use loxley::EntryMut::Occupied;
    /// let mut map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let Occupied(entry) = map.entry_mut("key") else { unreachable!() };
    /// assert_eq!(entry.remove_entry(), ("key", 1));
    /// ```
    pub fn remove_entry(self) -> (K, V) {
        let removed = self.map.remove_node(self.hash, self.node);
        removed.expect("a key keeps its hash")
    }
}

impl<'a, K, V, S, Q> VacantEntryMut<'a, K, V, S, Q> {
    /// What the entry was asked for with.
    ///
    /// ```
    /// use loxley::EntryMut::Vacant;
    /// let mut map = loxley::HashMap::<&str, u8>::new();
    /// let Vacant(entry) = map.entry_mut("key") else { unreachable!() };
    /// assert_eq!(entry.key(), &"key");
    /// ```
    pub fn key(&self) -> &Q {
        &self.key
    }

    /// Gives back what the entry was asked for with.
    ///
    /// ```
    /// use loxley::EntryMut::Vacant;
    /// let mut map = loxley::HashMap::<&str, u8>::new();
    /// let Vacant(entry) = map.entry_mut("key") else { unreachable!() };
    /// assert_eq!(entry.into_key(), "key");
    /// ```
    pub fn into_key(self) -> Q {
        self.key
    }

    /// Inserts the key with `value`.
    ///
    /// # Panics
    /// As [`Pinned::insert`](crate::Pinned::insert).
    ///
    /// ```
    /// use loxley::EntryMut::Vacant;
    /// let mut map = loxley::HashMap::<&str, u8>::new();
    /// let Vacant(entry) = map.entry_mut("key") else { unreachable!() };
    /// *entry.insert(1) += 1;
    /// assert_eq!(map.pin().get("key"), Some(&2));
    /// ```
    pub fn insert(self, value: V) -> &'a mut V
    where
        K: Hash + Eq + Send + 'static,
        V: Send + 'static,
        S: BuildHasher,
        Q: Into<K>,
    {
        self.insert_entry(value).into_mut()
    }

    /// Inserts the key with `value`, and returns its entry.
    ///
    /// # Panics
    /// As [`Pinned::insert`](crate::Pinned::insert).
    ///
    /// ```
    /// use loxley::EntryMut::Vacant;
    /// let mut map = loxley::HashMap::<&str, u8>::new();
    /// let Vacant(entry) = map.entry_mut("key") else { unreachable!() };
    /// assert_eq!(entry.insert_entry(1).key(), &"key");
    /// ```
    pub fn insert_entry(self, value: V) -> OccupiedEntryMut<'a, K, V, S>
    where
        K: Hash + Eq + Send + 'static,
        V: Send + 'static,
        S: BuildHasher,
        Q: Into<K>,
    {
        let Self { map, hash, key } = self;
        let node = map.insert_absent(hash, key.into(), value);
        OccupiedEntryMut { map, hash, node }
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S, Q: fmt::Debug> fmt::Debug for EntryMut<'_, K, V, S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Occupied(entry) => f.debug_tuple("EntryMut").field(entry).finish(),
            Self::Vacant(entry) => f.debug_tuple("EntryMut").field(entry).finish(),
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for OccupiedEntryMut<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OccupiedEntryMut").field("key", self.key()).field("value", self.get()).finish()
    }
}

impl<K, V, S, Q: fmt::Debug> fmt::Debug for VacantEntryMut<'_, K, V, S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VacantEntryMut").field(self.key()).finish()
    }
}
