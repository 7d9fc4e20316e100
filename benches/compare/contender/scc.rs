//! scc's hash map: a lock per bucket. It shrinks by itself, so it has no `shrink`.

use loxley::RandomState;

use super::{Census, Contender, View};
use crate::kind::{Key, Value};

type Map<K, V> = scc::HashMap<K, V, RandomState>;

pub(crate) struct Scc<K: Key, V: Value>(Map<K, V>);

impl<K: Key, V: Value> Contender for Scc<K, V> {
    const NAME: &'static str = "scc";

    type Key = K;
    type Value = V;
    type View<'map> = &'map Map<K, V>;

    fn with_capacity(capacity: usize, hasher: RandomState) -> Self {
        Self(Map::with_capacity_and_hasher(capacity, hasher))
    }

    fn view(&self) -> Self::View<'_> {
        &self.0
    }
}

impl<K: Key, V: Value> View for &Map<K, V> {
    type Key = K;
    type Value = V;

    fn read(&mut self, key: &K, read: impl FnOnce(&V) -> u64) -> Option<u64> {
        self.read_sync(key, |_, value| read(value))
    }

    fn put(&mut self, key: &K, value: V) -> Option<u64> {
        self.upsert_sync(key.clone(), value).map(|value| value.digest())
    }

    fn take(&mut self, key: &K) -> Option<u64> {
        self.remove_sync(key).map(|(_, value)| value.digest())
    }

    fn bump(&mut self, key: &K) -> Option<u64> {
        self.update_sync(key, |_, value| {
            *value = value.successor();
            value.digest()
        })
    }

    fn census(&mut self) -> Census {
        let mut census = Census::default();
        self.iter_sync(|key, value| {
            census.add(key, value);
            true
        });
        census
    }
}
