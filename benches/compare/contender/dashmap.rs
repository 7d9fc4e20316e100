//! dashmap: a lock per shard.

use loxley::RandomState;

use super::{Census, Contender, View};
use crate::kind::{Key, Value};

type Map<K, V> = dashmap::DashMap<K, V, RandomState>;

pub(crate) struct DashMap<K: Key, V: Value>(Map<K, V>);

impl<K: Key, V: Value> Contender for DashMap<K, V> {
    const NAME: &'static str = "dashmap";

    type Key = K;
    type Value = V;
    type View<'map> = &'map Map<K, V>;

    fn with_capacity(capacity: usize, hasher: RandomState) -> Self {
        Self(Map::with_capacity_and_hasher(capacity, hasher))
    }

    fn view(&self) -> Self::View<'_> {
        &self.0
    }

    fn shrink(&self) -> bool {
        self.0.shrink_to_fit();
        true
    }
}

impl<K: Key, V: Value> View for &Map<K, V> {
    type Key = K;
    type Value = V;

    fn read(&mut self, key: &K, read: impl FnOnce(&V) -> u64) -> Option<u64> {
        self.get(key).map(|entry| read(&entry))
    }

    fn put(&mut self, key: &K, value: V) -> Option<u64> {
        self.insert(key.clone(), value).map(|value| value.digest())
    }

    fn take(&mut self, key: &K) -> Option<u64> {
        self.remove(key).map(|(_, value)| value.digest())
    }

    fn bump(&mut self, key: &K) -> Option<u64> {
        let mut value = self.get_mut(key)?;
        *value = value.successor();
        Some(value.digest())
    }

    fn census(&mut self) -> Census {
        let mut census = Census::default();
        self.iter().for_each(|entry| census.add(entry.key(), entry.value()));
        census
    }
}
