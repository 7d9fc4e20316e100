//! The map for its exclusive owner: through `&mut`, or by value. No guards; values can be written to, and what is removed
//! comes back by value.

mod entry;
mod iter;

use std::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

pub use self::entry::{EntryMut, OccupiedEntryMut, VacantEntryMut};
pub(crate) use self::iter::Extract;
pub use self::iter::{Drain, ExtractIf, IntoIter, IntoKeys, IntoValues, IterMut, ValuesMut};
use crate::map::HashMap;
use crate::raw::{Mode, Node, OwnedNode, Spot, spread};
use crate::reclaim::Guard;

/// # For the exclusive owner
/// These methods need no guard, since nobody else is in the map. Unless stated otherwise they take expected O(1) time; those that
/// remove entries, and [`entry_mut`](Self::entry_mut), complete a migration that is under way first, which is O(capacity) once.
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
        let (hash, spot) = self.settled_spot(&key);
        EntryMut::new(self, hash, key, spot)
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
        let spot = self.settled_spot(key).1?;
        // SAFETY: just found, in a settled map.
        Some(unsafe { self.raw.core.remove_at(spot) }.into_parts())
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

    /// The hash of `key`, and where it is when the map has been settled.
    fn settled_spot<Q>(&mut self, key: &Q) -> (u64, Option<Spot<K, V>>)
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.settle();
        let hash = self.hash(key);
        (hash, self.raw.core.seek_mut(hash, key))
    }

    /// Inserts an entry whose key is absent.
    fn insert_absent(&mut self, hash: u64, key: K, value: V) -> &mut V {
        let node = OwnedNode::new(key, value);
        let entry = node.as_ptr();
        // Replace: it is this node that the map holds then, even if `Eq` says by now that the key was there.
        self.op(&Guard::new()).insert(hash, node, Mode::Replace);
        // SAFETY: an entry of the map, which is borrowed exclusively as long as the reference lives.
        unsafe { Node::pair_mut(entry) }.1
    }
}
