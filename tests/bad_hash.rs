//! Hashes that collide, and `Hash` and `Eq` that lie. Colliding is slow but right, in bounded memory.
//! Lying is a logic error: answers may be wrong, but nothing crashes, hangs or is dropped twice.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::ledger::{Item, Ledger};
use common::{Rng, assert_same, collect_until, collect_within, mix, panic_of, scaled, within};
use loxley::HashMap;
use std::cell::{Cell, RefCell};
use std::collections::HashMap as StdMap;
use std::hash::{Hash, Hasher};
use std::thread;
use std::time::Duration;

/// Long: it must not be reached on a busy machine either.
const LIMIT: Duration = Duration::from_secs(120);

/// Every operation with up to `n` keys of which most or all collide.
fn colliding(hashing: Hashing, n: u64) {
    let map = HashMap::with_hasher(hashing);
    let mut twin = StdMap::new();
    for i in 0..n {
        assert_eq!(map.pin().insert(mix(i), i), None);
        twin.insert(mix(i), i);
        // Collisions cannot be grown away: memory must not be spent on trying.
        assert!(map.capacity() < 64 * map.len().max(8), "capacity {} for {}", map.capacity(), map.len());
    }
    assert_same(&map, &twin);

    for i in (0..n).step_by(3) {
        assert_eq!(map.pin().remove(&mix(i)).copied(), twin.remove(&mix(i)));
        assert_eq!(map.pin().get(&mix(i)), None);
    }
    assert_same(&map, &twin);

    for i in (0..n).step_by(2) {
        assert_eq!(map.pin().insert(mix(i), i + n).copied(), twin.insert(mix(i), i + n));
    }
    assert_same(&map, &twin);

    map.pin().shrink_to_fit();
    assert_same(&map, &twin);
    map.pin().retain(|_, value| value % 2 == 0);
    twin.retain(|_, value| *value % 2 == 0);
    assert_same(&map, &twin);
    assert!(map.capacity() < 64 * map.len(), "capacity {} for {}", map.capacity(), map.len());

    map.pin().clear();
    twin.clear();
    assert_same(&map, &twin);
    assert_eq!(map.pin().insert(1, 1), None);
}

#[test]
fn constant_hash() {
    within(LIMIT, || colliding(Hashing::Constant, scaled(10_000, 1_500) as u64));
}

#[test]
fn two_hash_values() {
    within(LIMIT, || colliding(Hashing::Values(2), scaled(10_000, 1_500) as u64));
}

#[test]
fn one_byte_of_hash() {
    within(LIMIT, || colliding(Hashing::TopByte, scaled(10_000, 3_000) as u64));
    within(LIMIT, || colliding(Hashing::BottomByte, scaled(10_000, 3_000) as u64));
}

/// There is an end to what one home can hold: a panic that leaves the map as it was.
#[test]
#[cfg_attr(not(any(loxley_slots = "1", loxley_slots = "2")), ignore = "takes 20 s, unless buckets are tiny")]
fn too_many_collisions_panic_before_anything_changes() {
    within(LIMIT, || {
        let map = HashMap::with_hasher(Hashing::Constant);
        let most = scaled(40_000, 12_000) as u64;
        let n = (0..most).find(|i| panic_of(|| assert_eq!(map.pin().insert(*i, *i), None)).is_some());
        let n = n.unwrap_or(most);
        assert!(n >= scaled(20_000, 3_000) as u64, "panicked at {n}");
        assert_eq!(map.len() as u64, n);
        assert!(map.capacity() < 64 * map.len());
        assert!(!map.pin().contains_key(&n));
        for i in (0..n).step_by(101) {
            assert_eq!(map.pin().get(&i), Some(&i));
            assert_eq!(map.pin().insert(i, i + 1), Some(&i), "a replacement needs no room");
        }
        assert!(map.pin().remove(&0).is_some());
        assert_eq!(map.pin().insert(n, n), None, "there is room again");
        assert_eq!(map.pin().get(&n), Some(&n));
        assert_eq!(map.pin().iter().count() as u64, n);
    });
}

/// Turnover of colliding keys: tombstones must be reused, or the table grows (or slows down) for ever.
#[test]
fn colliding_churn_is_flat() {
    within(LIMIT, || {
        let map = HashMap::with_hasher(Hashing::Constant);
        let live = 100;
        let turnovers = scaled(200_000, 20_000) as u64;
        let mut peak = 0;
        for i in 0..turnovers {
            map.pin().insert(i, i);
            if i >= live {
                assert_eq!(map.pin().remove(&(i - live)), Some(&(i - live)));
            }
            peak = peak.max(map.capacity());
        }
        assert_eq!(map.len() as u64, live);
        assert!(peak < 64 * live as usize, "capacity {peak}");
    });
}

/// How a [`Liar`] lies.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    AlwaysEqual,
    NeverEqual,
    RandomlyEqual,
    /// Smaller keys think that they equal bigger ones, but not the other way round.
    AsymmetricallyEqual,
    RandomHash,
    /// Another hash at each call, each of them used again later.
    RotatingHash,
    /// Both at once.
    RandomAll,
}

const LIES: [Lie; 7] = [
    Lie::AlwaysEqual,
    Lie::NeverEqual,
    Lie::RandomlyEqual,
    Lie::AsymmetricallyEqual,
    Lie::RandomHash,
    Lie::RotatingHash,
    Lie::RandomAll,
];

thread_local! {
    static WHIM: RefCell<Rng> = const { RefCell::new(Rng::new(0)) };
    /// Whether this thread has others to let in.
    static YIELDING: Cell<bool> = const { Cell::new(false) };
}

fn whim(n: u64) -> u64 {
    WHIM.with_borrow_mut(|rng| rng.below(n))
}

/// A key whose `Hash` or `Eq` is wrong.
struct Liar(Lie, Item);

impl Hash for Liar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if YIELDING.get() && whim(16) == 0 {
            thread::yield_now(); // two helpers of one migration, with a hash of their own each
        }
        match self.0 {
            Lie::RandomHash | Lie::RandomAll => whim(64).hash(state),
            Lie::RotatingHash => {
                WHIM.with_borrow_mut(|rng| (rng.next() % 3 + self.1.check()).hash(state));
            }
            _ => self.1.hash(state),
        }
    }
}

impl PartialEq for Liar {
    fn eq(&self, other: &Self) -> bool {
        let (this, other) = (self.1.check(), other.1.check());
        match self.0 {
            Lie::AlwaysEqual => true,
            Lie::NeverEqual => false,
            Lie::RandomlyEqual | Lie::RandomAll => whim(2) == 0,
            Lie::AsymmetricallyEqual => this <= other,
            Lie::RandomHash | Lie::RotatingHash => this == other,
        }
    }
}

impl Eq for Liar {}

type Lies = HashMap<Liar, Item, Hashing>;

/// One random operation. Its answer may be wrong, but what it refers to must be alive and whole.
fn lie_once(map: &Lies, lie: Lie, ledger: &'static Ledger, rng: &mut Rng) {
    let number = rng.below(200);
    let key = || Liar(lie, ledger.item(number));
    let value = || ledger.item(number);
    let pinned = map.pin();
    match rng.below(100) {
        0 => pinned.clear(),
        1 => pinned.shrink_to_fit(),
        2 => pinned.reserve(100),
        3 => pinned.retain(|key, _| key.1.check() % 3 > 0),
        4 => {
            // The number of entries is not to be trusted, but there is an end to them.
            let mut yielded = 0;
            for (key, value) in &pinned {
                key.1.check();
                value.check();
                yielded += 1;
            }
            assert!(yielded <= 100_000);
        }
        5..40 => _ = pinned.insert(key(), value()).map(Item::check),
        40..50 => _ = pinned.try_insert(key(), value()).map(Item::check).map_err(|e| e.current.check()),
        50..60 => _ = pinned.update(key(), |old| ledger.item(old.check() + 1)).map(Item::check),
        60..70 => _ = pinned.get_or_insert_with(key(), value).check(),
        70..80 => _ = pinned.remove_entry(&key()).map(|(key, value)| key.1.check() + value.check()),
        80..90 => _ = pinned.remove(&key()).map(Item::check),
        _ => _ = pinned.get(&key()).map(Item::check),
    }
}

/// The end of a map that was lied to: nothing was dropped twice. A key whose hash changes may be lost when it
/// should move to another table, and be freed with the process only.
fn bury(map: Lies, lie: Lie, ledger: &'static Ledger) {
    drop(map);
    if matches!(lie, Lie::RandomHash | Lie::RotatingHash | Lie::RandomAll) {
        let _ = collect_within(Duration::from_millis(300), || ledger.alive() <= 0);
        println!("{} of {} items leaked", ledger.alive(), ledger.made());
        ledger.assert_sound();
    } else {
        ledger.assert_balanced();
    }
}

#[test]
fn lies_of_one_thread() {
    within(LIMIT, || {
        for lie in LIES {
            for hashing in Hashing::ALL_BUT_CONSTANT {
                println!("{lie:?}, {hashing:?}");
                let (ledger, map) = (Ledger::new(100_000), Lies::with_hasher(hashing));
                let mut rng = Rng::new(1);
                for _ in 0..scaled(6_000, 2_000) {
                    lie_once(&map, lie, ledger, &mut rng);
                }
                bury(map, lie, ledger);
            }
        }
    });
}

/// The owner may be told by a panic that an entry is not where it was.
#[test]
fn lies_to_the_owner() {
    within(LIMIT, || {
        for lie in LIES {
            for hashing in Hashing::ALL_BUT_CONSTANT {
                let (ledger, mut map) = (Ledger::new(100_000), Lies::with_hasher(hashing));
                let mut rng = Rng::new(2);
                for _ in 0..scaled(4_000, 1_000) {
                    let number = rng.below(200);
                    let key = Liar(lie, ledger.item(number));
                    match rng.below(8) {
                        0 => lie_once(&map, lie, ledger, &mut rng),
                        1 => _ = map.insert_mut(key, ledger.item(number)).as_ref().map(Item::check),
                        2 => _ = map.entry_mut(key).or_insert_with(|| ledger.item(number)).check(),
                        3 => _ = map.remove_entry_mut(&key).map(|(key, value)| key.1.check() + value.check()),
                        4 => {
                            let other = Liar(lie, ledger.item(rng.below(200)));
                            let check = |map: &mut Lies| {
                                let found = map.get_disjoint_mut([&key, &other]);
                                found.into_iter().flatten().map(|value| value.check()).sum::<u64>()
                            };
                            _ = common::panic_of(|| check(&mut map));
                        }
                        kind => {
                            let entry = map.entry_mut(key).insert_entry(ledger.item(number));
                            assert_eq!((entry.get().check(), entry.key().1.is_alive()), (number, true));
                            if kind > 5 {
                                _ = common::panic_of(|| {
                                    let (key, value) = entry.remove_entry();
                                    key.1.check() + value.check()
                                });
                            }
                        }
                    }
                }
                bury(map, lie, ledger);
            }
        }
    });
}

#[test]
fn lies_of_many_threads() {
    within(LIMIT, || {
        for lie in LIES {
            for hashing in [Hashing::Ahash, Hashing::BottomByte] {
                println!("{lie:?}, {hashing:?}");
                let (ledger, map) = (Ledger::new(200_000), Lies::with_hasher(hashing));
                thread::scope(|scope| {
                    for seed in 0..4 {
                        let map = &map;
                        scope.spawn(move || {
                            WHIM.set(Rng::new(seed));
                            YIELDING.set(true);
                            let mut rng = Rng::new(seed);
                            for _ in 0..scaled(3_000, 700) {
                                lie_once(map, lie, ledger, &mut rng);
                            }
                        });
                    }
                });
                bury(map, lie, ledger);
            }
        }
    });
}

/// Keys that are never equal pile up; they can be iterated, retained and freed like any others.
#[test]
fn keys_that_equal_nothing_can_be_counted_and_freed() {
    within(LIMIT, || {
        const N: usize = 300;
        let (ledger, map) = (Ledger::new(4 * N), Lies::with_hasher(Hashing::Ahash));
        for _ in 0..N {
            assert!(map.pin().insert(Liar(Lie::NeverEqual, ledger.item(7)), ledger.item(7)).is_none());
        }
        assert_eq!(map.len(), N);
        assert!(map.pin().get(&Liar(Lie::NeverEqual, ledger.item(7))).is_none());
        map.pin().clear();
        map.pin().shrink_to_fit();
        let left = map.len(); // whether `clear` finds what does not equal itself is not specified
        assert!(collect_until(|| ledger.alive() == 2 * left as isize));
        drop(map);
        ledger.assert_balanced();
    });
}

#[cfg(not(any(loxley_slots = "1", loxley_slots = "2")))]
mod crowds {
    use super::common::hashing::Homes;
    use loxley::HashMap;
    use std::hash::BuildHasherDefault;

    /// By their number they would fit into half the table, but not within reach of their homes there.
    #[test]
    fn shrinking_leaves_a_table_that_crowds_need() {
        let map = HashMap::with_capacity_and_hasher(60_000, BuildHasherDefault::<Homes>::default());
        let capacity = map.capacity();
        let keys = || (0..25_000_u64).chain((0..15_000).map(|i| 2048 << 32 | i));
        // A guard for each, for other tests wait for the collector.
        assert!(keys().all(|key| map.pin().insert(key, key).is_none()));
        map.pin().shrink_to_fit();
        assert_eq!(map.capacity(), capacity);
        assert!(keys().all(|key| map.pin().get(&key) == Some(&key)));
        assert!(keys().all(|key| map.pin().remove(&key) == Some(&key)));
        map.pin().shrink_to_fit();
        assert!(map.capacity() < 10);
    }
}
