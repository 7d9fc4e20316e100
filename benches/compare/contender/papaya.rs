//! papaya, with a guard for every operation or one for every 64.

use loxley::RandomState;
use papaya::{HashMap, HashMapRef, LocalGuard};

use super::{Census, Contender, View};

pub(crate) struct Papaya<const OPS_PER_VIEW: usize>(HashMap<u64, u64, RandomState>);

impl<const OPS_PER_VIEW: usize> Contender for Papaya<OPS_PER_VIEW> {
    const NAME: &'static str = if OPS_PER_VIEW == 1 { "papaya/1" } else { "papaya/64" };
    const OPS_PER_VIEW: usize = OPS_PER_VIEW;

    type View<'map> = HashMapRef<'map, u64, u64, RandomState, LocalGuard<'map>>;

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

impl View for HashMapRef<'_, u64, u64, RandomState, LocalGuard<'_>> {
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
