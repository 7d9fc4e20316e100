//! The standard library's map behind one of its locks, taken for every operation.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use loxley::RandomState;

use super::{Census, Contender, Role, View};
use crate::kind::{Key, Value};

type Map<K, V> = HashMap<K, V, RandomState>;

pub(crate) struct RwLocked<K, V>(RwLock<Map<K, V>>);

pub(crate) struct Mutexed<K, V>(Mutex<Map<K, V>>);

impl<K: Key, V: Value> Contender for RwLocked<K, V> {
    const NAME: &'static str = "rwlock";
    const ROLE: Role = Role::Lock;

    type Key = K;
    type Value = V;
    type View<'map> = &'map RwLock<Map<K, V>>;

    fn with_capacity(capacity: usize, hasher: RandomState) -> Self {
        Self(RwLock::new(HashMap::with_capacity_and_hasher(capacity, hasher)))
    }

    fn view(&self) -> Self::View<'_> {
        &self.0
    }

    fn shrink(&self) -> bool {
        self.0.write().unwrap_or_else(PoisonError::into_inner).shrink_to_fit();
        true
    }
}

impl<K: Key, V: Value> View for &RwLock<Map<K, V>> {
    type Key = K;
    type Value = V;

    fn read(&mut self, key: &K, read: impl FnOnce(&V) -> u64) -> Option<u64> {
        RwLock::read(self).unwrap_or_else(PoisonError::into_inner).get(key).map(read)
    }

    fn put(&mut self, key: &K, value: V) -> Option<u64> {
        let previous = self.write().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), value);
        previous.map(|value| value.digest())
    }

    fn take(&mut self, key: &K) -> Option<u64> {
        let removed = self.write().unwrap_or_else(PoisonError::into_inner).remove(key);
        removed.map(|value| value.digest())
    }

    fn bump(&mut self, key: &K) -> Option<u64> {
        let mut map = self.write().unwrap_or_else(PoisonError::into_inner);
        let value = map.get_mut(key)?;
        *value = value.successor();
        Some(value.digest())
    }

    fn census(&mut self) -> Census {
        RwLock::read(self).unwrap_or_else(PoisonError::into_inner).iter().collect()
    }
}

impl<K: Key, V: Value> Contender for Mutexed<K, V> {
    const NAME: &'static str = "mutex";
    const ROLE: Role = Role::Lock;

    type Key = K;
    type Value = V;
    type View<'map> = Locking<'map, K, V>;

    fn with_capacity(capacity: usize, hasher: RandomState) -> Self {
        Self(Mutex::new(HashMap::with_capacity_and_hasher(capacity, hasher)))
    }

    fn view(&self) -> Self::View<'_> {
        Locking(&self.0)
    }

    fn shrink(&self) -> bool {
        self.view().lock().shrink_to_fit();
        true
    }
}

/// A mutex that is locked for every operation, and does then what the map does by itself.
pub(crate) struct Locking<'map, K, V>(&'map Mutex<Map<K, V>>);

impl<'map, K, V> Locking<'map, K, V> {
    fn lock(&self) -> MutexGuard<'map, Map<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Key, V: Value> View for Locking<'_, K, V> {
    type Key = K;
    type Value = V;

    fn read(&mut self, key: &K, read: impl FnOnce(&V) -> u64) -> Option<u64> {
        self.lock().read(key, read)
    }

    fn put(&mut self, key: &K, value: V) -> Option<u64> {
        self.lock().put(key, value)
    }

    fn take(&mut self, key: &K) -> Option<u64> {
        self.lock().take(key)
    }

    fn bump(&mut self, key: &K) -> Option<u64> {
        self.lock().bump(key)
    }

    fn census(&mut self) -> Census {
        self.lock().census()
    }
}
