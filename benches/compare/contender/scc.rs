//! scc's hash map: a lock per bucket. It shrinks by itself, so it has no `shrink`.

use loxley::RandomState;

use super::{Census, Contender, View};

pub(crate) struct Scc(scc::HashMap<u64, u64, RandomState>);

impl Contender for Scc {
    const NAME: &'static str = "scc";

    type View<'map> = &'map scc::HashMap<u64, u64, RandomState>;

    fn with_capacity(capacity: usize, hasher: RandomState) -> Self {
        Self(scc::HashMap::with_capacity_and_hasher(capacity, hasher))
    }

    fn view(&self) -> Self::View<'_> {
        &self.0
    }
}

impl View for &scc::HashMap<u64, u64, RandomState> {
    fn find(&mut self, key: u64) -> Option<u64> {
        self.read_sync(&key, |_, &value| value)
    }

    fn put(&mut self, key: u64, value: u64) -> Option<u64> {
        self.upsert_sync(key, value)
    }

    fn take(&mut self, key: u64) -> Option<u64> {
        self.remove_sync(&key).map(|(_, value)| value)
    }

    fn bump(&mut self, key: u64) -> Option<u64> {
        self.update_sync(&key, |_, value| {
            *value = value.wrapping_add(1);
            *value
        })
    }

    fn census(&mut self) -> Census {
        let mut census = Census::default();
        self.iter_sync(|&key, &value| {
            census.add(key, value);
            true
        });
        census
    }
}
