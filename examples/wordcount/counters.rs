//! The three maps that count, each written the way its users would write it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use loxley::RandomState;

use crate::words::Words;

/// How often each word was seen.
pub(crate) type Counts = HashMap<String, u64, RandomState>;

/// A map that many threads count words in at once.
///
/// All three use the same hash function, and own a `String` only for words they have not met yet.
pub(crate) trait Counter: Sync {
    const NAME: &'static str;

    fn new(hasher: RandomState) -> Self;

    /// Counts all words of a batch.
    fn count(&self, words: &Words);

    /// The result, once nobody counts any more.
    fn into_counts(self) -> Counts;
}

/// Loxley: the values are atomics, so counting a known word is a lock-free lookup and one
/// `fetch_add`; only a new word writes to the map itself. One pin serves a whole batch.
pub(crate) struct Loxley(loxley::HashMap<String, AtomicU64>);

impl Counter for Loxley {
    const NAME: &'static str = "loxley";

    fn new(hasher: RandomState) -> Self {
        Self(loxley::HashMap::with_hasher(hasher))
    }

    fn count(&self, words: &Words) {
        let map = self.0.pin();
        for word in words.iter() {
            // Another thread may insert the word between the two calls: then this one gets the
            // counter that is there, and no count is lost.
            map.get(word)
                .unwrap_or_else(|| map.get_or_insert_with(word.to_owned(), AtomicU64::default))
                .fetch_add(1, Ordering::Relaxed);
        }
    }

    fn into_counts(self) -> Counts {
        let map = self.0.pin();
        map.iter().map(|(word, count)| (word.clone(), count.load(Ordering::Relaxed))).collect()
    }
}

/// `DashMap`: a lock per shard, taken for every word.
pub(crate) struct Dash(DashMap<String, u64, RandomState>);

impl Counter for Dash {
    const NAME: &'static str = "dashmap";

    fn new(hasher: RandomState) -> Self {
        Self(DashMap::with_hasher(hasher))
    }

    fn count(&self, words: &Words) {
        for word in words.iter() {
            if let Some(mut count) = self.0.get_mut(word) {
                *count += 1;
                continue;
            }
            *self.0.entry(word.to_owned()).or_default() += 1;
        }
    }

    fn into_counts(self) -> Counts {
        self.0.into_iter().collect()
    }
}

/// Std's map behind one lock, taken once per batch: the kindest way to use it here.
pub(crate) struct Locked(Mutex<Counts>);

impl Counter for Locked {
    const NAME: &'static str = "Mutex<HashMap>";

    fn new(hasher: RandomState) -> Self {
        Self(Mutex::new(HashMap::with_hasher(hasher)))
    }

    fn count(&self, words: &Words) {
        let mut map = self.0.lock().unwrap();
        for word in words.iter() {
            match map.get_mut(word) {
                Some(count) => *count += 1,
                None => {
                    map.insert(word.to_owned(), 1);
                }
            }
        }
    }

    fn into_counts(self) -> Counts {
        self.0.into_inner().unwrap()
    }
}
