//! Replacement and removal of what meets a condition.

use std::fmt;
use std::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use crate::compute::{Computed, Decision};
use crate::hashed::Hashed;
use crate::map::HashMap;
use crate::pinned::Pinned;
use crate::raw::{ByValue, Given, Node};
use crate::reclaim::Guard;

/// [`replace_if`](Pinned::replace_if) or [`compare_exchange`](Pinned::compare_exchange) found no value to replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplaceError<'a, V> {
    /// The value that the key has, which does not meet the condition; None if the key is absent.
    pub current: Option<&'a V>,
    /// The value that was not inserted.
    pub not_inserted: V,
}

impl<V> fmt::Display for ReplaceError<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.current {
            Some(_) => "the key has another value than the one to be replaced",
            None => "the key is absent",
        })
    }
}

impl<V: fmt::Debug> std::error::Error for ReplaceError<'_, V> {}

impl<K, V, S> Pinned<'_, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Replaces the value of `key` if it is there, and returns the old one. Does nothing if the key is absent: `value` is
    /// dropped, None returned. ([`replace_if`](Self::replace_if) gives it back.)
    ///
    /// The key is replaced too, by the one that is given here.
    ///
    /// Linearization point: one compare-and-swap; where nothing is replaced, as in a lookup.
    ///
    /// ```
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let map = map.pin();
    /// assert_eq!(map.replace("key", 2), Some(&1));
    /// assert_eq!(map.replace("other", 2), None);
    /// assert_eq!(map.get("other"), None);
    /// ```
    #[doc(alias("swap"))]
    pub fn replace(&self, key: K, value: V) -> Option<&V> {
        self.map().replace(key, value, self.guard())
    }

    /// Replaces the value of `key` if it meets `condition`, and returns the old one.
    ///
    /// The key is replaced too, by the one that is given here.
    ///
    /// Atomic: the entry that is replaced is the one that `condition` saw. **`condition` is called again** if the entry has been
    /// changed by another operation meanwhile; the new value was made before, once. So this is the way to make a value of the
    /// old one where that must not be done twice:
    ///
    /// ```
    /// let map: loxley::HashMap<&str, String> = [("key", "old".to_string())].into();
    /// let map = map.pin();
    /// let seen = map.get("key").unwrap();
    /// let expensive = format!("{seen} and new"); // made once
    /// // Replaces that very value, not one that is equal.
    /// match map.replace_if("key", expensive, |_, current| std::ptr::eq(current, seen)) {
    ///     Ok(old) => assert_eq!(old, "old"),
    ///     Err(error) => println!("now {:?}; {} was made for nothing", error.current, error.not_inserted),
    /// }
    /// assert_eq!(map.get("key").unwrap(), "old and new");
    /// ```
    ///
    /// # Errors
    /// If the key is absent, or its value does not meet the condition: that value, and the one that was not inserted.
    ///
    /// # Panics
    /// If `condition` panics; then the map is as it was.
    #[doc(alias("compare_and_swap", "compare_and_set"))]
    pub fn replace_if(
        &self,
        key: K,
        value: V,
        condition: impl FnMut(&K, &V) -> bool,
    ) -> Result<&V, ReplaceError<'_, V>> {
        self.map().replace_if(key, value, condition, self.guard())
    }

    /// Replaces the value of `key` if it is equal to `current`, and returns the old one.
    ///
    /// The key is replaced too, by the one that is given here.
    ///
    /// Atomic, as [`replace_if`](Self::replace_if) is.
    ///
    /// # Errors
    /// If the key is absent, or has another value: that value, and the one that was not inserted.
    ///
    /// # Panics
    /// If a comparison panics; then the map is as it was.
    ///
    /// ```
    /// let map: loxley::HashMap<&str, &str> = [("door", "open")].into();
    /// let map = map.pin();
    /// assert_eq!(map.compare_exchange("door", &"open", "closed"), Ok(&"open"));
    /// assert_eq!(map.compare_exchange("door", &"open", "closed").unwrap_err().current, Some(&"closed"));
    /// ```
    #[doc(alias("compare_and_swap", "compare_and_set"))]
    pub fn compare_exchange(&self, key: K, current: &V, new: V) -> Result<&V, ReplaceError<'_, V>>
    where
        V: PartialEq,
    {
        self.map().compare_exchange(key, current, new, self.guard())
    }

    /// Removes `key` if its entry meets `condition`, and returns the entry.
    ///
    /// Atomic: the entry that is removed is the one that `condition` saw. **`condition` may be called again** if the entry
    /// has changed meanwhile.
    ///
    /// # Panics
    /// If `condition` panics; then the map is as it was.
    ///
    /// ```
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let map = map.pin();
    /// assert_eq!(map.remove_if("key", |_, value| *value > 1), None);
    /// assert_eq!(map.remove_if("key", |_, value| *value == 1), Some((&"key", &1)));
    /// ```
    #[doc(alias("remove_if_mut"))]
    pub fn remove_if<Q>(&self, key: &Q, condition: impl FnMut(&K, &V) -> bool) -> Option<(&K, &V)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.map().remove_if(key, condition, self.guard())
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// See [`Pinned::replace`].
    pub fn replace<'g>(&'g self, key: K, value: V, guard: &'g Guard) -> Option<&'g V> {
        self.at(&key, guard).replace(key, value)
    }

    /// See [`Pinned::replace_if`].
    pub fn replace_if<'g>(
        &'g self,
        key: K,
        value: V,
        condition: impl FnMut(&K, &V) -> bool,
        guard: &'g Guard,
    ) -> Result<&'g V, ReplaceError<'g, V>> {
        self.at(&key, guard).replace_if(key, value, condition)
    }

    /// See [`Pinned::compare_exchange`].
    pub fn compare_exchange<'g>(
        &'g self,
        key: K,
        current: &V,
        new: V,
        guard: &'g Guard,
    ) -> Result<&'g V, ReplaceError<'g, V>>
    where
        V: PartialEq,
    {
        self.at(&key, guard).compare_exchange(key, current, new)
    }

    /// See [`Pinned::remove_if`].
    pub fn remove_if<'g, Q>(
        &'g self,
        key: &Q,
        condition: impl FnMut(&K, &V) -> bool,
        guard: &'g Guard,
    ) -> Option<(&'g K, &'g V)>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.at(key, guard).remove_if(key, condition)
    }
}

impl<'g, K, V, S> Hashed<'g, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// See [`Pinned::replace`].
    pub fn replace(self, key: K, value: V) -> Option<&'g V> {
        self.replace_if(key, value, |_, _| true).ok()
    }

    /// See [`Pinned::replace_if`].
    pub fn replace_if(
        self,
        key: K,
        value: V,
        condition: impl FnMut(&K, &V) -> bool,
    ) -> Result<&'g V, ReplaceError<'g, V>> {
        self.replace_given_if(ByValue(key), value, condition)
    }

    pub(crate) fn replace_given_if(
        self,
        key: impl Given<K>,
        value: V,
        mut condition: impl FnMut(&K, &V) -> bool,
    ) -> Result<&'g V, ReplaceError<'g, V>> {
        let mut value = Some(value);
        let computed = self.op.compute(self.hash, key, |current, unused| {
            let Some(value) = value.take().or(unused) else { unreachable!("what came to nothing comes back") };
            match current.map(Node::pair) {
                Some((key, old)) if condition(key, old) => Decision::Insert(value),
                current => Decision::Abort(ReplaceError { current: current.map(|(_, v)| v), not_inserted: value }),
            }
        });
        match computed {
            Computed::Replaced { old: (_, value), .. } => Ok(value),
            Computed::Aborted(error) => Err(error),
            _ => unreachable!("every decision was to replace or to abort"),
        }
    }

    /// See [`Pinned::compare_exchange`].
    pub fn compare_exchange(self, key: K, current: &V, new: V) -> Result<&'g V, ReplaceError<'g, V>>
    where
        V: PartialEq,
    {
        self.replace_if(key, new, |_, value| value == current)
    }

    /// See [`Pinned::remove_if`].
    pub fn remove_if<Q>(self, key: &Q, mut condition: impl FnMut(&K, &V) -> bool) -> Option<(&'g K, &'g V)>
    where
        Q: Equivalent<K> + ?Sized,
    {
        self.op.remove_if(self.hash, key, |node| condition(node.key(), node.value())).map(Node::pair)
    }
}
