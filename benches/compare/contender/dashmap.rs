//! dashmap: a lock per shard.

use loxley::RandomState;

use super::{Census, Contender, View};

pub(crate) struct DashMap(dashmap::DashMap<u64, u64, RandomState>);

impl Contender for DashMap {
    const NAME: &'static str = "dashmap";

    type View<'map> = &'map dashmap::DashMap<u64, u64, RandomState>;

    fn with_capacity(capacity: usize, hasher: RandomState) -> Self {
        Self(dashmap::DashMap::with_capacity_and_hasher(capacity, hasher))
    }

    fn view(&self) -> Self::View<'_> {
        &self.0
    }

    fn shrink(&self) -> bool {
        self.0.shrink_to_fit();
        true
    }
}

impl View for &dashmap::DashMap<u64, u64, RandomState> {
    fn find(&mut self, key: u64) -> Option<u64> {
        self.get(&key).map(|entry| *entry)
    }

    fn put(&mut self, key: u64, value: u64) -> Option<u64> {
        self.insert(key, value)
    }

    fn take(&mut self, key: u64) -> Option<u64> {
        self.remove(&key).map(|(_, value)| value)
    }

    fn bump(&mut self, key: u64) -> Option<u64> {
        let mut entry = self.get_mut(&key)?;
        *entry = entry.wrapping_add(1);
        Some(*entry)
    }

    fn census(&mut self) -> Census {
        self.iter().map(|entry| (*entry.key(), *entry.value())).collect()
    }
}
