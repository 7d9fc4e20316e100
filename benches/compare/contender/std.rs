//! The standard library's map on one thread: the reference that no concurrent map is expected to beat.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use loxley::RandomState;

use super::{Census, Contender, Role, View};
use crate::kind::{Key, Value};
use crate::load::Load;

/// The lock makes it shareable. It is taken once for every 64 operations and never contended: not
/// visible in a figure.
pub(crate) struct Std<K, V>(Mutex<HashMap<K, V, RandomState>>);

impl<K: Key, V: Value> Contender for Std<K, V> {
    const NAME: &'static str = "std";
    const ROLE: Role = Role::Reference;

    type Key = K;
    type Value = V;
    type View<'map> = MutexGuard<'map, HashMap<K, V, RandomState>>;

    /// A map that is not concurrent has no place where there are more threads.
    fn takes_part(_load: Load, threads: usize) -> bool {
        threads == 1
    }

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

impl<K: Key, V: Value> View for MutexGuard<'_, HashMap<K, V, RandomState>> {
    type Key = K;
    type Value = V;

    fn read(&mut self, key: &K, read: impl FnOnce(&V) -> u64) -> Option<u64> {
        self.get(key).map(read)
    }

    fn put(&mut self, key: &K, value: V) -> Option<u64> {
        self.insert(key.clone(), value).map(|value| value.digest())
    }

    fn take(&mut self, key: &K) -> Option<u64> {
        self.remove(key).map(|value| value.digest())
    }

    fn bump(&mut self, key: &K) -> Option<u64> {
        let value = self.get_mut(key)?;
        *value = value.successor();
        Some(value.digest())
    }

    fn census(&mut self) -> Census {
        self.iter().collect()
    }
}
