//! An allocator that keeps its books in a map: so every allocation that a map makes is, at that moment, an operation on a map.
#![cfg(not(any(loom, shuttle)))]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};
use std::thread;

use common::{collect_until, mix, scaled};
use loxley::HashMap;

/// Bytes by address.
static BOOKS: OnceLock<HashMap<usize, usize>> = OnceLock::new();

/// Bytes that are in use, by simpler books.
static LIVE: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    /// The thread is at the books. What the books themselves allocate is not in them.
    static WRITING: Cell<bool> = const { Cell::new(false) };
}

struct Bookkeeper;

impl Bookkeeper {
    /// Each address is noted twice, so that entries are replaced too.
    fn note(address: usize, change: Option<usize>) {
        let Some(books) = BOOKS.get() else { return };
        if WRITING.replace(true) {
            return;
        }
        let guard = books.guard();
        match change {
            Some(bytes) => {
                books.insert(address, 0, &guard);
                _ = books.insert(address, bytes, &guard);
            }
            None => _ = books.remove(&address, &guard),
        }
        drop(guard);
        WRITING.set(false);
    }
}

// SAFETY: every call goes to the system allocator unchanged.
unsafe impl GlobalAlloc for Bookkeeper {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is the system allocator's.
        let memory = unsafe { System.alloc(layout) };
        LIVE.fetch_add(layout.size() as isize, Relaxed);
        Self::note(memory.addr(), Some(layout.size()));
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        Self::note(memory.addr(), None);
        LIVE.fetch_sub(layout.size() as isize, Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Bookkeeper = Bookkeeper;

/// Nodes of the size of the books' own.
fn turnover(map: &HashMap<usize, usize>, first: u64) {
    let keys = || (first..first + scaled(50_000, 2_000) as u64).map(|i| mix(i) as usize);
    for round in 0..2 {
        keys().for_each(|key| _ = map.pin().insert(key, round));
    }
    keys().for_each(|key| _ = map.pin().remove(&key));
}

#[test]
fn a_map_is_used_within_allocations_of_maps() {
    BOOKS.get_or_init(HashMap::new);
    let rounds = || {
        let map = HashMap::new();
        thread::scope(|scope| {
            for thread in 0..2 {
                let map = &map;
                scope.spawn(move || turnover(map, thread << 32));
            }
        });
        turnover(&map, 0);
    };
    rounds();
    let before = LIVE.load(Relaxed);
    (0..8).for_each(|_| rounds());
    // The books are not complete: what is freed while somebody writes to them stays in them, until its address comes again. That is a
    // megabyte; pieces of pages that are lost are 17.
    let bound = before + (4 << 20);
    let bounded = collect_until(|| LIVE.load(Relaxed) <= bound);
    assert!(bounded, "{before} B and then {} B", LIVE.load(Relaxed));
}
