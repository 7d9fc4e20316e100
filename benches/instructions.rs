//! One operation of loxley at a time, for Valgrind to count its instructions: `ci/instructions.sh`.
//!
//! Instructions do not depend on how busy the machine is: a change of a few percent is a change of
//! the code, of the compiler or of a library. They are not time: what waits for memory is not seen.
//!
//! ```text
//! cargo bench --bench instructions                   # the names of all operations
//! cargo bench --bench instructions -- get-hit        # does that one, prints how often
//! ```
//!
//! What is to be counted happens in a call of [`measured`], from beginning to end: that function's
//! name is what Valgrind is told.

use std::hint::black_box;
use std::process::ExitCode;

use loxley::{HashMap, RandomState};

/// Entries of the map, where it does not grow.
const ENTRIES: u64 = 10_000;

type Map = HashMap<u64, u64>;

/// Makes what it needs, then does the operations inside [`measured`], and returns how many.
type Operation = fn() -> u64;

const OPERATIONS: [(&str, Operation); 14] = [
    ("get-hit", get_hit),
    ("get-hit-pin-each", get_hit_pin_each),
    ("get-miss", get_miss),
    ("get-many", get_many),
    ("insert-growing", insert_growing),
    ("insert-presized", insert_presized),
    ("insert-many", insert_many),
    ("replace", replace),
    ("update", update),
    ("remove", remove),
    ("churn", churn),
    ("iterate", iterate),
    ("migrate", migrate),
    ("drop", drop_map),
];

fn main() -> ExitCode {
    // `cargo bench` and `cargo test` add options of their own.
    let Some(wanted) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else {
        OPERATIONS.iter().for_each(|(name, _)| println!("{name}"));
        return ExitCode::SUCCESS;
    };
    let Some((_, operation)) = OPERATIONS.iter().find(|(name, _)| *name == wanted) else {
        eprintln!("no operation is called {wanted}");
        return ExitCode::FAILURE;
    };
    println!("{}", operation());
    ExitCode::SUCCESS
}

/// All instructions in here are counted, and no others.
#[inline(never)]
fn measured<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

/// The `index`-th key: SplitMix64, so that distinct indexes give distinct keys in no order.
const fn key(index: u64) -> u64 {
    let mut z = index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Made beforehand, as not to be counted.
fn keys(range: std::ops::Range<u64>) -> Vec<u64> {
    range.map(key).collect()
}

/// Always the same seed: the same keys meet in the same buckets.
fn empty(capacity: u64) -> Map {
    HashMap::with_capacity_and_hasher(capacity as usize, RandomState::with_seeds(1, 2, 3, 4))
}

fn full() -> Map {
    let map = empty(ENTRIES);
    fill(&map, &keys(0..ENTRIES));
    map
}

fn fill(map: &Map, keys: &[u64]) {
    let view = map.pin();
    keys.iter().for_each(|&key| _ = view.insert(key, key));
}

fn get_hit() -> u64 {
    look_up(&keys(0..ENTRIES))
}

fn get_miss() -> u64 {
    look_up(&keys(ENTRIES..2 * ENTRIES))
}

fn look_up(keys: &[u64]) -> u64 {
    let map = full();
    measured(|| {
        let view = map.pin();
        keys.iter().for_each(|key| _ = black_box(view.get(key)));
    });
    ENTRIES
}

fn get_hit_pin_each() -> u64 {
    let (map, keys) = (full(), keys(0..ENTRIES));
    measured(|| keys.iter().for_each(|key| _ = black_box(map.pin().get(key))));
    ENTRIES
}

fn get_many() -> u64 {
    let (map, keys) = (full(), keys(0..ENTRIES));
    measured(|| map.pin().get_many(&keys).for_each(|value| _ = black_box(value)));
    ENTRIES
}

fn insert_growing() -> u64 {
    let (map, keys) = (empty(0), keys(0..ENTRIES));
    measured(|| fill(&map, &keys));
    ENTRIES
}

fn insert_presized() -> u64 {
    let (map, keys) = (empty(ENTRIES), keys(0..ENTRIES));
    measured(|| fill(&map, &keys));
    ENTRIES
}

fn insert_many() -> u64 {
    let (map, keys) = (empty(ENTRIES), keys(0..ENTRIES));
    measured(|| map.pin().insert_many(keys.iter().map(|&key| (key, key))));
    ENTRIES
}

/// The collector's work for the replaced entries belongs to it, as in the next four: a guard for
/// every 64 operations lets it begin, a flush now and then lets it end.
fn replace() -> u64 {
    let (map, keys) = (full(), keys(0..ENTRIES));
    in_views(&map, &keys, |view, &key| _ = black_box(view.insert(key, !key)))
}

fn update() -> u64 {
    let (map, keys) = (full(), keys(0..ENTRIES));
    in_views(&map, &keys, |view, &key| _ = black_box(view.update(key, |value| value + 1)))
}

fn remove() -> u64 {
    let (map, keys) = (full(), keys(0..ENTRIES));
    in_views(&map, &keys, |view, key| _ = black_box(view.remove(key)))
}

/// A new key and the removal of the oldest make two operations.
fn churn() -> u64 {
    let (map, keys) = (full(), keys(0..3 * ENTRIES));
    let pairs: Vec<(u64, u64)> = keys[ENTRIES as usize..].iter().copied().zip(keys.iter().copied()).collect();
    2 * in_views(&map, &pairs, |view, (born, died)| {
        black_box(view.insert(*born, *born));
        black_box(view.remove(died));
    })
}

fn in_views<T>(map: &Map, items: &[T], operation: impl Fn(&loxley::Pinned<'_, u64, u64, RandomState>, &T)) -> u64 {
    measured(|| {
        for items in items.chunks(64) {
            let view = map.pin();
            items.iter().for_each(|item| operation(&view, item));
        }
        map.guard().flush();
    });
    items.len() as u64
}

fn iterate() -> u64 {
    let map = full();
    measured(|| map.pin().iter().for_each(|entry| _ = black_box(entry)));
    ENTRIES
}

/// A table is made for four times as many entries, and these move to it.
fn migrate() -> u64 {
    let map = full();
    measured(|| map.pin().reserve(4 * ENTRIES as usize));
    ENTRIES
}

fn drop_map() -> u64 {
    let map = full();
    measured(|| drop(map));
    ENTRIES
}
