//! A cache whose entries expire, shared by threads without a lock and without an LRU list.
//!
//! ```text
//! cargo run --release --example cache
//! ```
//!
//! What to look at:
//!
//! - an expired entry is replaced, and a fresh one left alone, in one atomic step: [`Cache::get_or_load`];
//! - it is removed only if it is expired *still*: [`Cache::sweep`], which goes through the map in pages and holds
//!   nothing between them.
//!
//! The time is an argument everywhere, so that tests need not wait.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use loxley::{Computed, Decision, Equivalent, HashMap};

/// Values that are good for some time after they were loaded.
pub(crate) struct Cache<K, V> {
    entries: HashMap<K, Cached<V>>,
    time_to_live: Duration,
}

struct Cached<V> {
    /// In an `Arc`: the caller keeps it for as long as it likes, without a guard.
    value: Arc<V>,
    expires: Instant,
}

impl<V> Cached<V> {
    fn is_fresh(&self, now: Instant) -> bool {
        now < self.expires
    }
}

impl<K, V> Cache<K, V>
where
    K: Hash + Eq + Send + 'static,
    V: Send + Sync + 'static,
{
    pub(crate) fn new(time_to_live: Duration) -> Self {
        Self { entries: HashMap::new(), time_to_live }
    }

    /// The value of `key`, unless it is expired. Expired entries stay where they are: lookups do not write.
    pub(crate) fn get<Q>(&self, key: &Q, now: Instant) -> Option<Arc<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let entries = self.entries.pin();
        entries.get(key).filter(|cached| cached.is_fresh(now)).map(|cached| cached.value.clone())
    }

    /// The value of `key`; if there is no fresh one, the one that `load` makes.
    ///
    /// `load` runs at most once in each call, before the map is written to, and holds up nobody. If several threads
    /// load a value for one key at the same time, the first to be done wins, and all return that one.
    pub(crate) fn get_or_load(&self, key: K, now: Instant, load: impl FnOnce(&K) -> V) -> Arc<V> {
        if let Some(value) = self.get(&key, now) {
            return value;
        }
        let value = Arc::new(load(&key));
        let expires = now + self.time_to_live;
        let entries = self.entries.pin();
        // The closure may run again, so it has nothing to do but to compare and to clone a pointer.
        let computed = entries.compute(key, |current| match current {
            Some((_, cached)) if cached.is_fresh(now) => Decision::Abort(cached.value.clone()),
            _ => Decision::Insert(Cached { value: value.clone(), expires }),
        });
        match computed {
            Computed::Aborted(theirs) => theirs,
            _ => value,
        }
    }

    /// Removes what is expired, and returns how much that was.
    ///
    /// Each page has a view of its own: what is removed can be freed while the sweep goes on.
    pub(crate) fn sweep(&self, now: Instant) -> usize {
        const PAGE: usize = 256;
        let mut removed = 0;
        let mut cursor = Some(0);
        while let Some(position) = cursor {
            let entries = self.entries.pin();
            let page = entries.scan(position, PAGE);
            for (key, _) in page.entries.iter().filter(|(_, cached)| !cached.is_fresh(now)) {
                // Another thread may have replaced it since the scan: the condition is asked of what is there now.
                removed += usize::from(entries.remove_if(*key, |_, cached| !cached.is_fresh(now)).is_some());
            }
            cursor = page.next;
        }
        removed
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

const THREADS: u64 = 4;
const REQUESTS: u64 = 200_000;
const PAGES: u64 = 1000;
const TIME_TO_LIVE: Duration = Duration::from_millis(5);

struct Document {
    page: u64,
    loaded: Instant,
}

fn main() {
    let cache = Cache::<u64, Document>::new(TIME_TO_LIVE);
    let loads = AtomicU64::new(0);
    let done = AtomicBool::new(false);
    let mut swept = 0;

    thread::scope(|s| {
        let sweeper = s.spawn(|| {
            let mut swept = 0;
            while !done.load(Ordering::Relaxed) {
                swept += cache.sweep(Instant::now());
                thread::sleep(TIME_TO_LIVE);
            }
            swept
        });
        let clients: Vec<_> = (0..THREADS)
            .map(|client| {
                let (cache, loads) = (&cache, &loads);
                s.spawn(move || {
                    for request in 0..REQUESTS {
                        // Some pages are asked for more often than others.
                        let page = ((request * 7919 + client) % PAGES).pow(2) / PAGES;
                        let now = Instant::now();
                        let document = cache.get_or_load(page, now, |&page| {
                            loads.fetch_add(1, Ordering::Relaxed);
                            Document { page, loaded: now }
                        });
                        assert_eq!(document.page, page);
                        assert!(now < document.loaded + TIME_TO_LIVE, "an expired document was served");
                    }
                })
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
        done.store(true, Ordering::Relaxed);
        swept += sweeper.join().unwrap();
    });

    let requests = THREADS * REQUESTS;
    let loads = loads.into_inner();
    println!("{requests} requests of {THREADS} threads for {PAGES} pages that expire after {TIME_TO_LIVE:?}:");
    println!("  {loads} loaded, {} from the cache, none expired", requests - loads);
    println!("  {swept} removed by the sweeper, {} left", cache.len());
    swept += cache.sweep(Instant::now() + TIME_TO_LIVE);
    println!("  none left after a last sweep");
    assert_eq!(cache.len(), 0);
    assert!(swept as u64 <= loads, "each load inserts at most one entry");
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn values_expire_and_are_loaded_again() {
        let cache = Cache::new(SECOND);
        let start = Instant::now();
        assert_eq!(*cache.get_or_load("key", start, |_| 1), 1);
        assert_eq!(*cache.get_or_load("key", start + SECOND / 2, |_| unreachable!()), 1);
        assert_eq!(cache.get("key", start + SECOND), None);
        assert_eq!(*cache.get_or_load("key", start + SECOND, |_| 2), 2);
        assert_eq!(cache.len(), 1, "replaced, not added");
    }

    #[test]
    fn a_value_that_another_thread_loads_first_wins() {
        let cache = Cache::new(SECOND);
        let now = Instant::now();
        // The other thread, run at the worst moment.
        let ours = cache.get_or_load("key", now, |_| {
            cache.get_or_load("key", now, |_| 1);
            2
        });
        assert_eq!((*ours, *cache.get("key", now).unwrap()), (1, 1));
    }

    #[test]
    fn an_expired_value_does_not_win() {
        let cache = Cache::new(SECOND);
        let now = Instant::now();
        let ours = cache.get_or_load("key", now + SECOND, |_| {
            cache.get_or_load("key", now, |_| 1);
            2
        });
        assert_eq!(*ours, 2);
    }

    #[test]
    fn a_sweep_removes_what_is_expired() {
        let cache = Cache::new(SECOND);
        let start = Instant::now();
        for key in 0..1000 {
            cache.get_or_load(key, start + SECOND * (key % 2), |_| ());
        }
        assert_eq!(cache.sweep(start), 0);
        assert_eq!(cache.sweep(start + SECOND), 500);
        assert_eq!(cache.len(), 500);
        assert!(cache.get(&1, start + SECOND).is_some());
    }

    #[test]
    fn threads_agree_on_one_value() {
        let cache = Cache::new(SECOND);
        for round in 0..1000 {
            let now = Instant::now();
            thread::scope(|s| {
                let threads = [0, 1].map(|id| {
                    let cache = &cache;
                    s.spawn(move || *cache.get_or_load(round, now, |_| id))
                });
                let [a, b] = threads.map(|thread| thread.join().unwrap());
                assert_eq!(a, b);
            });
        }
    }
}
