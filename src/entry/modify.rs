//! `and_modify`, together with what follows it.

use std::fmt;
use std::hash::{BuildHasher, Hash};

use crate::hashed::Hashed;

/// A modification that waits for what to insert if there is nothing to modify. From [`Entry::and_modify`](super::Entry::and_modify).
#[must_use = "nothing is modified before `or_insert` or `apply` is called"]
pub struct Modify<'g, K, V, S, F> {
    pub(super) at: Hashed<'g, K, V, S>,
    pub(super) key: K,
    pub(super) modify: F,
}

/// Each of these is one atomic step, takes expected O(1) time and is lock-free. The closure of `and_modify` may be called again, that of
/// `or_insert_with` is called once at most. They panic as [`Pinned::insert`](crate::Pinned::insert), or if a closure does; then the map
/// is as it was.
impl<'g, K, V, S, F> Modify<'g, K, V, S, F>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
    F: FnMut(&V) -> V,
{
    /// Modifies the key's value, or inserts this one: [`Pinned::update_or_insert`](crate::Pinned::update_or_insert).
    ///
    /// ```
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// assert_eq!(map.pin().entry("key").and_modify(|value| value + 1).or_insert(0), &2);
    /// ```
    pub fn or_insert(self, value: V) -> &'g V {
        self.at.update_or_insert(self.key, self.modify, value)
    }

    /// Modifies the key's value, or inserts what `value` makes: [`Pinned::update_or_insert_with`](crate::Pinned::update_or_insert_with).
    ///
    /// ```
    /// let map = loxley::HashMap::<&str, Vec<u8>>::new();
    /// assert_eq!(map.pin().entry("key").and_modify(|old| [&old[..], &[1]].concat()).or_insert_with(|| vec![1]), &[1]);
    /// ```
    pub fn or_insert_with(self, value: impl FnOnce() -> V) -> &'g V {
        self.at.update_or_insert_with(self.key, self.modify, value)
    }

    /// The same with a value that is made of the key. (That must be at hand when it comes to it, and so this makes a clone.)
    ///
    /// ```
    /// let map = loxley::HashMap::<&str, usize>::new();
    /// assert_eq!(map.pin().entry("key").and_modify(|n| n + 1).or_insert_with_key(|key| key.len()), &3);
    /// ```
    pub fn or_insert_with_key(self, value: impl FnOnce(&K) -> V) -> &'g V
    where
        K: Clone,
    {
        let key = self.key.clone();
        self.or_insert_with(|| value(&key))
    }

    /// Modifies the key's value, or inserts the default value.
    ///
    /// ```
    /// let map = loxley::HashMap::<&str, u8>::new();
    /// assert_eq!(map.pin().entry("key").and_modify(|value| value + 1).or_default(), &0);
    /// ```
    pub fn or_default(self) -> &'g V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Modifies the key's value if there is one: [`Pinned::update`](crate::Pinned::update).
    ///
    /// ```
    /// let map: loxley::HashMap<&str, u8> = [("key", 1)].into();
    /// let map = map.pin();
    /// assert_eq!(map.entry("key").and_modify(|value| value + 1).apply(), Some(&2));
    /// assert_eq!(map.entry("other").and_modify(|value| value + 1).apply(), None);
    /// ```
    pub fn apply(self) -> Option<&'g V> {
        self.at.update(self.key, self.modify)
    }
}

impl<K: fmt::Debug, V, S, F> fmt::Debug for Modify<'_, K, V, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Modify").field("key", &self.key).finish_non_exhaustive()
    }
}
