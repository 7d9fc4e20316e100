//! The map for its exclusive owner: through `&mut`, or by value. No guards; values can be written to, and what is removed
//! comes back by value.

mod entry;
mod iter;

use std::hash::{BuildHasher, Hash};
use std::ptr;

use equivalent::Equivalent;

pub use self::entry::{EntryMut, OccupiedEntryMut, VacantEntryMut};
pub(crate) use self::iter::Extract;
pub use self::iter::{Drain, ExtractIf, IntoIter, IntoKeys, IntoValues, IterMut, ValuesMut};
use crate::map::HashMap;
use crate::raw::{Mode, Node, OwnedNode, spread};
use crate::reclaim::Guard;

/// # For the exclusive owner
/// These methods need no guard, since nobody else is in the map. Unless stated otherwise they take expected O(1) time; those that
/// remove entries complete a migration that is under way first, which is O(capacity) once.
impl<K, V, S> HashMap<K, V, S> {
    /// Iterates over the entries, values mutably, in no particular order. O(capacity).
    ///
    /// ```
    /// let mut map: loxley::HashMap<u8, u8> = [(1, 2), (3, 4)].into();
    /// for (key, value) in map.iter_mut() {
    ///     *value += key;
    /// }
    /// assert_eq!(map.get_mut(&3), Some(&mut 7));
    /// ```
    ///
    /// The map is borrowed exclusively, so no view can look on:
    /// ```compile_fail,E0502
    /// let mut map: loxley::HashMap<u8, u8> = [(1, 2)].into();
    /// let view = map.pin();
    /// map.iter_mut().for_each(|(_, value)| *value = 0);
    /// println!("{:?}", view.get(&1));
    /// ```
    #[doc(alias("alter_all"))]
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        IterMut::new(&mut self.raw.core)
    }

    /// Iterates over the values mutably, in no particular order. O(capacity).
    ///
    /// ```
    /// let mut map: loxley::HashMap<u8, u8> = [(1, 2), (3, 4)].into();
    /// map.values_mut().for_each(|value| *value *= 10);
    /// assert_eq!(map.pin().values().sum::<u8>(), 60);
    /// ```
    pub fn values_mut(&mut self) -> ValuesMut<'_, K, V> {
        ValuesMut::new(self.iter_mut())
    }

    /// Removes all entries and yields them. Keeps the table. O(capacity).
    ///
    /// Dropping the iterator drops what is left. Leaking it leaks that, and the table; the map is empty in any case.
    ///
    /// ```
    /// let mut map: loxley::HashMap<u8, String> = [(1, "one".to_string())].into();
    /// assert_eq!(map.drain().next(), Some((1, "one".to_string())));
    /// assert!(map.is_empty() && map.capacity() > 0);
    /// ```
    pub fn drain(&mut self) -> Drain<'_, K, V> {
        Drain::new(&mut self.raw.core)
    }

    /// Removes all entries, and drops them at once. Keeps the table. O(capacity).
    ///
    /// # Panics
    /// If the `Drop` of an entry does; all entries are gone nevertheless.
    ///
    /// ```
    /// let mut map: loxley::HashMap<u8, u8> = [(1, 2)].into();
    /// map.clear_mut();
    /// assert!(map.is_empty() && map.capacity() > 0);
    /// ```
    pub fn clear_mut(&mut self) {
        drop(self.drain());
    }

    /// The keys by value, in no particular order. O(capacity).
    ///
    /// ```
    /// let map: loxley::HashMap<String, u8> = [("one".to_string(), 1)].into();
    /// assert_eq!(map.into_keys().collect::<Vec<String>>(), ["one"]);
    /// ```
    pub fn into_keys(self) -> IntoKeys<K, V> {
        IntoKeys::new(self.into_iter())
    }

    /// The values by value, in no particular order. O(capacity).
    ///
    /// ```
    /// let map: loxley::HashMap<u8, String> = [(1, "one".to_string())].into();
    /// assert_eq!(map.into_values().collect::<Vec<String>>(), ["one"]);
    /// ```
    pub fn into_values(self) -> IntoValues<K, V> {
        IntoValues::new(self.into_iter())
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> HashMap<K, V, S> {
    /// The value of `key`, to be changed in place.
    ///
    /// ```
    /// let mut map: loxley::HashMap<String, u8> = [("key".to_string(), 1)].into();
    /// *map.get_mut("key").unwrap() += 1;
    /// assert_eq!(map.pin().get("key"), Some(&2));
    /// ```
    pub fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.get_key_value_mut(key).map(|(_, value)| value)
    }

    /// The key and the value of `key`, the latter to be changed in place.
    ///
    /// ```
    /// let mut map: loxley::HashMap<String, u8> = [("key".to_string(), 1)].into();
    /// let (key, value) = map.get_key_value_mut("key").unwrap();
    /// *value = key.len() as u8;
    /// assert_eq!(map.pin().get("key"), Some(&3));
    /// ```
    pub fn get_key_value_mut<Q>(&mut self, key: &Q) -> Option<(&K, &mut V)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        let spot = self.raw.core.seek_mut(hash, key)?;
        // SAFETY: an entry of the map, which is borrowed exclusively as long as the references live.
        Some(unsafe { Node::pair_mut(spot.node()) })
    }

    /// The values of many keys, all to be changed in place. O(`N`²), for the keys must differ.
    ///
    /// # Panics
    /// If two keys have one entry.
    ///
    /// ```
    /// let mut map: loxley::HashMap<String, u8> = [("a".to_string(), 1), ("b".to_string(), 2)].into();
    /// if let [Some(a), Some(b), None] = map.get_disjoint_mut(["a", "b", "c"]) {
    ///     std::mem::swap(a, b);
    /// }
    /// assert_eq!(map.get_mut("a"), Some(&mut 2));
    /// ```
    #[doc(alias("get_many_mut"))]
    pub fn get_disjoint_mut<Q, const N: usize>(&mut self, keys: [&Q; N]) -> [Option<&mut V>; N]
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let nodes = keys.map(|key| {
            let hash = self.hash(key);
            self.raw.core.seek_mut(hash, key).map(|spot| spot.node())
        });
        for (i, node) in nodes.iter().enumerate() {
            assert!(node.is_none() || !nodes[..i].contains(node), "duplicate keys found");
        }
        // SAFETY: entries of the map, which is borrowed exclusively as long as the references live; no two are the same.
        nodes.map(|node| node.map(|node| unsafe { Node::pair_mut(node) }.1))
    }

    fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        spread(self.hasher().hash_one(key))
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Inserts an entry, and returns the value that it replaces, by value. The key stays if it is in the map: as std's
    /// `insert`, and unlike [`Pinned::insert`](crate::Pinned::insert).
    ///
    /// # Panics
    /// As there.
    ///
    /// ```
    /// let mut map = loxley::HashMap::new();
    /// assert_eq!(map.insert_mut(1, "one".to_string()), None);
    /// assert_eq!(map.insert_mut(1, "uno".to_string()), Some("one".to_string()));
    /// ```
    pub fn insert_mut(&mut self, key: K, value: V) -> Option<V> {
        match self.entry_mut(key) {
            EntryMut::Occupied(mut entry) => Some(entry.insert(value)),
            EntryMut::Vacant(entry) => {
                entry.insert(value);
                None
            }
        }
    }

    /// The entry of `key` or the place for it, as std's `entry`.
    ///
    /// ```
    /// let mut words = loxley::HashMap::new();
    /// for word in "a rose is a rose".split(' ') {
    ///     *words.entry_mut(word).or_insert(0) += 1;
    /// }
    /// assert_eq!(words.pin().get("rose"), Some(&2));
    /// ```
    ///
    /// # Panics
    /// Insertions through it as [`Pinned::insert`](crate::Pinned::insert).
    pub fn entry_mut(&mut self, key: K) -> EntryMut<'_, K, V, S> {
        let (hash, node) = self.find_mut(&key);
        EntryMut::new(self, hash, key, node)
    }

    /// The same for a borrowed form of the key, of which a key is made only when it is inserted (`K: From<&Q>`, then). The
    /// new key must be equal to it.
    ///
    /// ```
    /// let mut words = loxley::HashMap::<String, u32>::new();
    /// for word in "a rose is a rose".split(' ') {
    ///     *words.entry_ref_mut(word).or_insert(0) += 1; // makes three Strings
    /// }
    /// assert_eq!(words.pin().get("rose"), Some(&2));
    /// ```
    ///
    /// # Panics
    /// Insertions through it as [`Pinned::insert`](crate::Pinned::insert).
    pub fn entry_ref_mut<'q, Q>(&mut self, key: &'q Q) -> EntryMut<'_, K, V, S, &'q Q>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let (hash, node) = self.find_mut(key);
        EntryMut::new(self, hash, key, node)
    }

    /// Removes `key` and returns its value, by value.
    ///
    /// ```
    /// let mut map: loxley::HashMap<u8, String> = [(1, "one".to_string())].into();
    /// assert_eq!(map.remove_mut(&1), Some("one".to_string()));
    /// assert_eq!(map.remove_mut(&1), None);
    /// ```
    pub fn remove_mut<Q>(&mut self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.remove_entry_mut(key).map(|(_, value)| value)
    }

    /// Removes `key` and returns its entry, by value.
    ///
    /// ```
    /// let mut map: loxley::HashMap<u8, String> = [(1, "one".to_string())].into();
    /// assert_eq!(map.remove_entry_mut(&1), Some((1, "one".to_string())));
    /// ```
    pub fn remove_entry_mut<Q>(&mut self, key: &Q) -> Option<(K, V)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.take_out(self.hash(key), key)
    }

    /// Removes the entries for which `keep` is false, as std's `retain`: `keep` may change the values. O(capacity).
    ///
    /// # Panics
    /// If `keep` panics, or the `Drop` of an entry; the entries before are gone then, and the others stay.
    ///
    /// ```
    /// let mut map: loxley::HashMap<u8, u8> = (0..10).map(|i| (i, i)).collect();
    /// map.retain_mut(|_, value| {
    ///     *value += 1;
    ///     *value % 2 == 0
    /// });
    /// assert_eq!(map.pin().get(&1), Some(&2));
    /// assert_eq!(map.len(), 5);
    /// ```
    pub fn retain_mut(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.extract_if(|key, value| !keep(key, value)).for_each(drop);
    }

    /// Removes the entries for which `remove` is true, and yields them. O(capacity).
    ///
    /// Lazy: entries that the iterator has not come to when it is dropped stay.
    ///
    /// # Panics
    /// `next` if `remove` panics; that entry stays.
    ///
    /// ```
    /// let mut map: loxley::HashMap<u8, u8> = (0..10).map(|i| (i, i)).collect();
    /// let odd: Vec<(u8, u8)> = map.extract_if(|_, value| *value % 2 == 1).collect();
    /// assert_eq!((odd.len(), map.len()), (5, 5));
    /// ```
    #[doc(alias("drain_filter"))]
    pub fn extract_if<F>(&mut self, remove: F) -> ExtractIf<'_, K, V, F>
    where
        F: FnMut(&K, &mut V) -> bool,
    {
        ExtractIf::new(self.extract(), remove)
    }

    pub(crate) fn extract(&mut self) -> Extract<'_, K, V> {
        self.settle();
        // SAFETY: settled just now.
        unsafe { Extract::new(&mut self.raw.core) }
    }

    /// Completes the migration that is under way, so that there is one table.
    fn settle(&self) {
        self.op(&Guard::new()).settle().unwrap_or_else(|error| error.give_up());
    }

    /// The hash of `key`, and its entry.
    fn find_mut<Q>(&mut self, key: &Q) -> (u64, Option<*mut Node<K, V>>)
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        (hash, self.raw.core.seek_mut(hash, key).map(|spot| spot.node()))
    }

    fn take_out<Q: Equivalent<K> + ?Sized>(&mut self, hash: u64, key: &Q) -> Option<(K, V)> {
        self.settle();
        let spot = self.raw.core.seek_mut(hash, key)?;
        // SAFETY: just found, in a settled map.
        Some(unsafe { self.raw.core.remove_at(spot) }.into_parts())
    }

    /// Removes this very entry. None if it is not where its hash says.
    fn remove_node(&mut self, hash: u64, node: *mut Node<K, V>) -> Option<(K, V)> {
        self.take_out(hash, &KeyOf(node))
    }

    /// Inserts an entry whose key is absent.
    fn insert_absent(&mut self, hash: u64, key: K, value: V) -> *mut Node<K, V> {
        let node = OwnedNode::new(key, value);
        let entry = node.as_ptr();
        // Replace: it is this node that the map holds then, even if `Eq` says by now that the key was there.
        self.op(&Guard::new()).insert(hash, node, Mode::Replace);
        entry
    }
}

/// Finds the key of one node, and no other that is equal to it.
struct KeyOf<K, V>(*mut Node<K, V>);

impl<K, V> Equivalent<K> for KeyOf<K, V> {
    fn equivalent(&self, key: &K) -> bool {
        // A node's key is what is at its address.
        self.0.addr() == ptr::from_ref(key).addr()
    }
}
