//! scc's hash index: lookups take no lock, writers one per bucket. It shrinks by itself.

use loxley::RandomState;
use scc::hash_index::Entry;
use scc::{Guard, HashIndex};

use super::{BATCH, Census, Contender, View};
use crate::kind::{Key, Value};
use crate::load::Load;

pub(crate) struct Index<K: Key, V: Value, const OPS_PER_VIEW: usize>(HashIndex<K, V, RandomState>);

pub(crate) type Shared<K, V> = Index<K, V, BATCH>;
pub(crate) type PerOperation<K, V> = Index<K, V, 1>;

/// The map with a guard.
pub(crate) struct Guarded<'map, K: Key, V: Value> {
    map: &'map HashIndex<K, V, RandomState>,
    guard: Guard,
}

impl<K: Key, V: Value, const OPS_PER_VIEW: usize> Contender for Index<K, V, OPS_PER_VIEW> {
    const NAME: &'static str = if OPS_PER_VIEW == 1 { "index/1" } else { "index/64" };
    const OPS_PER_VIEW: usize = OPS_PER_VIEW;
    const VARIANT: bool = OPS_PER_VIEW == 1;

    type Key = K;
    type Value = V;
    type View<'map> = Guarded<'map, K, V>;

    /// It replaces a value by adding a new entry and then marking the old one as removed: not
    /// atomically, as a lookup meanwhile may find neither. And it copies entries when it grows,
    /// by which a value that counts would lose what is added to the old copy.
    fn takes_part(load: Load, _threads: usize) -> bool {
        !load.replaces() && load != Load::HotAdd
    }

    fn with_capacity(capacity: usize, hasher: RandomState) -> Self {
        Self(HashIndex::with_capacity_and_hasher(capacity, hasher))
    }

    fn view(&self) -> Self::View<'_> {
        Guarded { map: &self.0, guard: Guard::new() }
    }

    /// Garbage is freed three epochs later; each of these guards begins a new one.
    fn settle(&self, _removed: usize) {
        for _ in 0..4 {
            let guard = Guard::new();
            guard.set_has_garbage();
            guard.accelerate();
        }
    }
}

impl<K: Key, V: Value> View for Guarded<'_, K, V> {
    type Key = K;
    type Value = V;

    fn read(&mut self, key: &K, read: impl FnOnce(&V) -> u64) -> Option<u64> {
        self.map.peek(key, &self.guard).map(read)
    }

    fn put(&mut self, key: &K, value: V) -> Option<u64> {
        assert!(self.map.insert_sync(key.clone(), value).is_ok(), "it takes no part where keys are replaced");
        None
    }

    /// `remove` does not return the value.
    fn take(&mut self, key: &K) -> Option<u64> {
        let Entry::Occupied(entry) = self.map.entry_sync(key.clone()) else { return None };
        let value = entry.get().digest();
        entry.remove_entry();
        Some(value)
    }

    fn bump(&mut self, _key: &K) -> Option<u64> {
        unreachable!("it takes no part where values are updated")
    }

    fn census(&mut self) -> Census {
        self.map.iter(&self.guard).collect()
    }
}
