//! What the integration tests share: hashers that stress the table, instances that know whether they
//! were dropped, user code that panics when told to, operations that std's map answers too, a counting
//! allocator, randomness with a printed seed, and ways to wait.
#![allow(dead_code)] // every test crate compiles this module and uses only its own part of it

pub(crate) mod alloc;
pub(crate) mod hashing;
pub(crate) mod ledger;
pub(crate) mod linearizability;
pub(crate) mod ops;
pub(crate) mod touchy;

use std::any::Any;
use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use loxley::HashMap;
use std::collections::HashMap as StdMap;

/// Buckets are one or two slots wide in this build, so that overflow, eviction and long bounds happen
/// all the time, and everything takes longer.
pub(crate) const TINY_BUCKETS: bool = cfg!(any(loxley_slots = "1", loxley_slots = "2"));

/// `full` in an ordinary build, `tiny` where buckets are one or two slots wide or a sanitizer watches, which is as slow; a
/// fraction of that under Miri, which is a hundred times slower again.
pub(crate) const fn scaled(full: usize, tiny: usize) -> usize {
    if cfg!(miri) {
        if tiny > 50 { tiny / 50 } else { 1 }
    } else if TINY_BUCKETS || cfg!(loxley_sanitize) {
        tiny
    } else {
        full
    }
}

/// SplitMix64: small, seedable, and good enough to choose operations.
#[derive(Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// Uniform in `0..n`.
    pub(crate) const fn below(&mut self, n: u64) -> u64 {
        ((self.next() as u128 * n as u128) >> 64) as u64
    }

    pub(crate) const fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// SplitMix64's finalizer: a bijection, so `mix` of a counter yields distinct keys in no useful order.
pub(crate) const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// A seed that differs from run to run, or `LOXLEY_TEST_SEED`; printed, so that a failure can be repeated.
pub(crate) fn fresh_seed(test: &str) -> u64 {
    const VARIABLE: &str = "LOXLEY_TEST_SEED";
    let seed = std::env::var(VARIABLE).map_or_else(
        |_| SystemTime::UNIX_EPOCH.elapsed().map_or(1, |since| since.as_nanos() as u64),
        |seed| seed.parse().expect("the seed is a decimal u64"),
    );
    println!("{test}: {VARIABLE}={seed}");
    seed
}

/// Drives the global collector until `done`, or gives up (and says so) long after it should have been.
#[must_use]
pub(crate) fn collect_until(done: impl FnMut() -> bool) -> bool {
    collect_within(Duration::from_secs(20), done)
}

/// The same with another limit: a time, not a number of rounds, for other tests of the process hold guards. Only what a round
/// takes where nobody holds it up counts, for the process may be starved, or stopped.
#[must_use]
pub(crate) fn collect_within(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    const ROUND: Duration = Duration::from_millis(10);
    let collector = HashMap::<(), ()>::new(); // any map's guard drives the one global collector
    let mut left = limit;
    while !done() {
        let begun = Instant::now();
        collector.guard().flush();
        thread::yield_now();
        let Some(rest) = left.checked_sub(begun.elapsed().min(ROUND)) else { return false };
        left = rest;
    }
    true
}

/// Some rounds of the collector: enough to run all that may run now, if no other thread is pinned.
pub(crate) fn collect_some() {
    let mut rounds = 0..if cfg!(miri) { 8 } else { 256 };
    assert!(collect_until(|| rounds.next().is_none()));
}

/// Ends a growth or shrink that is under way. What was removed meanwhile is freed with the older table, so
/// that otherwise some of it waits for the next writer.
pub(crate) fn finish_resizing<K, V, S>(map: &HashMap<K, V, S>)
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    map.pin().reserve(0);
}

/// Runs `test` on a thread of its own and fails if it has not come back after `limit`, in which the process was not stopped.
pub(crate) fn within(limit: Duration, test: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let worker = thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    const TICK: Duration = Duration::from_millis(100);
    let mut ticks = 0..limit.as_millis() / TICK.as_millis();
    while finished.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        assert!(ticks.next().is_some(), "no end after {limit:?}: endless loop or deadlock");
    }
    if let Err(panic) = worker.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Sets a flag that other threads stop at, also when a test fails: a scope would wait for them for ever.
pub(crate) struct StopOnDrop<'a>(pub(crate) &'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Lets one test of a file run at a time where they measure time or memory.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The payload of a panic that a test caused on purpose; it prints nothing.
#[derive(Debug)]
pub(crate) struct Injected;

pub(crate) fn panic_on_purpose() -> ! {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Injected>() {
                usual(info);
            }
        }));
    });
    std::panic::panic_any(Injected)
}

/// The payload `f` panicked with, if it did.
pub(crate) fn panic_of<R>(f: impl FnOnce() -> R) -> Option<Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(f)).err()
}

/// What a panic said, if it said something.
pub(crate) fn panic_text(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// Whether an [`Injected`] panic came out of `f`; any other panic goes on.
pub(crate) fn injected<R>(f: impl FnOnce() -> R) -> bool {
    match panic_of(f) {
        Some(payload) if !payload.is::<Injected>() => std::panic::resume_unwind(payload),
        payload => payload.is_some(),
    }
}

/// The map holds exactly what `expected` holds, by every way to ask a quiet map.
pub(crate) fn assert_same<K, V, S>(map: &HashMap<K, V, S>, expected: &StdMap<K, V>)
where
    K: Hash + Eq + Debug,
    V: PartialEq + Debug,
    S: BuildHasher,
{
    assert_eq!(map.len(), expected.len());
    assert_eq!(map.is_empty(), expected.is_empty());
    assert!(map.capacity() >= map.len(), "capacity {} < len {}", map.capacity(), map.len());
    let pinned = map.pin();
    for (key, value) in expected {
        assert_eq!(pinned.get(key), Some(value), "get({key:?})");
        assert_eq!(pinned.get_key_value(key), Some((key, value)), "get_key_value({key:?})");
        assert!(pinned.contains_key(key), "contains_key({key:?})");
    }
    let mut yielded = StdMap::new();
    for (key, value) in &pinned {
        assert!(yielded.insert(key, value).is_none(), "{key:?} yielded twice");
        assert_eq!(expected.get(key), Some(value), "{key:?} yielded");
    }
    assert_eq!(yielded.len(), expected.len(), "entries yielded");
}
