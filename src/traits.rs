//! The traits that std's map has.

use std::collections;
use std::fmt;
use std::hash::{BuildHasher, Hash};

use ahash::RandomState;

use crate::map::HashMap;
use crate::pinned::Pinned;
use crate::raw::Mode;

impl<K, V, S: Default> Default for HashMap<K, V, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

/// Shows the entries as iteration yields them, which is what `Hash` and `Eq` are needed for.
impl<K, V, S> fmt::Debug for HashMap<K, V, S>
where
    K: Hash + Eq + fmt::Debug,
    V: fmt::Debug,
    S: BuildHasher,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.pin(), f)
    }
}

/// Weakly consistent, as iteration is.
impl<K, V, S> Clone for HashMap<K, V, S>
where
    K: Hash + Eq + Clone + Send + 'static,
    V: Clone + Send + 'static,
    S: BuildHasher + Clone,
{
    fn clone(&self) -> Self {
        let clone = Self::with_tuning(self.raw.core.tuning, self.len(), self.hasher().clone());
        (&clone).extend(self.pin().iter().map(|(key, value)| (key.clone(), value.clone())));
        clone
    }
}

/// Equal if both hold the same keys with equal values; meaningful when nobody writes.
impl<K, V, S, T> PartialEq<HashMap<K, V, T>> for HashMap<K, V, S>
where
    K: Hash + Eq,
    V: PartialEq,
    S: BuildHasher,
    T: BuildHasher,
{
    fn eq(&self, other: &HashMap<K, V, T>) -> bool {
        let (this, other) = (self.pin(), other.pin());
        this.len() == other.len() && this.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<K: Hash + Eq, V: Eq, S: BuildHasher> Eq for HashMap<K, V, S> {}

/// Entries that are yielded later replace earlier ones with the same key.
impl<K, V, S> Extend<(K, V)> for &HashMap<K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        // One view for all would hold back the memory of all that is replaced, for as long as the iterator takes.
        for (key, value) in entries {
            self.pin().insert(key, value);
        }
    }
}

impl<K, V, S> Extend<(K, V)> for HashMap<K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        (&*self).extend(entries);
    }
}

impl<'a, K, V, S> Extend<(&'a K, &'a V)> for HashMap<K, V, S>
where
    K: Hash + Eq + Copy + Send + 'static,
    V: Copy + Send + 'static,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = (&'a K, &'a V)>>(&mut self, entries: I) {
        self.extend(entries.into_iter().map(|(&key, &value)| (key, value)));
    }
}

/// Entries that are yielded later replace earlier ones with the same key. The view holds back the memory of all that is
/// replaced; `(&map).extend` does not.
impl<K, V, S> Extend<(K, V)> for Pinned<'_, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K, V, S> FromIterator<(K, V)> for HashMap<K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher + Default,
{
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let map = Self::default();
        let mut entries = entries.into_iter().fuse();
        // Nobody sees the map yet, so entries may be taken ahead; and no guard is held while the iterator works.
        while let Some(batch) = map.gather(&mut entries) {
            map.insert_batch(batch, Mode::Replace, &map.guard());
        }
        map
    }
}

impl<K, V, const N: usize> From<[(K, V); N]> for HashMap<K, V, RandomState>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
{
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

/// The same entries, hashed as before.
impl<K, V, S> From<collections::HashMap<K, V, S>> for HashMap<K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher + Clone,
{
    fn from(map: collections::HashMap<K, V, S>) -> Self {
        let mut new = Self::with_capacity_and_hasher(map.len(), map.hasher().clone());
        new.extend(map);
        new
    }
}

/// The same entries, hashed as before.
impl<K: Hash + Eq, V, S: BuildHasher + Clone> From<HashMap<K, V, S>> for collections::HashMap<K, V, S> {
    fn from(map: HashMap<K, V, S>) -> Self {
        let mut new = Self::with_capacity_and_hasher(map.len(), map.hasher().clone());
        new.extend(map);
        new
    }
}
