//! loxley: with a guard for every operation, with one for every 64, and with lookups in batches.

use loxley::{HashMap, Pinned, RandomState};

use super::{BATCH, Census, Contender, Role, View, sum};
use crate::kind::{Key, Value};
use crate::load::Load;

pub(crate) struct Loxley<K, V, const OPS_PER_VIEW: usize, const BATCHED: bool>(HashMap<K, V>);

pub(crate) type Shared<K, V> = Loxley<K, V, BATCH, false>;
pub(crate) type PerOperation<K, V> = Loxley<K, V, 1, false>;
pub(crate) type Batched<K, V> = Loxley<K, V, BATCH, true>;

/// A view of the map that looks up many keys at once by `get_many` if it is `BATCHED`.
pub(crate) struct Through<'map, K, V, const BATCHED: bool>(Pinned<'map, K, V, RandomState>);

impl<K: Key, V: Value, const OPS_PER_VIEW: usize, const BATCHED: bool> Contender
    for Loxley<K, V, OPS_PER_VIEW, BATCHED>
{
    const NAME: &'static str = match (BATCHED, OPS_PER_VIEW) {
        (true, _) => "loxley/many",
        (false, 1) => "loxley/1",
        (false, _) => "loxley/64",
    };
    const OPS_PER_VIEW: usize = OPS_PER_VIEW;
    const VARIANT: bool = BATCHED || OPS_PER_VIEW == 1;
    const ROLE: Role = Role::Loxley;

    type Key = K;
    type Value = V;
    type View<'map> = Through<'map, K, V, BATCHED>;

    /// In all other loads `get_many` has no place: there the batched one would be the shared one.
    fn takes_part(load: Load, _threads: usize) -> bool {
        !BATCHED || matches!(load, Load::GetHit | Load::GetMiss)
    }

    fn with_capacity(capacity: usize, hasher: RandomState) -> Self {
        Self(HashMap::with_capacity_and_hasher(capacity, hasher))
    }

    fn view(&self) -> Self::View<'_> {
        Through(self.0.pin())
    }

    /// One flush frees eight bags of 64 entries at most, and only such as are two epochs old; these
    /// are rounds for twice as many. And then some, in an odd number: the collector makes garbage of
    /// its own, which is there after every other flush.
    fn settle(&self, removed: usize) {
        for _ in 0..65 + removed / 256 {
            self.0.guard().flush();
        }
    }

    fn shrink(&self) -> bool {
        self.0.pin().shrink_to_fit();
        true
    }
}

impl<K: Key, V: Value, const BATCHED: bool> View for Through<'_, K, V, BATCHED> {
    type Key = K;
    type Value = V;

    fn read(&mut self, key: &K, read: impl FnOnce(&V) -> u64) -> Option<u64> {
        self.0.get(key).map(read)
    }

    fn put(&mut self, key: &K, value: V) -> Option<u64> {
        self.0.insert(key.clone(), value).map(Value::digest)
    }

    fn take(&mut self, key: &K) -> Option<u64> {
        self.0.remove(key).map(Value::digest)
    }

    fn bump(&mut self, key: &K) -> Option<u64> {
        self.0.update(key.clone(), Value::successor).map(Value::digest)
    }

    fn census(&mut self) -> Census {
        self.0.iter().collect()
    }

    fn find_all(&mut self, keys: &[K]) -> u64 {
        if BATCHED {
            sum(self.0.get_many(keys).map(|value| value.map(Value::digest)))
        } else {
            sum(keys.iter().map(|key| self.find(key)))
        }
    }
}
