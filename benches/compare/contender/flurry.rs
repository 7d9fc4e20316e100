//! flurry: Java's ConcurrentHashMap; lookups take no lock, writers one per bin. It has no `shrink`.

use flurry::{HashMap, HashMapRef};
use loxley::RandomState;

use super::{Census, Contender, View};
use crate::kind::{Key, Value};

pub(crate) struct Flurry<K, V>(HashMap<K, V, RandomState>);

impl<K: Key, V: Value> Contender for Flurry<K, V> {
    const NAME: &'static str = "flurry";

    type Key = K;
    type Value = V;
    type View<'map> = HashMapRef<'map, K, V, RandomState>;

    fn with_capacity(capacity: usize, hasher: RandomState) -> Self {
        Self(HashMap::with_capacity_and_hasher(capacity, hasher))
    }

    fn view(&self) -> Self::View<'_> {
        self.0.pin()
    }

    /// A view hides its guard, so it takes one of its own.
    fn settle(&self, _removed: usize) {
        for _ in 0..4 {
            self.0.guard().flush();
        }
    }
}

impl<K: Key, V: Value> View for HashMapRef<'_, K, V, RandomState> {
    type Key = K;
    type Value = V;

    fn read(&mut self, key: &K, read: impl FnOnce(&V) -> u64) -> Option<u64> {
        self.get(key).map(read)
    }

    fn put(&mut self, key: &K, value: V) -> Option<u64> {
        self.insert(key.clone(), value).map(Value::digest)
    }

    fn take(&mut self, key: &K) -> Option<u64> {
        self.remove(key).map(Value::digest)
    }

    fn bump(&mut self, key: &K) -> Option<u64> {
        self.compute_if_present(key, |_, value| Some(value.successor())).map(Value::digest)
    }

    fn census(&mut self) -> Census {
        self.iter().collect()
    }
}
