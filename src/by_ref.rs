//! Writing by a borrowed form of the key, of which a key is made only if it comes to be needed.
//!
//! An entry's key and value share a node, so whatever inserts or replaces an entry needs a key of its own. But what
//! finds its work done, or nothing to be done, does not; here it gets by without. Operations that always insert have no
//! form of this kind: they need a key in any case.

use std::convert::Infallible;
use std::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use crate::compute::{Computed, Decision};
use crate::conditional::ReplaceError;
use crate::hashed::Hashed;
use crate::map::{HashMap, OccupiedError};
use crate::pinned::Pinned;
use crate::raw::ByRef;
use crate::reclaim::Guard;

/// # By a borrowed key
/// These take a borrowed form of the key, as lookups do, and make a key of it (`K: From<&Q>`) only when they insert or replace an
/// entry. The key that is made must be equal to what it is made of. For those that are not here, see
/// [`entry_ref`](Self::entry_ref).
///
/// That is for `&str` where keys are `String`s, say. Few types are made `From` a reference to themselves: where keys are numbers, or
/// of a type of your own, give a copy or a clone to the method without `_ref`.
impl<K, V, S> Pinned<'_, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// As [`compute`](Self::compute), by a borrowed key: one is made when `decide` first decides to insert.
    ///
    /// # Panics
    /// As there, or if making the key panics; then the map is as it was.
    ///
    /// ```
    /// use loxley::{Computed, Decision, HashMap};
    ///
    /// let stock: HashMap<String, u32> = [("apples".to_string(), 1)].into();
    /// let stock = stock.pin();
    /// let take = |key: &str| {
    ///     stock.compute_ref(key, |entry| match entry {
    ///         Some((_, 1)) => Decision::Remove,
    ///         Some((_, count)) => Decision::Insert(count - 1), // the only case that makes a String
    ///         None => Decision::Abort("sold out"),
    ///     })
    /// };
    /// assert_eq!(take("apples"), Computed::Removed { key: &"apples".to_string(), value: &1 });
    /// assert_eq!(take("apples"), Computed::Aborted("sold out"));
    /// ```
    pub fn compute_ref<'g, 'q, Q, A>(
        &'g self,
        key: &'q Q,
        decide: impl FnMut(Option<(&'g K, &'g V)>) -> Decision<V, A>,
    ) -> Computed<'g, K, V, A>
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map().compute_ref(key, decide, self.guard())
    }

    /// As [`update`](Self::update), by a borrowed key: one is made if there is an entry to replace.
    ///
    /// # Panics
    /// As there, or if making the key panics; then the map is as it was.
    ///
    /// ```
    /// let map: loxley::HashMap<String, u8> = [("key".to_string(), 1)].into();
    /// let map = map.pin();
    /// assert_eq!(map.update_ref("key", |value| value + 1), Some(&2));
    /// assert_eq!(map.update_ref("other", |value| value + 1), None); // makes no String
    /// ```
    #[doc(alias("alter", "get_mut"))]
    pub fn update_ref<'q, Q>(&self, key: &'q Q, update: impl FnMut(&V) -> V) -> Option<&V>
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map().update_ref(key, update, self.guard())
    }

    /// As [`fetch_update`](Self::fetch_update), by a borrowed key: one is made if there is a new value.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Panics
    /// As there, or if making the key panics; then the map is as it was.
    ///
    /// ```
    /// let stock: loxley::HashMap<String, u32> = [("apples".to_string(), 1)].into();
    /// let stock = stock.pin();
    /// let take = |key: &str| stock.fetch_update_ref(key, |count| count.checked_sub(1));
    /// assert_eq!(take("apples"), Ok((&1, &0)));
    /// assert_eq!(take("apples"), Err(Some(&0))); // makes no String
    /// ```
    pub fn fetch_update_ref<'q, Q>(
        &self,
        key: &'q Q,
        update: impl FnMut(&V) -> Option<V>,
    ) -> Result<(&V, &V), Option<&V>>
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map().fetch_update_ref(key, update, self.guard())
    }

    /// As [`replace`](Self::replace), by a borrowed key: one is made if there is an entry to replace.
    ///
    /// # Panics
    /// If making the key panics; then the map is as it was.
    ///
    /// ```
    /// let map: loxley::HashMap<String, u8> = [("key".to_string(), 1)].into();
    /// let map = map.pin();
    /// assert_eq!(map.replace_ref("key", 2), Some(&1));
    /// assert_eq!(map.replace_ref("other", 2), None); // makes no String
    /// ```
    pub fn replace_ref<'q, Q>(&self, key: &'q Q, value: V) -> Option<&V>
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map().replace_ref(key, value, self.guard())
    }

    /// As [`replace_if`](Self::replace_if), by a borrowed key: one is made if there is an entry that meets the condition.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Panics
    /// As there, or if making the key panics; then the map is as it was.
    ///
    /// ```
    /// let map: loxley::HashMap<String, u8> = [("key".to_string(), 1)].into();
    /// let map = map.pin();
    /// assert_eq!(map.replace_if_ref("key", 2, |_, value| *value == 1), Ok(&1));
    /// assert!(map.replace_if_ref("key", 3, |_, value| *value == 1).is_err()); // makes no String
    /// ```
    pub fn replace_if_ref<'q, Q>(
        &self,
        key: &'q Q,
        value: V,
        condition: impl FnMut(&K, &V) -> bool,
    ) -> Result<&V, ReplaceError<'_, V>>
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map().replace_if_ref(key, value, condition, self.guard())
    }

    /// As [`compare_exchange`](Self::compare_exchange), by a borrowed key: one is made if there is an entry with that value.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Panics
    /// As there, or if making the key panics; then the map is as it was.
    ///
    /// ```
    /// let map: loxley::HashMap<String, u8> = [("key".to_string(), 1)].into();
    /// let map = map.pin();
    /// assert_eq!(map.compare_exchange_ref("key", &1, 2), Ok(&1));
    /// assert!(map.compare_exchange_ref("key", &1, 3).is_err()); // makes no String
    /// ```
    pub fn compare_exchange_ref<'q, Q>(&self, key: &'q Q, current: &V, new: V) -> Result<&V, ReplaceError<'_, V>>
    where
        K: From<&'q Q>,
        V: PartialEq,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map().compare_exchange_ref(key, current, new, self.guard())
    }

    /// As [`try_insert`](Self::try_insert), by a borrowed key: one is made if the key was absent at the beginning.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Panics
    /// As there, or if making the key panics; then the map is as it was.
    ///
    /// ```
    /// let map = loxley::HashMap::<String, u8>::new();
    /// let map = map.pin();
    /// assert_eq!(map.try_insert_ref("key", 1), Ok(&1));
    /// assert_eq!(map.try_insert_ref("key", 2).unwrap_err().current, &1); // makes no String
    /// ```
    pub fn try_insert_ref<'q, Q>(&self, key: &'q Q, value: V) -> Result<&V, OccupiedError<'_, V>>
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map().try_insert_ref(key, value, self.guard())
    }

    /// As [`get_or_insert`](Self::get_or_insert), by a borrowed key: one is made if the key was absent at the beginning.
    ///
    /// # Panics
    /// As there, or if making the key panics; then the map is as it was.
    ///
    /// ```
    /// let map = loxley::HashMap::<String, u8>::new();
    /// let map = map.pin();
    /// assert_eq!(map.get_or_insert_ref("key", 1), &1);
    /// assert_eq!(map.get_or_insert_ref("key", 2), &1); // makes no String
    /// ```
    pub fn get_or_insert_ref<'q, Q>(&self, key: &'q Q, value: V) -> &V
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map().get_or_insert_ref(key, value, self.guard())
    }

    /// As [`get_or_insert_with`](Self::get_or_insert_with), by a borrowed key: one is made if the key was absent at the
    /// beginning, after the value.
    ///
    /// # Panics
    /// As there, or if making the key panics; then the map is as it was.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    ///
    /// let visits = loxley::HashMap::<String, AtomicU64>::new();
    /// for page in ["/", "/index.html", "/"] {
    ///     visits.pin().get_or_insert_with_ref(page, AtomicU64::default).fetch_add(1, Relaxed); // makes two Strings
    /// }
    /// assert_eq!(visits.pin()["/"].load(Relaxed), 2);
    /// ```
    pub fn get_or_insert_with_ref<'q, Q>(&self, key: &'q Q, value: impl FnOnce() -> V) -> &V
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map().get_or_insert_with_ref(key, value, self.guard())
    }

    /// As [`get_or_try_insert_with`](Self::get_or_try_insert_with), by a borrowed key: one is made if the key was absent at
    /// the beginning, after the value and if there is one.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Panics
    /// As there, or if making the key panics; then the map is as it was.
    ///
    /// ```
    /// let map = loxley::HashMap::<String, u8>::new();
    /// let map = map.pin();
    /// assert!(map.get_or_try_insert_with_ref("key", || "x".parse::<u8>()).is_err()); // makes no String
    /// assert_eq!(map.get_or_try_insert_with_ref("key", || "7".parse::<u8>()), Ok(&7));
    /// ```
    pub fn get_or_try_insert_with_ref<'q, Q, E>(
        &self,
        key: &'q Q,
        value: impl FnOnce() -> Result<V, E>,
    ) -> Result<&V, E>
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map().get_or_try_insert_with_ref(key, value, self.guard())
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// See [`Pinned::compute_ref`].
    pub fn compute_ref<'g, 'q, Q, A>(
        &'g self,
        key: &'q Q,
        decide: impl FnMut(Option<(&'g K, &'g V)>) -> Decision<V, A>,
        guard: &'g Guard,
    ) -> Computed<'g, K, V, A>
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).compute_ref(key, decide)
    }

    /// See [`Pinned::update_ref`].
    pub fn update_ref<'g, 'q, Q>(
        &'g self,
        key: &'q Q,
        update: impl FnMut(&V) -> V,
        guard: &'g Guard,
    ) -> Option<&'g V>
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).update_ref(key, update)
    }

    /// See [`Pinned::fetch_update_ref`].
    pub fn fetch_update_ref<'g, 'q, Q>(
        &'g self,
        key: &'q Q,
        update: impl FnMut(&V) -> Option<V>,
        guard: &'g Guard,
    ) -> Result<(&'g V, &'g V), Option<&'g V>>
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).fetch_update_ref(key, update)
    }

    /// See [`Pinned::replace_ref`].
    pub fn replace_ref<'g, 'q, Q>(&'g self, key: &'q Q, value: V, guard: &'g Guard) -> Option<&'g V>
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).replace_ref(key, value)
    }

    /// See [`Pinned::replace_if_ref`].
    pub fn replace_if_ref<'g, 'q, Q>(
        &'g self,
        key: &'q Q,
        value: V,
        condition: impl FnMut(&K, &V) -> bool,
        guard: &'g Guard,
    ) -> Result<&'g V, ReplaceError<'g, V>>
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).replace_if_ref(key, value, condition)
    }

    /// See [`Pinned::compare_exchange_ref`].
    pub fn compare_exchange_ref<'g, 'q, Q>(
        &'g self,
        key: &'q Q,
        current: &V,
        new: V,
        guard: &'g Guard,
    ) -> Result<&'g V, ReplaceError<'g, V>>
    where
        K: From<&'q Q>,
        V: PartialEq,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).compare_exchange_ref(key, current, new)
    }

    /// See [`Pinned::try_insert_ref`].
    pub fn try_insert_ref<'g, 'q, Q>(
        &'g self,
        key: &'q Q,
        value: V,
        guard: &'g Guard,
    ) -> Result<&'g V, OccupiedError<'g, V>>
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).try_insert_ref(key, value)
    }

    /// See [`Pinned::get_or_insert_ref`].
    pub fn get_or_insert_ref<'g, 'q, Q>(&'g self, key: &'q Q, value: V, guard: &'g Guard) -> &'g V
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).get_or_insert_ref(key, value)
    }

    /// See [`Pinned::get_or_insert_with_ref`].
    pub fn get_or_insert_with_ref<'g, 'q, Q>(
        &'g self,
        key: &'q Q,
        value: impl FnOnce() -> V,
        guard: &'g Guard,
    ) -> &'g V
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).get_or_insert_with_ref(key, value)
    }

    /// See [`Pinned::get_or_try_insert_with_ref`].
    pub fn get_or_try_insert_with_ref<'g, 'q, Q, E>(
        &'g self,
        key: &'q Q,
        value: impl FnOnce() -> Result<V, E>,
        guard: &'g Guard,
    ) -> Result<&'g V, E>
    where
        K: From<&'q Q>,
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).get_or_try_insert_with_ref(key, value)
    }
}

impl<'g, K, V, S> Hashed<'g, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// See [`Pinned::compute_ref`].
    pub fn compute_ref<'q, Q, A>(
        self,
        key: &'q Q,
        decide: impl FnMut(Option<(&'g K, &'g V)>) -> Decision<V, A>,
    ) -> Computed<'g, K, V, A>
    where
        K: From<&'q Q>,
        Q: Equivalent<K> + ?Sized,
    {
        self.compute_given(ByRef(key), decide)
    }

    /// See [`Pinned::update_ref`].
    pub fn update_ref<'q, Q>(self, key: &'q Q, update: impl FnMut(&V) -> V) -> Option<&'g V>
    where
        K: From<&'q Q>,
        Q: Equivalent<K> + ?Sized,
    {
        self.update_given(ByRef(key), update)
    }

    /// See [`Pinned::fetch_update_ref`].
    pub fn fetch_update_ref<'q, Q>(
        self,
        key: &'q Q,
        update: impl FnMut(&V) -> Option<V>,
    ) -> Result<(&'g V, &'g V), Option<&'g V>>
    where
        K: From<&'q Q>,
        Q: Equivalent<K> + ?Sized,
    {
        self.fetch_update_given(ByRef(key), update)
    }

    /// See [`Pinned::replace_ref`].
    pub fn replace_ref<'q, Q>(self, key: &'q Q, value: V) -> Option<&'g V>
    where
        K: From<&'q Q>,
        Q: Equivalent<K> + ?Sized,
    {
        self.replace_if_ref(key, value, |_, _| true).ok()
    }

    /// See [`Pinned::replace_if_ref`].
    pub fn replace_if_ref<'q, Q>(
        self,
        key: &'q Q,
        value: V,
        condition: impl FnMut(&K, &V) -> bool,
    ) -> Result<&'g V, ReplaceError<'g, V>>
    where
        K: From<&'q Q>,
        Q: Equivalent<K> + ?Sized,
    {
        self.replace_given_if(ByRef(key), value, condition)
    }

    /// See [`Pinned::compare_exchange_ref`].
    pub fn compare_exchange_ref<'q, Q>(self, key: &'q Q, current: &V, new: V) -> Result<&'g V, ReplaceError<'g, V>>
    where
        K: From<&'q Q>,
        V: PartialEq,
        Q: Equivalent<K> + ?Sized,
    {
        self.replace_if_ref(key, new, |_, value| value == current)
    }

    /// See [`Pinned::try_insert_ref`].
    pub fn try_insert_ref<'q, Q>(self, key: &'q Q, value: V) -> Result<&'g V, OccupiedError<'g, V>>
    where
        K: From<&'q Q>,
        Q: Equivalent<K> + ?Sized,
    {
        match self.get(key) {
            Some(current) => Err(OccupiedError { current, not_inserted: value }),
            None => self.try_insert(key.into(), value),
        }
    }

    /// See [`Pinned::get_or_insert_ref`].
    pub fn get_or_insert_ref<'q, Q>(self, key: &'q Q, value: V) -> &'g V
    where
        K: From<&'q Q>,
        Q: Equivalent<K> + ?Sized,
    {
        self.get_or_insert_with_ref(key, || value)
    }

    /// See [`Pinned::get_or_insert_with_ref`].
    pub fn get_or_insert_with_ref<'q, Q>(self, key: &'q Q, value: impl FnOnce() -> V) -> &'g V
    where
        K: From<&'q Q>,
        Q: Equivalent<K> + ?Sized,
    {
        let Ok(value) = self.get_or_try_insert_with_ref(key, || Ok::<_, Infallible>(value()));
        value
    }

    /// See [`Pinned::get_or_try_insert_with_ref`].
    pub fn get_or_try_insert_with_ref<'q, Q, E>(
        self,
        key: &'q Q,
        value: impl FnOnce() -> Result<V, E>,
    ) -> Result<&'g V, E>
    where
        K: From<&'q Q>,
        Q: Equivalent<K> + ?Sized,
    {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let value = value()?;
        Ok(self.insert_if_absent(key.into(), value))
    }
}
