//! papaya, with a guard for every operation or one for every 64.

use loxley::RandomState;
use papaya::{HashMap, HashMapRef, LocalGuard};

use super::{BATCH, Census, Contender, View};
use crate::kind::{Key, Value};

pub(crate) struct Papaya<K, V, const OPS_PER_VIEW: usize>(HashMap<K, V, RandomState>);

pub(crate) type Shared<K, V> = Papaya<K, V, BATCH>;
pub(crate) type PerOperation<K, V> = Papaya<K, V, 1>;

impl<K: Key, V: Value, const OPS_PER_VIEW: usize> Contender for Papaya<K, V, OPS_PER_VIEW> {
    const NAME: &'static str = if OPS_PER_VIEW == 1 { "papaya/1" } else { "papaya/64" };
    const OPS_PER_VIEW: usize = OPS_PER_VIEW;
    const VARIANT: bool = OPS_PER_VIEW == 1;

    type Key = K;
    type Value = V;
    type View<'map> = HashMapRef<'map, K, V, RandomState, LocalGuard<'map>>;

    fn with_capacity(capacity: usize, hasher: RandomState) -> Self {
        Self(HashMap::with_capacity_and_hasher(capacity, hasher))
    }

    fn view(&self) -> Self::View<'_> {
        self.0.pin()
    }

    /// A view hides its guard, so it takes one of its own.
    fn settle(&self, _removed: usize) {
        for _ in 0..4 {
            papaya::Guard::flush(&self.0.guard());
        }
    }
}

impl<K: Key, V: Value> View for HashMapRef<'_, K, V, RandomState, LocalGuard<'_>> {
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
        self.update(key.clone(), Value::successor).map(Value::digest)
    }

    fn census(&mut self) -> Census {
        self.iter().collect()
    }
}
