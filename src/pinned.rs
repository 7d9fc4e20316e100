//! The pinned view: the map's operations without a guard to pass along.

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::ops::Index;

use ahash::RandomState;
use equivalent::Equivalent;

use crate::iter::{Iter, Keys, Values};
use crate::map::{HashMap, OccupiedError};
use crate::reclaim::Guard;

/// A view of a [`HashMap`] that keeps what is read through it alive. From [`HashMap::pin`].
///
/// The references that its methods return are borrowed from the view. While it lives, memory that any thread retires is
/// held back (see [`Guard`]); it blocks nobody. Other threads may use it by reference, and so may what is borrowed from
/// it, if the map is `Sync`; but it is not `Send` (one that is, and may be held across `.await`, is made by
/// [`HashMap::pin_owned`]):
///
/// ```
/// let map: loxley::HashMap<u8, u8> = [(1, 2)].into();
/// let view = map.pin();
/// std::thread::scope(|s| {
///     s.spawn(|| assert_eq!(view.get(&1), Some(&2)));
/// });
/// ```
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(loxley::HashMap::<u8, u8>::new().pin());
/// ```
///
/// A reference does not outlive it:
/// ```compile_fail,E0716
/// let map: loxley::HashMap<u8, u8> = [(1, 2)].into();
/// let value = map.pin().get(&1);
/// println!("{value:?}");
/// ```
///
/// Unless stated otherwise, operations take expected O(1) time and are lock-free and linearizable; and if `Hash`, `Eq` or a closure
/// panics, so does the operation, and the map is as it was.
#[doc(alias("HashMapRef"))]
pub struct Pinned<'map, K, V, S = RandomState> {
    map: &'map HashMap<K, V, S>,
    guard: Guard,
}

impl<'map, K, V, S> Pinned<'map, K, V, S> {
    #[inline]
    pub(crate) fn new(map: &'map HashMap<K, V, S>, guard: Guard) -> Self {
        Self { map, guard }
    }

    /// The map.
    ///
    /// ```
    /// let map = loxley::HashMap::<u8, u8>::new();
    /// assert!(std::ptr::eq(map.pin().map(), &map));
    /// ```
    pub fn map(&self) -> &'map HashMap<K, V, S> {
        self.map
    }

    /// The guard that the view holds.
    ///
    /// ```
    /// let map = loxley::HashMap::<u8, u8>::new();
    /// map.pin().guard().flush();
    /// ```
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The number of entries: exact when nobody writes, else about right (it also counts insertions that are under way).
    /// O(processors).
    ///
    /// ```
    /// let map: loxley::HashMap<u8, u8> = [(1, 2)].into();
    /// assert_eq!(map.pin().len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether [`len`](Self::len) is 0.
    ///
    /// ```
    /// assert!(loxley::HashMap::<u8, u8>::new().pin().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// The number of entries that the map holds before it grows.
    ///
    /// ```
    /// assert!(loxley::HashMap::<u8, u8>::with_capacity(10).pin().capacity() >= 10);
    /// ```
    pub fn capacity(&self) -> usize {
        self.map.capacity()
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Pinned<'_, K, V, S> {
    /// The value of `key`, which may be a borrowed form of the map's key type or anything else that is [`Equivalent`] to it
    /// and has the same `Hash`.
    ///
    /// Wait-free; writes nothing. Almost always one cache line of the table and the entry are read.
    ///
    /// ```
    /// let map: loxley::HashMap<String, u8> = [("key".to_string(), 1)].into();
    /// let map = map.pin();
    /// assert_eq!(map.get("key"), Some(&1));
    /// assert_eq!(map.get("other"), None);
    /// ```
    #[doc(alias("view", "try_get", "read"))]
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map.get(key, &self.guard)
    }

    /// The key and the value of `key`. Wait-free.
    ///
    /// ```
    /// let map: loxley::HashMap<String, u8> = [("key".to_string(), 1)].into();
    /// assert_eq!(map.pin().get_key_value("key"), Some((&"key".to_string(), &1)));
    /// ```
    #[inline]
    pub fn get_key_value<Q>(&self, key: &Q) -> Option<(&K, &V)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map.get_key_value(key, &self.guard)
    }

    /// Whether `key` is in the map. Wait-free.
    ///
    /// ```
    /// let map: loxley::HashMap<u8, u8> = [(1, 2)].into();
    /// assert!(map.pin().contains_key(&1));
    /// ```
    #[inline]
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map.contains_key(key, &self.guard)
    }

    /// Iterates over the entries, in no particular order.
    ///
    /// Weakly consistent: a key that stays in the map meanwhile is yielded exactly once, however often the map grows or
    /// shrinks; one that comes or goes may be missed; none is yielded twice. Holds up nobody. O(capacity).
    ///
    /// ```
    /// let map: loxley::HashMap<u8, u8> = [(1, 2), (3, 4)].into();
    /// let map = map.pin();
    /// for (key, value) in map.iter() {
    ///     map.remove(key); // any operation is fine while iterating
    ///     assert_eq!(*value, key + 1);
    /// }
    /// assert!(map.is_empty());
    /// ```
    pub fn iter(&self) -> Iter<'_, K, V, S> {
        self.map.iter(&self.guard)
    }

    /// Iterates over the keys, as [`iter`](Self::iter) does.
    ///
    /// ```
    /// let map: loxley::HashMap<u8, u8> = [(1, 2), (3, 4)].into();
    /// assert_eq!(map.pin().keys().sum::<u8>(), 4);
    /// ```
    pub fn keys(&self) -> Keys<'_, K, V, S> {
        self.map.keys(&self.guard)
    }

    /// Iterates over the values, as [`iter`](Self::iter) does.
    ///
    /// ```
    /// let map: loxley::HashMap<u8, u8> = [(1, 2), (3, 4)].into();
    /// assert_eq!(map.pin().values().sum::<u8>(), 6);
    /// ```
    pub fn values(&self) -> Values<'_, K, V, S> {
        self.map.values(&self.guard)
    }
}

impl<K, V, S> Pinned<'_, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Inserts an entry, and returns the value that it replaces, if there is one.
    ///
    /// Replaces the whole entry: unlike with std, the key too. Linearization point: one compare-and-swap.
    ///
    /// # Panics
    /// If the capacity overflows; if more than 14,336 keys share one hash value and the map cannot hold them. A panic of
    /// `Hash` or `Eq` leaves the map as it was.
    ///
    /// ```
    /// let map = loxley::HashMap::new();
    /// let map = map.pin();
    /// assert_eq!(map.insert("key", 1), None);
    /// assert_eq!(map.insert("key", 2), Some(&1));
    /// ```
    #[doc(alias("upsert"))]
    #[inline]
    pub fn insert(&self, key: K, value: V) -> Option<&V> {
        self.map.insert(key, value, &self.guard)
    }

    /// Inserts an entry if the key is absent, and returns a reference to its value.
    ///
    /// # Errors
    /// If the key is there: its value, and the one that was not inserted.
    ///
    /// # Panics
    /// As [`insert`](Self::insert).
    ///
    /// ```
    /// let map = loxley::HashMap::new();
    /// let map = map.pin();
    /// assert_eq!(map.try_insert("key", 1), Ok(&1));
    /// let error = map.try_insert("key", 2).unwrap_err();
    /// assert_eq!((error.current, error.not_inserted), (&1, 2));
    /// ```
    #[doc(alias("insert_if_absent"))]
    pub fn try_insert(&self, key: K, value: V) -> Result<&V, OccupiedError<'_, V>> {
        self.map.try_insert(key, value, &self.guard)
    }

    /// Removes `key`, and returns its value.
    ///
    /// ```
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let map = map.pin();
    /// assert_eq!(map.remove("key"), Some(&1));
    /// assert_eq!(map.remove("key"), None);
    /// ```
    #[inline]
    pub fn remove<Q>(&self, key: &Q) -> Option<&V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map.remove(key, &self.guard)
    }

    /// Removes `key`, and returns its entry.
    ///
    /// ```
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// assert_eq!(map.pin().remove_entry("key"), Some((&"key", &1)));
    /// ```
    pub fn remove_entry<Q>(&self, key: &Q) -> Option<(&K, &V)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map.remove_entry(key, &self.guard)
    }

    /// Removes the entries for which `keep` is false.
    ///
    /// Weakly consistent, as [`iter`](Self::iter); an entry is removed only as `keep` saw it, and `keep` is asked again
    /// about one that was replaced meanwhile. O(capacity).
    ///
    /// # Panics
    /// If `keep` panics; the entries before are gone then.
    ///
    /// ```
    /// let map: loxley::HashMap<u8, u8> = (0..10).map(|i| (i, i)).collect();
    /// map.pin().retain(|_, value| value % 2 == 0);
    /// assert_eq!(map.len(), 5);
    /// ```
    pub fn retain(&self, keep: impl FnMut(&K, &V) -> bool) {
        self.map.retain(keep, &self.guard);
    }

    /// Removes all entries. Weakly consistent: what others insert meanwhile may stay. Keeps the table. O(capacity).
    ///
    /// ```
    /// let map: loxley::HashMap<u8, u8> = [(1, 2)].into();
    /// map.pin().clear();
    /// assert!(map.is_empty());
    /// ```
    pub fn clear(&self) {
        self.map.clear(&self.guard);
    }

    /// Makes room for at least `additional` more entries. O(capacity) when the map has to grow; other threads go on, and
    /// help.
    ///
    /// # Panics
    /// If the capacity overflows.
    ///
    /// ```
    /// let map = loxley::HashMap::<u8, u8>::new();
    /// map.pin().reserve(100);
    /// assert!(map.capacity() >= 100);
    /// ```
    pub fn reserve(&self, additional: usize) {
        self.map.reserve(additional, &self.guard);
    }

    /// Shrinks the map to the smallest capacity that holds its entries. O(capacity); other threads go on, and help.
    ///
    /// ```
    /// let map = loxley::HashMap::<u8, u8>::with_capacity(1000);
    /// map.pin().shrink_to_fit();
    /// assert!(map.capacity() < 10);
    /// ```
    pub fn shrink_to_fit(&self) {
        self.map.shrink_to_fit(&self.guard);
    }
}

impl<K, V, S> fmt::Debug for Pinned<'_, K, V, S>
where
    K: Hash + Eq + fmt::Debug,
    V: fmt::Debug,
    S: BuildHasher,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

/// The value of a key that is there.
impl<K, V, S, Q> Index<&Q> for Pinned<'_, K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
    Q: Hash + Equivalent<K> + ?Sized,
{
    type Output = V;

    /// # Panics
    /// If the key is not in the map.
    ///
    /// ```
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// assert_eq!(map.pin()["key"], 1);
    /// ```
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("no entry found for key")
    }
}

impl<'a, K: Hash + Eq, V, S: BuildHasher> IntoIterator for &'a Pinned<'_, K, V, S> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V, S>;

    fn into_iter(self) -> Iter<'a, K, V, S> {
        self.iter()
    }
}
