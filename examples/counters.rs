//! Ways to count in a shared map, and what each costs when all threads count the same few keys.
//!
//! ```text
//! cargo run --release --example counters
//! ```
//!
//! - [`atomics`]: the value is an `AtomicU64`. A known key costs a lookup and a `fetch_add`; nothing is allocated, and
//!   nothing runs twice. The way to go for what only counts.
//! - [`updates`]: the value is a plain number, which [`Pinned::update_or_insert`] replaces. Each count allocates an entry, and
//!   runs its closure again when another thread was first. But the value can be anything, and every value that
//!   readers see is complete.
//! - [`up_to_a_limit`]: [`Pinned::compute`] decides by the current value whether to count at all, and inserts the key,
//!   counts, or refuses, in one atomic step.
//!
//! [`Pinned::update_or_insert`]: loxley::Pinned::update_or_insert
//! [`Pinned::compute`]: loxley::Pinned::compute

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use loxley::{Computed, Decision, HashMap};

type Key = &'static str;

const KEYS: [Key; 4] = ["/", "/index.html", "/news", "/about"];
const THREADS: usize = 4;
const COUNTS: usize = 200_000;
const LIMIT: u64 = 1000;

/// Counts a key in a map of atomics.
fn count_in_atomic(counters: &HashMap<Key, AtomicU64>, key: Key) {
    // Does not make the counter where there is one. With owned keys, `get` first spares making the key, too.
    counters.pin().get_or_insert_with(key, AtomicU64::default).fetch_add(1, Ordering::Relaxed);
}

/// Counts a key in a map of numbers. Returns how often the closure ran.
fn count_by_update(counters: &HashMap<Key, u64>, key: Key) -> u64 {
    let runs = Cell::new(0);
    let update = |count: &u64| {
        runs.set(runs.get() + 1);
        count + 1
    };
    counters.pin().update_or_insert(key, update, 1);
    runs.get()
}

/// Counts a key unless it has been counted `limit` times. Returns whether that was so.
fn count_up_to(limit: u64, counters: &HashMap<Key, u64>, key: Key) -> bool {
    let counters = counters.pin();
    let computed = counters.compute(key, |current| match current {
        None if limit > 0 => Decision::Insert(1),
        Some((_, count)) if *count < limit => Decision::Insert(count + 1),
        _ => Decision::Abort(()),
    });
    !matches!(computed, Computed::Aborted(()))
}

/// All threads count all keys in turn. Returns the sum of what `count` returns, and the time an operation took.
fn race(count: impl Fn(Key) -> u64 + Sync) -> (u64, Duration) {
    let start = Instant::now();
    let sum = thread::scope(|s| {
        let count = &count;
        let work = move || (0..COUNTS).map(|i| count(KEYS[i % KEYS.len()])).sum::<u64>();
        let threads: Vec<_> = (0..THREADS).map(|_| s.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    (sum, start.elapsed() / (THREADS * COUNTS) as u32)
}

fn atomics() {
    let counters = HashMap::new();
    let (_, time) = race(|key| {
        count_in_atomic(&counters, key);
        0
    });
    let total: u64 = counters.pin().values().map(|count| count.load(Ordering::Relaxed)).sum();
    println!("atomic values    {time:>8.1?} a count, {total} in all");
    assert_eq!(total, (THREADS * COUNTS) as u64);
}

fn updates() {
    let counters = HashMap::new();
    let (runs, time) = race(|key| count_by_update(&counters, key));
    let total: u64 = counters.pin().values().sum();
    println!("update_or_insert {time:>8.1?} a count, {total} in all; the closure ran {runs} times");
    assert_eq!(total, (THREADS * COUNTS) as u64);
    // The first count of a key, which inserts it, need not run the closure.
    assert!(runs >= total - KEYS.len() as u64);
}

fn up_to_a_limit() {
    let counters = HashMap::new();
    let (counted, time) = race(|key| u64::from(count_up_to(LIMIT, &counters, key)));
    println!("compute          {time:>8.1?} a count, {counted} in all, up to {LIMIT} a key");
    assert_eq!(counted, KEYS.len() as u64 * LIMIT);
    assert!(counters.pin().values().all(|count| *count == LIMIT));
}

fn main() {
    println!("{THREADS} threads count {} keys:", KEYS.len());
    atomics();
    updates();
    up_to_a_limit();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_count() {
        let (atomic, plain, limited) = (HashMap::new(), HashMap::new(), HashMap::new());
        for _ in 0..5 {
            count_in_atomic(&atomic, "/");
            count_by_update(&plain, "/");
            count_up_to(3, &limited, "/");
        }
        assert_eq!(atomic.pin()["/"].load(Ordering::Relaxed), 5);
        assert_eq!(plain.pin()["/"], 5);
        assert_eq!(limited.pin()["/"], 3);
    }

    #[test]
    fn a_limit_of_nothing_inserts_nothing() {
        let counters = HashMap::new();
        assert!(!count_up_to(0, &counters, "/"));
        assert!(counters.is_empty());
    }
}
