//! The collector frees one thing after the other. What frees it may pin, and who pins may come upon more that is to be
//! freed; if that were freed there and then, a thread's stack would have to be as deep as there is garbage.
#![cfg(not(any(loom, shuttle)))]

mod common;

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;

use common::{collect_until, one_at_a_time};
use loxley::HashMap;

const GARBAGE: u64 = 4000;

/// Of a thread: enough for anything but nesting.
const STACK: usize = 256 << 10;

/// Removed entries, each handed to the collector by itself, and none of them freed.
fn leave_garbage<V: Send + 'static>(map: &HashMap<u64, V>, value: impl Fn() -> V) {
    let guard = map.guard();
    for key in 0..GARBAGE {
        map.insert(key, value(), &guard);
        map.remove(&key, &guard);
        guard.flush();
    }
}

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join().unwrap();
}

/// Each owned guard is a participant of its own, and the collector looks for garbage when it is made.
#[test]
fn destructors_make_owned_guards() {
    thread_local! {
        static DEPTH: Cell<usize> = const { Cell::new(0) };
    }
    struct Pinning(Arc<HashMap<u64, u64>>, Arc<AtomicUsize>);
    impl Drop for Pinning {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get() + 1);
            assert_eq!(DEPTH.get(), 1, "dropped while another is dropped");
            drop(self.0.owned_guard());
            DEPTH.set(DEPTH.get() - 1);
            self.1.fetch_add(1, SeqCst);
        }
    }
    let _alone = one_at_a_time();
    let (other, dropped) = (Arc::new(HashMap::new()), Arc::new(AtomicUsize::new(0)));
    leave_garbage(&HashMap::new(), || Pinning(other.clone(), dropped.clone()));
    on_a_small_stack(move || {
        let all = GARBAGE as usize;
        assert!(collect_until(|| dropped.load(SeqCst) == all), "{} of {all}", dropped.load(SeqCst));
    });
}

/// It has come upon garbage where nothing may be freed.
#[test]
fn an_idle_thread_keeps_no_garbage() {
    let _alone = one_at_a_time();
    let map = HashMap::new();
    let dropped = Arc::new(());
    map.pin().insert(1, dropped.clone());
    map.pin().remove(&1);
    // Handed over, and not due yet.
    map.guard().flush();
    // The first pin of a thread looks for garbage, and this one is that of an allocation.
    idle_after(
        || _ = HashMap::new().insert_mut(1, 1),
        || {
            assert!(collect_until(|| Arc::strong_count(&dropped) == 1), "kept by the idle thread");
        },
    );
}

/// But the last 128 entries that it has retired itself.
#[test]
fn an_idle_thread_keeps_little_that_a_destructor_has_retired() {
    const INNER: u64 = 1000;
    struct Removing(Arc<HashMap<u64, Arc<()>>>);
    impl Drop for Removing {
        fn drop(&mut self) {
            self.0.pin().clear();
        }
    }
    let _alone = one_at_a_time();
    let dropped = Arc::new(());
    let inner: HashMap<_, _> = (0..INNER).map(|key| (key, dropped.clone())).collect();
    let (inner, outer) = (Arc::new(inner), HashMap::new());
    outer.pin().insert(1, Removing(inner.clone()));
    outer.pin().remove(&1);
    outer.guard().flush();
    idle_after(
        move || {
            while !inner.pin().is_empty() {
                inner.guard().flush()
            }
        },
        || {
            assert!(collect_until(|| Arc::strong_count(&dropped) <= 128), "kept by the idle thread");
        },
    );
}

/// Does `work` on a thread that does nothing else until `meanwhile` is over.
fn idle_after(work: impl FnOnce() + Send, meanwhile: impl FnOnce()) {
    let (begun, has_begun) = mpsc::channel();
    let (end, has_ended) = mpsc::channel::<()>();
    thread::scope(|s| {
        s.spawn(move || {
            work();
            begun.send(()).unwrap();
            // It is never sent, but dropped in any case.
            has_ended.recv()
        });
        has_begun.recv().unwrap();
        let _end = end;
        meanwhile();
    });
}

/// When a thread's own participant is gone, every pin is by a new one, and the collector looks for garbage each time: also
/// where nodes are allocated and freed, and where no destructor may run.
#[test]
fn a_thread_ends() {
    struct Late(HashMap<u64, u64>);
    impl Drop for Late {
        fn drop(&mut self) {
            for key in 0..10_000 {
                self.0.pin().insert(key, key);
                self.0.pin().remove(&(key / 2));
            }
        }
    }
    thread_local! {
        static LATE: Late = Late(HashMap::new());
    }
    let _alone = one_at_a_time();
    let map = HashMap::new();
    // Few to a page of nodes, so that pages are freed with them, for which there are pins as well.
    leave_garbage(&map, || [0_u64; 15]);
    on_a_small_stack(|| {
        // Before the collector's participant, so destroyed after it.
        LATE.with(|_| ());
        drop(HashMap::<u8, u8>::new().pin());
    });
    assert!(
        collect_until(|| map.pin().stats().garbage_bytes == 0),
        "{} bytes left",
        map.pin().stats().garbage_bytes
    );
}
