//! The standard library's map on one thread: the reference that no concurrent map is expected to beat.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use loxley::RandomState;

use super::{Census, Contender, View};

/// The lock makes it shareable. It is taken once for every 64 operations and never contended: not
/// visible in a figure.
pub(crate) struct Std(Mutex<HashMap<u64, u64, RandomState>>);

impl Contender for Std {
    const NAME: &'static str = "std";
    const CONCURRENT: bool = false;

    type View<'map> = MutexGuard<'map, HashMap<u64, u64, RandomState>>;

    fn with_capacity(capacity: usize, hasher: RandomState) -> Self {
        Self(Mutex::new(HashMap::with_capacity_and_hasher(capacity, hasher)))
    }

    fn view(&self) -> Self::View<'_> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shrink(&self) -> bool {
        self.view().shrink_to_fit();
        true
    }
}

impl View for MutexGuard<'_, HashMap<u64, u64, RandomState>> {
    fn find(&mut self, key: u64) -> Option<u64> {
        self.get(&key).copied()
    }

    fn put(&mut self, key: u64, value: u64) -> Option<u64> {
        self.insert(key, value)
    }

    fn take(&mut self, key: u64) -> Option<u64> {
        self.remove(&key)
    }

    fn bump(&mut self, key: u64) -> Option<u64> {
        let value = self.get_mut(&key)?;
        *value = value.wrapping_add(1);
        Some(*value)
    }

    fn census(&mut self) -> Census {
        self.iter().map(|(&key, &value)| (key, value)).collect()
    }
}
