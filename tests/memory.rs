//! What a map asks of the heap, to the byte.
#![cfg(not(loom))]

mod common;

use common::alloc::Counting;
use common::hashing::Hashing;
use common::{TINY_BUCKETS, mix, scaled};
use loxley::HashMap;
use std::thread;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Map = HashMap<u64, u64, Hashing>;

/// More than this an empty map must not hold, whatever it held before.
const EMPTY: isize = 128;
/// What nodes are cut of.
const PAGE: isize = 4096;
/// What small entries leave behind, at most, before it is free: a thread's list, the collector's, and free pieces.
const GARBAGE: isize = 64 << 10;
const MANY: u64 = scaled(1_000_000, 50_000) as u64;

fn filled(n: u64) -> Map {
    let map = Map::with_hasher(Hashing::Ahash);
    for i in 0..n {
        map.pin().insert(mix(i), i);
    }
    map
}

fn an_empty_map_is_small() {
    let before = Counting::settled();
    let map = Map::with_hasher(Hashing::Ahash);
    let new = Counting::live() - before;
    assert_eq!(new, 0, "`with_hasher` is const, so that it cannot allocate");
    assert_eq!(map.pin().get(&1), None);
    assert_eq!(map.pin().remove(&1), None);
    assert_eq!(map.pin().iter().count(), 0);
    map.pin().clear();
    map.pin().retain(|_, _| false);
    map.pin().shrink_to_fit();
    let used = Counting::settled() - before;
    assert!(used <= EMPTY, "{used} B");
    drop(map);
    assert_eq!(Counting::settled(), before);
    println!("empty: {used} B once read");
}

fn entries_cost_little_and_return_it_all() {
    let before = Counting::settled();
    let map = filled(MANY);
    let unflushed = (Counting::live() - before) as f64 / MANY as f64;
    let full = (Counting::settled() - before) as f64 / MANY as f64;
    // A node of 16 bytes, and 64 bytes for 7 slots that are at least 40 % full.
    assert!(TINY_BUCKETS || full <= 36.0, "{full} B/entry");

    for i in 0..MANY {
        assert_eq!(map.pin().remove(&mix(i)), Some(&i));
    }
    map.pin().shrink_to_fit();
    let emptied = Counting::settled() - before;
    assert!(emptied <= EMPTY, "{emptied} B after remove-all and shrink_to_fit");

    for i in 0..100 {
        map.pin().insert(i, i);
    }
    map.pin().clear();
    map.pin().shrink_to_fit();
    let cleared = Counting::settled() - before;
    assert!(cleared <= EMPTY, "{cleared} B after clear and shrink_to_fit");
    drop(map);
    assert_eq!(Counting::settled(), before, "emptied map");
    println!("{MANY} entries grown from empty: {full:.1} B/entry, {unflushed:.1} before flushing");
    println!("emptied and shrunk: {emptied} B, then filled and cleared: {cleared} B");
}

fn presizing_costs_no_more_than_growing() {
    let n = MANY / 10;
    let before = Counting::settled();
    let grown = filled(n);
    let grown_bytes = Counting::settled() - before;
    let presized = Map::with_capacity_and_hasher(n as usize, Hashing::Ahash);
    for i in 0..n {
        presized.pin().insert(mix(i), i);
    }
    let presized_bytes = Counting::settled() - before - grown_bytes;
    assert!(presized_bytes <= grown_bytes + EMPTY + PAGE, "{presized_bytes} B presized, {grown_bytes} B grown");
    drop((grown, presized));
    assert_eq!(Counting::settled(), before);
    println!("{n} entries: {presized_bytes} B presized, {grown_bytes} B grown");
}

/// At each number of entries, so in each phase of a growth; with and without garbage of its own about.
fn a_dropped_map_returns_everything() {
    let before = Counting::settled();
    for n in 0..scaled(400, 150) as u64 {
        drop(filled(n));
        if n % 10 == 0 {
            assert_eq!(Counting::settled(), before, "{n} entries");
        }
    }
    for n in (0..scaled(20_000, 4_000) as u64).step_by(331) {
        let map = filled(n);
        map.pin().retain(|_, value| value % 3 == 0);
        if n % 2 == 0 {
            map.pin().shrink_to_fit();
        }
        drop(map);
        assert_eq!(Counting::settled(), before, "{n} entries, two thirds removed");
    }
}

fn resizing_again_and_again_leaks_nothing() {
    let map = filled(500);
    let resize = |room| {
        map.pin().reserve(room);
        map.pin().shrink_to_fit();
    };
    resize(1000);
    let fit = Counting::settled();
    (0..100).for_each(|round| resize(1000 + round * 100));
    assert_eq!(Counting::settled(), fit);
    drop(map);
}

/// Big entries and their heap parts are counted too.
fn owned_values_are_returned() {
    let before = Counting::settled();
    let map: HashMap<String, Vec<u64>, Hashing> = HashMap::with_hasher(Hashing::Ahash);
    for i in 0..5000_u64 {
        map.pin().insert((i % 1000).to_string(), vec![i; 20]);
        map.pin().remove((i % 77).to_string().as_str());
    }
    drop(map);
    assert_eq!(Counting::settled(), before);
}

/// Nodes of insertions that come to nothing, and those whose entry is taken out by value.
fn emptied_nodes_are_returned() {
    let before = Counting::settled();
    let map = filled(10);
    for i in 0..MANY {
        assert!(map.pin().try_insert(mix(0), i).is_err());
    }
    drop(map);
    assert_eq!(Counting::settled(), before, "not inserted");
    let mut map = filled(10);
    for i in 0..MANY {
        assert_eq!(map.insert_mut(mix(10), i), None);
        assert_eq!(map.remove_mut(&mix(10)), Some(i));
    }
    drop(map);
    assert_eq!(Counting::settled(), before, "taken out");
}

/// What other threads retired is returned as well, when they are gone.
fn maps_shared_by_threads_are_returned() {
    let work = || {
        let map = filled(0);
        thread::scope(|scope| {
            let threads = [0, 1, 2].map(|thread| {
                let map = &map;
                scope.spawn(move || {
                    for i in 0..scaled(30_000, 5_000) as u64 {
                        map.pin().insert(mix(i % 5000), i);
                        map.pin().remove(&mix((i + thread) % 3333));
                    }
                })
            });
            // The end of the scope would not wait for the destructors of what is local to them.
            for thread in threads {
                thread.join().unwrap();
            }
        });
    };
    work();
    let before = Counting::settled();
    work();
    work();
    let left = Counting::settled() - before;
    // The collector may keep the registration of a thread or two.
    assert!(left <= 3 * 4096, "{left} B");
}

/// The most bytes above `before` that were live after any of many replacements of one value.
fn peak_of_replacing<V: Send + 'static>(before: isize, value: impl Fn(u64) -> V) -> isize {
    let map: HashMap<u64, V, Hashing> = HashMap::with_hasher(Hashing::Ahash);
    let replace = |i| {
        map.pin().insert(0, value(i));
        Counting::live() - before
    };
    (0..scaled(5_000, 1_000) as u64).map(replace).max().unwrap()
}

/// A thread retires a few kilobytes, or one entry that is larger, and then the collector looks at it; twice more, and it is
/// free. What lies behind a value on the heap is not counted, only the entry is.
fn garbage_is_bounded_by_bytes() {
    const VALUE: usize = 64 << 10;
    let before = Counting::settled();
    let inline = peak_of_replacing(before, |i| [i as u8; VALUE]);
    assert!(inline <= 8 * VALUE as isize, "{inline} B of {VALUE} B each");
    let small = peak_of_replacing(Counting::settled(), |i| i);
    assert!(small <= GARBAGE, "{small} B");
    let behind = peak_of_replacing(Counting::settled(), |i| vec![i as u8; VALUE]);
    println!(
        "garbage of replacing {VALUE} B, at most: {inline} B inline, {behind} B behind a Vec; of 8 B: {small} B"
    );
}

/// One thread inserts and another removes, in turns: what the one frees is for the other's entries. Entries live for very different
/// times, so that few pages are ever free altogether.
fn one_inserts_and_another_removes() {
    let entries = MANY / 10;
    let before = Counting::settled();
    let map = Map::with_capacity_and_hasher(entries as usize, Hashing::Ahash);
    let mut born = 0;
    let mut fill = || {
        while map.len() < entries as usize {
            map.pin().insert(mix(born), born);
            born += 1;
        }
    };
    fill();
    let full = Counting::settled() - before;
    let mut peak = 0;
    for round in 0..30 {
        thread::scope(|scope| {
            let remover = scope.spawn(|| {
                map.pin().retain(|key, _| key.rotate_left(round) % 3 != 0);
                (0..8).for_each(|_| map.guard().flush());
            });
            remover.join().unwrap();
        });
        fill();
        peak = peak.max(Counting::live() - before);
    }
    assert!(peak <= full + full / 12 + GARBAGE, "{peak} B, where the same number of entries took {full} B");
    drop(map);
    assert_eq!(Counting::settled(), before);
    println!(
        "{entries} entries: {full} B; {peak} B at most when another thread has removed thirds of them 30 times"
    );
}

/// Of all maps, to the byte, when it was this thread that removed the entries.
fn garbage_is_told() {
    Counting::settled();
    let (map, other) = (filled(1000), filled(10));
    let garbage = |map: &Map| map.pin().stats().garbage_bytes;
    (0..8).for_each(|_| map.guard().flush());
    assert_eq!(garbage(&map), 0);
    let guard = map.guard();
    map.pin().retain(|_, value| *value < 100);
    assert_eq!((garbage(&map), garbage(&other)), (900 * 16, 900 * 16));
    map.guard().flush();
    assert_eq!(garbage(&map), 900 * 16, "a guard keeps it");
    drop(guard);
    (0..16).for_each(|_| map.guard().flush());
    assert_eq!(garbage(&map), 0);
}

/// An owned guard is registered as a thread is. Many that come and go do not add up.
fn owned_guards_are_returned() {
    let map = filled(10);
    (0..scaled(10_000, 1_000)).for_each(|_| drop(map.owned_guard()));
    let before = Counting::settled();
    let guards: Vec<_> = (0..100).map(|_| map.owned_guard()).collect();
    let each = (Counting::live() - before) / 100;
    assert!(each <= 4096, "{each} B");
    drop(guards);
    let peak = (0..scaled(20_000, 2_000)).map(|_| {
        drop(map.owned_guard());
        Counting::live() - before
    });
    let peak = peak.max().unwrap();
    assert!(peak <= 1 << 20, "{peak} B");
    println!("an owned guard: {each} B; made and dropped one after the other, at most {peak} B in all");
}

/// One test, because all that runs in the process is counted: the sections must have it to themselves. They
/// print last, because the harness keeps what they print in memory.
#[test]
fn memory() {
    // The collector's own state, some of which it makes when it first has garbage, and keeps.
    filled(10_000).pin().clear();
    an_empty_map_is_small();
    entries_cost_little_and_return_it_all();
    presizing_costs_no_more_than_growing();
    a_dropped_map_returns_everything();
    resizing_again_and_again_leaks_nothing();
    owned_values_are_returned();
    emptied_nodes_are_returned();
    maps_shared_by_threads_are_returned();
    garbage_is_bounded_by_bytes();
    garbage_is_told();
    one_inserts_and_another_removes();
    owned_guards_are_returned();
}
