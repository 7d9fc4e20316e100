//! Turnover of distinct keys for as long as a test may take: memory, capacity and the cost of lookups reach
//! a plateau and stay there. (Maps that never reuse a tombstone, or only by growing, fail this.)
#![cfg(not(loom))]

mod common;

use common::alloc::Counting;
use common::hashing::Hashing;
use common::{mix, one_at_a_time, scaled};
use loxley::HashMap;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Map = HashMap<u64, u64, Hashing>;

const LIVE: u64 = scaled(100_000, 20_000) as u64;
const TURNOVERS: u64 = scaled(20_000_000, 2_000_000) as u64;
const TENTH: u64 = TURNOVERS / 10;
/// Of the first plateau, which is reached in the first tenth.
const SLACK: f64 = 1.15;

/// Each turnover inserts a key that was never there and removes the oldest. A stream has keys of its own.
struct Stream {
    number: u64,
    live: u64,
    next: u64,
}

impl Stream {
    const fn new(number: u64, live: u64) -> Self {
        Self { number, live, next: 0 }
    }

    const fn key(&self, i: u64) -> u64 {
        mix(self.number << 56 | i)
    }

    fn fill(&mut self, map: &Map) {
        let pinned = map.pin();
        for i in 0..self.live {
            pinned.insert(self.key(i), i);
        }
        self.next = self.live;
    }

    fn turn_over(&mut self, map: &Map, count: u64) {
        self.turn_over_pinned(map, count, 1);
    }

    /// With so many turnovers under one guard.
    fn turn_over_pinned(&mut self, map: &Map, count: u64, a_guard: usize) {
        let end = self.next + count;
        for from in (self.next..end).step_by(a_guard) {
            let pinned = map.pin();
            for i in from..end.min(from + a_guard as u64) {
                assert!(pinned.insert(self.key(i), i).is_none());
                assert_eq!(pinned.remove(&self.key(i - self.live)), Some(&(i - self.live)));
            }
        }
        self.next = end;
    }

    /// Exactly the newest keys are there.
    fn verify(&self, map: &Map) {
        let pinned = map.pin();
        for i in self.next - self.live..self.next {
            assert_eq!(pinned.get(&self.key(i)), Some(&i));
        }
        for i in (0..self.live).chain(self.next..self.next + self.live) {
            assert_eq!(pinned.get(&self.key(i)).is_some(), i + self.live >= self.next && i < self.next);
        }
    }
}

/// What the map needed after the first tenth, which it may not exceed later.
struct Plateau {
    before: isize,
    first: Option<(f64, usize)>,
}

impl Plateau {
    fn new() -> Self {
        Self { before: Counting::settled(), first: None }
    }

    fn sample(&mut self, map: &Map, turnovers: u64) {
        let unflushed = (Counting::live() - self.before) as f64;
        let (bytes, capacity) = ((Counting::settled() - self.before) as f64, map.capacity());
        println!(
            "after {turnovers:>8} turnovers: capacity {capacity}, {:.1} B/entry, {:.1} with garbage",
            bytes / LIVE as f64,
            unflushed / LIVE as f64,
        );
        let (first_bytes, first_capacity) = *self.first.get_or_insert((bytes, capacity));
        assert!(bytes <= first_bytes * SLACK, "{bytes} B, at first {first_bytes}");
        assert!(capacity <= first_capacity, "capacity {capacity}, at first {first_capacity}");
        // Garbage is on its way out at all times, not only when somebody flushes. (A thread that a sanitizer slows down holds
        // its guards for longer, against fewer entries.)
        assert!(
            cfg!(loxley_sanitize) || unflushed <= first_bytes * 2.0,
            "{unflushed} B with garbage, {bytes} without"
        );
    }
}

/// Seconds for a fixed number of lookups, half of them misses.
fn lookup_time(map: &Map, stream: &Stream) -> f64 {
    let pinned = map.pin();
    let start = Instant::now();
    let mut hits = 0;
    for i in 0..50_000 {
        let live = stream.next - 1 - mix(i) % stream.live;
        hits += u64::from(black_box(pinned.get(&stream.key(live))).is_some());
        hits += u64::from(black_box(pinned.get(&stream.key(stream.next + i))).is_some());
    }
    assert_eq!(hits, 50_000);
    start.elapsed().as_secs_f64()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Compares a map that has turned over ten tenths to one that has turned over two, measured by turns, so
/// that whatever else the machine does meets both.
fn assert_lookups_stay_fast(old: (&Map, &Stream), young: (&Map, &Stream)) {
    assert_ratio(1.5, 5, || lookup_time(old.0, old.1), || lookup_time(young.0, young.1));
}

/// That one thing takes less than `limit` times as long as another: medians, in one of some attempts.
fn assert_ratio(limit: f64, attempts: usize, seconds: impl Fn() -> f64, others: impl Fn() -> f64) {
    let mut ratio = 0.0;
    for attempt in 0..attempts {
        let (times, other_times) = (0..15).map(|_| (seconds(), others())).unzip();
        let (time, other) = (median(times), median(other_times));
        ratio = time / other;
        println!("attempt {attempt}: {:.1} µs, against {:.1}, ratio {ratio:.2}", time * 1e6, other * 1e6);
        if ratio < limit {
            return;
        }
        thread::sleep(Duration::from_millis(200));
    }
    panic!("lookups became slower: ratio {ratio}");
}

#[test]
fn one_thread() {
    let _alone = one_at_a_time();
    let mut plateau = Plateau::new();
    let (map, mut stream) = (Map::with_hasher(Hashing::Ahash), Stream::new(0, LIVE));
    stream.fill(&map);
    let start = Instant::now();
    for tenth in 1..=10 {
        stream.turn_over(&map, TENTH);
        plateau.sample(&map, tenth * TENTH);
        assert_eq!(map.len() as u64, LIVE);
    }
    println!("{:.0} ns a turnover", start.elapsed().as_nanos() as f64 / TURNOVERS as f64);
    stream.verify(&map);

    let (young, mut young_stream) = (Map::with_hasher(Hashing::Ahash), Stream::new(1, LIVE));
    young_stream.fill(&young);
    young_stream.turn_over(&young, 2 * TENTH);
    assert_lookups_stay_fast((&map, &stream), (&young, &young_stream));
}

#[test]
fn two_threads() {
    let _alone = one_at_a_time();
    let mut plateau = Plateau::new();
    let map = Map::with_hasher(Hashing::Ahash);
    let mut streams = [Stream::new(2, LIVE / 2), Stream::new(3, LIVE / 2)];
    streams.iter_mut().for_each(|stream| stream.fill(&map));
    for tenth in 1..=10 {
        thread::scope(|scope| {
            for stream in &mut streams {
                scope.spawn(|| stream.turn_over(&map, TENTH / 20)); // a tenth of TURNOVERS in all
            }
        });
        plateau.sample(&map, tenth * TENTH / 10);
        assert_eq!(map.len() as u64, LIVE);
    }
    streams.iter().for_each(|stream| stream.verify(&map));
}

/// A guard that many operations share gives the collector fewer occasions, but not less to do.
#[test]
fn many_turnovers_under_each_guard() {
    let _alone = one_at_a_time();
    let mut plateau = Plateau::new();
    let (map, mut stream) = (Map::with_hasher(Hashing::Ahash), Stream::new(5, LIVE));
    stream.fill(&map);
    for tenth in 1..=10 {
        stream.turn_over_pinned(&map, TENTH / 10, 256);
        plateau.sample(&map, tenth * TENTH / 10);
    }
    stream.verify(&map);
}

/// A small live set and a hasher that crowds it: every turnover meets tombstones, evictions and bounds that
/// were raised before and must come down again.
#[test]
fn crowded() {
    let _alone = one_at_a_time();
    for hashing in [Hashing::TopByte, Hashing::BottomByte, Hashing::Identity] {
        let live = 1000;
        let (map, mut stream) = (Map::with_hasher(hashing), Stream::new(4, live));
        stream.fill(&map);
        stream.turn_over(&map, 50_000);
        let capacity = map.capacity();
        for _ in 0..5 {
            stream.turn_over(&map, 50_000);
            assert!(map.capacity() <= capacity, "{hashing:?}: {} after {capacity}", map.capacity());
        }
        stream.verify(&map);
    }
}

/// What the exclusive owner takes out leaves no long way behind for lookups: the bound comes down with it, as after `remove`.
#[test]
fn emptied_by_the_exclusive_owner() {
    let _alone = one_at_a_time();
    let n = scaled(2000, 500) as u64;
    let filled = || {
        let map = Map::with_capacity_and_hasher(n as usize, Hashing::Constant);
        (0..n).for_each(|key| _ = map.pin().insert(key, key));
        map
    };
    let seconds = |map: &Map| {
        let pinned = map.pin();
        let start = Instant::now();
        assert!((0..300).all(|_| black_box(pinned.get(&n)).is_none()));
        start.elapsed().as_secs_f64()
    };
    // From the right, so that each removal lowers the bound if it can.
    let shared = filled();
    (0..n).rev().for_each(|key| assert!(shared.pin().remove(&key).is_some()));
    let mut owned = filled();
    (0..n).for_each(|key| assert_eq!(owned.remove_mut(&key), Some(key)));
    assert_ratio(4.0, 3, || seconds(&owned), || seconds(&shared));
}
