//! loxley, with a guard for every operation or one for every 64.

use loxley::{HashMap, Pinned, RandomState};

use super::{Census, Contender, View};

pub(crate) struct Loxley<const OPS_PER_VIEW: usize>(HashMap<u64, u64>);

impl<const OPS_PER_VIEW: usize> Contender for Loxley<OPS_PER_VIEW> {
    const NAME: &'static str = if OPS_PER_VIEW == 1 { "loxley/1" } else { "loxley/64" };
    const OPS_PER_VIEW: usize = OPS_PER_VIEW;

    type View<'map> = Pinned<'map, u64, u64, RandomState>;

    fn with_capacity(capacity: usize, hasher: RandomState) -> Self {
        Self(HashMap::with_capacity_and_hasher(capacity, hasher))
    }

    fn view(&self) -> Self::View<'_> {
        self.0.pin()
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

impl View for Pinned<'_, u64, u64, RandomState> {
    fn find(&mut self, key: u64) -> Option<u64> {
        self.get(&key).copied()
    }

    fn put(&mut self, key: u64, value: u64) -> Option<u64> {
        self.insert(key, value).copied()
    }

    fn take(&mut self, key: u64) -> Option<u64> {
        self.remove(&key).copied()
    }

    fn bump(&mut self, key: u64) -> Option<u64> {
        self.update(key, |value| value.wrapping_add(1)).copied()
    }

    fn census(&mut self) -> Census {
        self.iter().map(|(&key, &value)| (key, value)).collect()
    }
}
