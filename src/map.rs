//! The map, and its operations with an explicit guard.

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

use ahash::RandomState;
use equivalent::Equivalent;

use crate::iter::{Iter, Keys, Values};
use crate::owned_guard::Owned;
use crate::pinned::Pinned;
use crate::raw::{Core, Op, RawMap, Tuning};
use crate::reclaim::Guard;

/// A concurrent hash map without locks.
///
/// See the [crate's page](crate) for usage and guarantees. Most programs use the methods of the [view](Pinned) that
/// [`pin`](Self::pin) returns; those here are the same with an explicit [`Guard`].
///
/// An empty map allocates nothing. The hasher is `ahash` with random keys unless another is given; bits of a weak
/// hash are mixed, so identity hashers of distinct integers are fine.
///
/// # Examples
/// ```
/// let map: loxley::HashMap<u32, &str> = [(1, "one"), (2, "two")].into();
/// std::thread::scope(|s| {
///     s.spawn(|| assert_eq!(map.pin().insert(3, "three"), None));
///     s.spawn(|| assert_eq!(map.pin().remove(&1), Some(&"one")));
/// });
/// assert_eq!(map.len(), 2);
/// ```
///
/// Maps are invariant in their keys and values, as anything is that a shared reference can write to:
/// ```compile_fail
/// fn shorten<'a>(map: loxley::HashMap<&'static str, ()>) -> loxley::HashMap<&'a str, ()> {
///     map
/// }
/// ```
///
/// They are `Send` and `Sync` exactly where their keys, values and hasher allow it:
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(loxley::HashMap::<std::rc::Rc<u8>, u8>::new());
/// ```
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(loxley::HashMap::<u8, std::rc::Rc<u8>>::new());
/// ```
/// ```compile_fail,E0277
/// fn share<T: Sync>(_: T) {}
/// share(loxley::HashMap::<u8, std::cell::Cell<u8>>::new()); // Send, not Sync
/// ```
/// ```compile_fail,E0277
/// fn share<T: Sync>(_: T) {}
/// share(loxley::HashMap::<u8, std::sync::MutexGuard<'static, u8>>::new()); // Sync, not Send
/// ```
/// ```
/// fn both<T: Send + Sync>(_: T) {}
/// both(loxley::HashMap::<String, u8>::new());
/// ```
#[doc(alias("DashMap"))]
pub struct HashMap<K, V, S = RandomState> {
    pub(crate) raw: RawMap<K, V, S>,
}

/// A panic leaves no operation half done; so it is up to the entries and the hasher, as with std's map.
impl<K: UnwindSafe, V: UnwindSafe, S: UnwindSafe> UnwindSafe for HashMap<K, V, S> {}
/// As above.
impl<K: RefUnwindSafe, V: RefUnwindSafe, S: RefUnwindSafe> RefUnwindSafe for HashMap<K, V, S> {}

/// [`try_insert`](Pinned::try_insert) found the key in the map already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OccupiedError<'a, V> {
    /// The value that the key has.
    pub current: &'a V,
    /// The value that was not inserted.
    pub not_inserted: V,
}

impl<V> fmt::Display for OccupiedError<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key is in the map already")
    }
}

impl<V: fmt::Debug> std::error::Error for OccupiedError<'_, V> {}

impl<K, V> HashMap<K, V> {
    /// An empty map, which allocates nothing.
    ///
    /// ```
    /// let map = loxley::HashMap::<String, u64>::new();
    /// assert_eq!(map.capacity(), 0);
    /// ```
    pub fn new() -> Self {
        Self::with_hasher(RandomState::new())
    }

    /// A map that holds `capacity` entries before it grows.
    ///
    /// # Panics
    /// If the capacity overflows.
    ///
    /// ```
    /// let map = loxley::HashMap::<String, u64>::with_capacity(1000);
    /// assert!(map.capacity() >= 1000);
    /// ```
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, RandomState::new())
    }
}

impl<K, V, S> HashMap<K, V, S> {
    /// An empty map with this hasher, which allocates nothing. In a static with any hasher that can be made there:
    ///
    /// ```
    /// use loxley::{HashMap, RandomState};
    ///
    /// static NAMES: HashMap<u32, &str> = HashMap::with_hasher(RandomState::with_seeds(1, 2, 3, 4));
    /// NAMES.pin().insert(1, "one");
    /// ```
    #[cfg(not(loom))]
    pub const fn with_hasher(hasher: S) -> Self {
        Self::tuned(Tuning::DEFAULT, hasher)
    }

    #[cfg(not(loom))]
    const fn tuned(tuning: Tuning, hasher: S) -> Self {
        Self { raw: RawMap { core: Core::new(tuning), build: hasher, owns: PhantomData } }
    }

    /// An empty map with this hasher.
    #[cfg(loom)]
    pub fn with_hasher(hasher: S) -> Self {
        Self::tuned(Tuning::DEFAULT, hasher)
    }

    #[cfg(loom)]
    fn tuned(tuning: Tuning, hasher: S) -> Self {
        Self { raw: RawMap { core: Core::new(tuning), build: hasher, owns: PhantomData } }
    }

    /// A map with this hasher that holds `capacity` entries before it grows.
    ///
    /// # Panics
    /// If the capacity overflows.
    ///
    /// ```
    /// use std::hash::RandomState;
    /// let map = loxley::HashMap::<u8, u8, _>::with_capacity_and_hasher(20, RandomState::new());
    /// assert!(map.capacity() >= 20);
    /// ```
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        Self::with_tuning(Tuning::DEFAULT, capacity, hasher)
    }

    pub(crate) fn with_tuning(tuning: Tuning, capacity: usize, hasher: S) -> Self {
        let map = Self::tuned(tuning, hasher);
        map.raw.core.allocate_for(capacity, &map.guard()).unwrap_or_else(|error| error.give_up());
        map
    }

    /// The map's hasher.
    ///
    /// ```
    /// let map = loxley::HashMap::<u8, u8>::new();
    /// let _: &loxley::RandomState = map.hasher();
    /// ```
    pub fn hasher(&self) -> &S {
        &self.raw.build
    }

    /// A guard, for the methods that take one. It serves all maps.
    ///
    /// ```
    /// let map = loxley::HashMap::new();
    /// map.insert(1, 2, &map.guard());
    /// ```
    #[inline]
    #[must_use]
    pub fn guard(&self) -> Guard {
        Guard::new()
    }

    /// A view of the map with the methods of std's map; it holds a [`Guard`].
    ///
    /// ```
    /// let map = loxley::HashMap::new();
    /// let view = map.pin();
    /// view.insert(1, 2);
    /// assert_eq!(view.get(&1), Some(&2));
    /// ```
    #[inline]
    #[must_use]
    pub fn pin(&self) -> Pinned<'_, K, V, S> {
        Pinned::new(self, self.guard())
    }

    /// A guard that can be sent to other threads and held across `.await`, see [`Owned`]. Wherever a method takes a
    /// guard, a reference to it will do.
    ///
    /// ```
    /// let map: loxley::HashMap<u8, u8> = [(1, 2)].into();
    /// let guard = map.owned_guard();
    /// assert_eq!(map.get(&1, &guard), Some(&2));
    /// ```
    #[must_use]
    pub fn owned_guard(&self) -> Owned<Guard> {
        Owned::guard()
    }

    /// A view that can be sent to other threads and held across `.await`, see [`Owned`].
    ///
    /// ```
    /// let map: loxley::HashMap<u8, u8> = [(1, 2)].into();
    /// let view = map.pin_owned();
    /// std::thread::scope(|s| {
    ///     s.spawn(move || assert_eq!(view.get(&1), Some(&2)));
    /// });
    /// ```
    #[must_use]
    pub fn pin_owned(&self) -> Owned<Pinned<'_, K, V, S>> {
        Owned::view(self)
    }

    /// The number of entries: exact when nobody writes, else about right (it also counts insertions that are under way).
    /// O(processors).
    ///
    /// ```
    /// let map: loxley::HashMap<u8, u8> = [(1, 2)].into();
    /// assert_eq!(map.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.raw.core.len(&self.guard())
    }

    /// Whether [`len`](Self::len) is 0.
    ///
    /// ```
    /// assert!(loxley::HashMap::<u8, u8>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of entries that the map holds before it grows.
    ///
    /// ```
    /// assert_eq!(loxley::HashMap::<u8, u8>::new().capacity(), 0);
    /// ```
    pub fn capacity(&self) -> usize {
        self.raw.core.capacity(&self.guard())
    }

    #[inline(always)]
    pub(crate) fn op<'g>(&'g self, guard: &'g Guard) -> Op<'g, K, V, S> {
        Op::new(&self.raw, guard)
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> HashMap<K, V, S> {
    /// See [`Pinned::get`].
    #[inline]
    pub fn get<'g, Q>(&'g self, key: &Q, guard: &'g Guard) -> Option<&'g V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).get(key)
    }

    /// See [`Pinned::get_key_value`].
    #[inline]
    pub fn get_key_value<'g, Q>(&'g self, key: &Q, guard: &'g Guard) -> Option<(&'g K, &'g V)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).get_key_value(key)
    }

    /// See [`Pinned::contains_key`].
    #[inline]
    pub fn contains_key<Q>(&self, key: &Q, guard: &Guard) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).contains_key(key)
    }

    /// See [`Pinned::iter`].
    pub fn iter<'g>(&'g self, guard: &'g Guard) -> Iter<'g, K, V, S> {
        Iter::new(self.op(guard))
    }

    /// See [`Pinned::keys`].
    pub fn keys<'g>(&'g self, guard: &'g Guard) -> Keys<'g, K, V, S> {
        Keys::new(self.iter(guard))
    }

    /// See [`Pinned::values`].
    pub fn values<'g>(&'g self, guard: &'g Guard) -> Values<'g, K, V, S> {
        Values::new(self.iter(guard))
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// See [`Pinned::insert`].
    #[inline]
    pub fn insert<'g>(&'g self, key: K, value: V, guard: &'g Guard) -> Option<&'g V> {
        self.at(&key, guard).insert(key, value)
    }

    /// See [`Pinned::try_insert`].
    pub fn try_insert<'g>(&'g self, key: K, value: V, guard: &'g Guard) -> Result<&'g V, OccupiedError<'g, V>> {
        self.at(&key, guard).try_insert(key, value)
    }

    /// See [`Pinned::remove`].
    #[inline]
    pub fn remove<'g, Q>(&'g self, key: &Q, guard: &'g Guard) -> Option<&'g V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).remove(key)
    }

    /// See [`Pinned::remove_entry`].
    pub fn remove_entry<'g, Q>(&'g self, key: &Q, guard: &'g Guard) -> Option<(&'g K, &'g V)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).remove_entry(key)
    }

    /// See [`Pinned::retain`].
    pub fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool, guard: &Guard) {
        for (key, value) in self.iter(guard) {
            if !keep(key, value) {
                self.at(key, guard).remove_if(key, |k, v| std::ptr::eq(v, value) || !keep(k, v));
            }
        }
    }

    /// See [`Pinned::clear`].
    pub fn clear(&self, guard: &Guard) {
        self.retain(|_, _| false, guard);
    }

    /// See [`Pinned::reserve`].
    pub fn reserve(&self, additional: usize, guard: &Guard) {
        self.try_reserve(additional, guard).unwrap_or_else(|error| error.give_up());
    }

    /// See [`Pinned::shrink_to_fit`].
    pub fn shrink_to_fit(&self, guard: &Guard) {
        self.shrink_to(0, guard);
    }
}
