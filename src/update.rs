//! Values that are made from the ones they replace, or when there is none.

use std::convert::Infallible;
use std::hash::{BuildHasher, Hash};

use crate::compute::{Computed, Decision};
use crate::hashed::Hashed;
use crate::map::HashMap;
use crate::pinned::Pinned;
use crate::raw::{ByValue, Given, Inserted, Mode};
use crate::reclaim::Guard;

impl<K, V, S> Pinned<'_, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Replaces the value of `key` by what `update` makes of it, and returns the new one; None if the key is absent.
    ///
    /// The key is replaced too, by the one that is given here.
    ///
    /// Atomic: the value that is replaced is the one that `update` saw. **`update` is called again** if the entry has been
    /// changed by another operation meanwhile. Where it must not run twice, compute the value first and offer it with
    /// [`replace_if`](Self::replace_if).
    ///
    /// # Panics
    /// If `update` panics; then the map is as it was.
    ///
    /// ```
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let map = map.pin();
    /// assert_eq!(map.update("key", |value| value + 1), Some(&2));
    /// assert_eq!(map.update("other", |value| value + 1), None);
    /// ```
    #[doc(alias("alter", "get_mut", "modify", "compute_if_present"))]
    pub fn update(&self, key: K, update: impl FnMut(&V) -> V) -> Option<&V> {
        self.map().update(key, update, self.guard())
    }

    /// Replaces the value of `key` by what `update` makes of it, if it makes something, and returns the old value and the new one.
    /// As the method of this name of std's atomics, which returns the old one.
    ///
    /// The key is replaced too, by the one that is given here.
    ///
    /// Atomic, as [`update`](Self::update) is, and **`update` may be called again** in the same way.
    ///
    /// # Errors
    /// If `update` returned None: the value that it saw. If the key is absent: None.
    ///
    /// # Panics
    /// If `update` panics; then the map is as it was.
    ///
    /// ```
    /// let stock: loxley::HashMap<&str, u32> = [("apples", 1)].into();
    /// let stock = stock.pin();
    /// let take = |key| stock.fetch_update(key, |count| count.checked_sub(1));
    /// assert_eq!(take("apples"), Ok((&1, &0)));
    /// assert_eq!(take("apples"), Err(Some(&0)));
    /// assert_eq!(take("pears"), Err(None));
    /// ```
    #[doc(alias("alter", "get_mut", "try_get_mut", "try_update"))]
    pub fn fetch_update(&self, key: K, update: impl FnMut(&V) -> Option<V>) -> Result<(&V, &V), Option<&V>> {
        self.map().fetch_update(key, update, self.guard())
    }

    /// Replaces the value of `key` by what `update` makes of it, or inserts `value` if the key is absent. Returns the new
    /// value.
    ///
    /// The key is replaced too, by the one that is given here.
    ///
    /// Atomic, as [`update`](Self::update) is, and **`update` may be called again** in the same way.
    ///
    /// # Panics
    /// As [`insert`](Self::insert), or if `update` panics; then the map is as it was.
    ///
    /// ```
    /// let words: loxley::HashMap<&str, u32> = loxley::HashMap::new();
    /// let words = words.pin();
    /// for word in ["a", "rose", "is", "a", "rose"] {
    ///     words.update_or_insert(word, |count| count + 1, 1);
    /// }
    /// assert_eq!(words.get("rose"), Some(&2));
    /// ```
    #[doc(alias("upsert"))]
    pub fn update_or_insert(&self, key: K, update: impl FnMut(&V) -> V, value: V) -> &V {
        self.map().update_or_insert(key, update, value, self.guard())
    }

    /// Replaces the value of `key` by what `update` makes of it, or inserts what `insert` makes if the key is absent. Returns the
    /// new value.
    ///
    /// The key is replaced too, by the one that is given here.
    ///
    /// Atomic, as [`update`](Self::update) is, and **`update` may be called again** in the same way. `insert` is called
    /// at most once: what it has made is kept for when the key is absent again.
    ///
    /// # Panics
    /// As [`insert`](Self::insert), or if a closure panics; then the map is as it was.
    ///
    /// ```
    /// let map = loxley::HashMap::<&str, Vec<u8>>::new();
    /// let map = map.pin();
    /// let push = |n| map.update_or_insert_with("key", |old| [&old[..], &[n]].concat(), || vec![n]);
    /// assert_eq!(push(1), &[1]);
    /// assert_eq!(push(2), &[1, 2]);
    /// ```
    #[doc(alias("upsert"))]
    pub fn update_or_insert_with(&self, key: K, update: impl FnMut(&V) -> V, insert: impl FnOnce() -> V) -> &V {
        self.map().update_or_insert_with(key, update, insert, self.guard())
    }

    /// The value of `key`, which is inserted with this value if it is absent.
    ///
    /// If another thread inserts the key meanwhile, its value is returned and `value` dropped.
    /// [`try_insert`](Self::try_insert) gives it back.
    ///
    /// # Panics
    /// As [`insert`](Self::insert).
    ///
    /// ```
    /// let map = loxley::HashMap::new();
    /// let map = map.pin();
    /// assert_eq!(map.get_or_insert("key", 1), &1);
    /// assert_eq!(map.get_or_insert("key", 2), &1);
    /// ```
    pub fn get_or_insert(&self, key: K, value: V) -> &V {
        self.map().get_or_insert(key, value, self.guard())
    }

    /// The value of `key`, which is inserted with what `value` makes if it is absent.
    ///
    /// `value` is called at most once, and only if the key was absent at the beginning; nothing is held up meanwhile. If
    /// another thread inserts the key before it is done, the other value is returned and ours dropped: all callers get the
    /// same value, but several may make one.
    ///
    /// # Panics
    /// As [`insert`](Self::insert), or if `value` panics; then the map is as it was.
    ///
    /// ```
    /// let map = loxley::HashMap::new();
    /// let map = map.pin();
    /// assert_eq!(map.get_or_insert_with("key", || 1), &1);
    /// assert_eq!(map.get_or_insert_with("key", || unreachable!()), &1);
    /// ```
    #[doc(alias("try_insert_with"))]
    pub fn get_or_insert_with(&self, key: K, value: impl FnOnce() -> V) -> &V {
        self.map().get_or_insert_with(key, value, self.guard())
    }

    /// As [`get_or_insert_with`](Self::get_or_insert_with), where making the value may fail.
    ///
    /// # Errors
    /// That of `value`, even if another thread has inserted the key meanwhile; the map is as it was.
    ///
    /// # Panics
    /// As there.
    ///
    /// ```
    /// let map = loxley::HashMap::new();
    /// let map = map.pin();
    /// assert!(map.get_or_try_insert_with("key", || "x".parse::<u8>()).is_err());
    /// assert_eq!(map.get_or_try_insert_with("key", || "7".parse::<u8>()), Ok(&7));
    /// ```
    #[doc(alias("or_try_insert_with"))]
    pub fn get_or_try_insert_with<E>(&self, key: K, value: impl FnOnce() -> Result<V, E>) -> Result<&V, E> {
        self.map().get_or_try_insert_with(key, value, self.guard())
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// See [`Pinned::update`].
    pub fn update<'g>(&'g self, key: K, update: impl FnMut(&V) -> V, guard: &'g Guard) -> Option<&'g V> {
        self.at(&key, guard).update(key, update)
    }

    /// See [`Pinned::fetch_update`].
    pub fn fetch_update<'g>(
        &'g self,
        key: K,
        update: impl FnMut(&V) -> Option<V>,
        guard: &'g Guard,
    ) -> Result<(&'g V, &'g V), Option<&'g V>> {
        self.at(&key, guard).fetch_update(key, update)
    }

    /// See [`Pinned::update_or_insert`].
    pub fn update_or_insert<'g>(
        &'g self,
        key: K,
        update: impl FnMut(&V) -> V,
        value: V,
        guard: &'g Guard,
    ) -> &'g V {
        self.at(&key, guard).update_or_insert(key, update, value)
    }

    /// See [`Pinned::update_or_insert_with`].
    pub fn update_or_insert_with<'g>(
        &'g self,
        key: K,
        update: impl FnMut(&V) -> V,
        insert: impl FnOnce() -> V,
        guard: &'g Guard,
    ) -> &'g V {
        self.at(&key, guard).update_or_insert_with(key, update, insert)
    }

    /// See [`Pinned::get_or_insert`].
    pub fn get_or_insert<'g>(&'g self, key: K, value: V, guard: &'g Guard) -> &'g V {
        self.at(&key, guard).get_or_insert(key, value)
    }

    /// See [`Pinned::get_or_insert_with`].
    pub fn get_or_insert_with<'g>(&'g self, key: K, value: impl FnOnce() -> V, guard: &'g Guard) -> &'g V {
        self.at(&key, guard).get_or_insert_with(key, value)
    }

    /// See [`Pinned::get_or_try_insert_with`].
    pub fn get_or_try_insert_with<'g, E>(
        &'g self,
        key: K,
        value: impl FnOnce() -> Result<V, E>,
        guard: &'g Guard,
    ) -> Result<&'g V, E> {
        self.at(&key, guard).get_or_try_insert_with(key, value)
    }
}

impl<'g, K, V, S> Hashed<'g, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// See [`Pinned::update`].
    pub fn update(self, key: K, update: impl FnMut(&V) -> V) -> Option<&'g V> {
        self.update_given(ByValue(key), update)
    }

    pub(crate) fn update_given(self, key: impl Given<K>, mut update: impl FnMut(&V) -> V) -> Option<&'g V> {
        let computed = self.compute_given(key, |current| match current {
            Some((_, value)) => Decision::Insert(update(value)),
            None => Decision::Abort(()),
        });
        match computed {
            Computed::Replaced { new: (_, value), .. } => Some(value),
            _ => None,
        }
    }

    /// See [`Pinned::fetch_update`].
    pub fn fetch_update(
        self,
        key: K,
        update: impl FnMut(&V) -> Option<V>,
    ) -> Result<(&'g V, &'g V), Option<&'g V>> {
        self.fetch_update_given(ByValue(key), update)
    }

    pub(crate) fn fetch_update_given(
        self,
        key: impl Given<K>,
        mut update: impl FnMut(&V) -> Option<V>,
    ) -> Result<(&'g V, &'g V), Option<&'g V>> {
        let computed = self.compute_given(key, |current| match current {
            Some((_, value)) => update(value).map_or(Decision::Abort(Some(value)), Decision::Insert),
            None => Decision::Abort(None),
        });
        match computed {
            Computed::Replaced { old: (_, old), new: (_, new) } => Ok((old, new)),
            Computed::Aborted(current) => Err(current),
            _ => unreachable!("every decision was to replace or to abort"),
        }
    }

    /// See [`Pinned::update_or_insert`].
    pub fn update_or_insert(self, key: K, update: impl FnMut(&V) -> V, value: V) -> &'g V {
        self.update_or_insert_with(key, update, || value)
    }

    /// See [`Pinned::update_or_insert_with`].
    pub fn update_or_insert_with(
        self,
        key: K,
        mut update: impl FnMut(&V) -> V,
        insert: impl FnOnce() -> V,
    ) -> &'g V {
        enum Initial<F, V> {
            Unmade(F),
            Made(V),
        }
        // None as long as it is what the last decision was to insert.
        let mut initial = Some(Initial::Unmade(insert));
        let computed = self.op.compute::<Infallible>(self.hash, ByValue(key), |current, unused| {
            if initial.is_none() {
                initial = unused.map(Initial::Made);
            } else {
                drop(unused);
            }
            Decision::Insert(match current {
                Some(node) => update(node.value()),
                None => match initial.take() {
                    Some(Initial::Unmade(insert)) => insert(),
                    Some(Initial::Made(value)) => value,
                    None => unreachable!("what came to nothing comes back"),
                },
            })
        });
        match computed {
            Computed::Inserted { value, .. } | Computed::Replaced { new: (_, value), .. } => value,
            Computed::Removed { .. } | Computed::Absent => unreachable!("every decision was to insert"),
        }
    }

    /// See [`Pinned::get_or_insert`].
    pub fn get_or_insert(self, key: K, value: V) -> &'g V {
        self.get_or_insert_with(key, || value)
    }

    /// See [`Pinned::get_or_insert_with`].
    pub fn get_or_insert_with(self, key: K, value: impl FnOnce() -> V) -> &'g V {
        let Ok(value) = self.get_or_try_insert_with(key, || Ok::<_, Infallible>(value()));
        value
    }

    /// See [`Pinned::get_or_try_insert_with`].
    pub fn get_or_try_insert_with<E>(self, key: K, value: impl FnOnce() -> Result<V, E>) -> Result<&'g V, E> {
        if let Some(value) = self.get(&key) {
            return Ok(value);
        }
        Ok(self.insert_if_absent(key, value()?))
    }

    /// The value of `key`, which is inserted if it is absent, as it probably is.
    pub(crate) fn insert_if_absent(self, key: K, value: V) -> &'g V {
        match self.insert_node(key, value, Mode::Keep) {
            Inserted::New(node) | Inserted::Replaced { new: node, .. } | Inserted::Kept(node, _) => node.value(),
        }
    }
}
