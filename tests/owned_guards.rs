//! Guards and views that change threads, are shared by threads, or are held across `.await`.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::ledger::{Item, Ledger};
use common::{Rng, collect_some, finish_resizing, scaled};
use loxley::{
    Computed, Entry, GetMany, Guard, HashMap, HashSet, Hashed, Iter, Keys, Owned, Page, Pinned, PinnedSet,
    RandomState, Values,
};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;

type Map = HashMap<Item, Item, Hashing>;

fn filled(ledger: &'static Ledger, n: u64) -> Map {
    let map = Map::with_hasher(Hashing::Ahash);
    for key in 0..n {
        map.pin().insert(ledger.item(key), ledger.item(key));
    }
    map
}

/// As many rounds as it takes to free what nobody holds, if no other thread is pinned.
fn collect_a_little(map: &Map) {
    (0..5).for_each(|_| map.guard().flush());
}

/// What must not be is in `src/must_not_compile.rs`.
#[test]
fn what_may_change_threads_does() {
    fn send<T: Send>() {}
    fn share<T: Sync>() {}
    fn both<T: Send + Sync>() {}
    type S = RandomState;
    both::<Owned<Guard>>();
    both::<Owned<Pinned<'_, String, Vec<u8>, S>>>();
    both::<Owned<PinnedSet<'_, String, S>>>();
    share::<Guard>();
    share::<Pinned<'_, String, Vec<u8>, S>>();
    share::<PinnedSet<'_, String, S>>();
    // What is borrowed from either.
    both::<(Iter<'_, String, u8, S>, Keys<'_, String, u8, S>, Values<'_, String, u8, S>)>();
    both::<(loxley::set::Iter<'_, String, S>, loxley::set::Union<'_, String, S>)>();
    both::<(
        Hashed<'_, String, u8, S>,
        Entry<'_, String, u8, S>,
        GetMany<'_, String, u8, S, std::slice::Iter<'_, &str>>,
    )>();
    both::<(Page<'_, String, u8>, Computed<'_, String, u8>)>();
    // A hasher that must be borrowed by one thread at a time is no reason for a map not to be sent.
    send::<HashMap<String, u8, std::cell::Cell<u8>>>();
}

#[test]
fn has_the_methods_of_what_it_holds() {
    fn sum(view: &Pinned<'_, u64, u64, RandomState>) -> u64 {
        view.values().sum()
    }
    let map: HashMap<u64, u64> = (0..10).map(|key| (key, key)).collect();
    let view = map.pin_owned();
    assert_eq!((view.get(&3), view[&3], view.len(), sum(&view)), (Some(&3), 3, 10, 45));
    assert_eq!((&view).into_iter().count(), 10);
    assert_eq!(format!("{:?}", HashMap::<u8, u8>::from([(1, 2)]).pin_owned()), "{1: 2}");
    assert_eq!(view.insert(3, 4), Some(&3));
    let guard = map.owned_guard();
    assert_eq!((map.get(&3, &guard), map.remove(&3, &guard)), (Some(&4), Some(&4)));
    assert_eq!(format!("{guard:?}"), "Guard { .. }");
    let (a, b) = (HashSet::from([1, 2]), HashSet::from([2, 3]));
    let (a, b) = (a.pin_owned(), b.pin_owned());
    assert_eq!(a.union(&b).sum::<i32>(), 6);
    assert_eq!(a.intersection(&b).collect::<Vec<_>>(), [&2]);
}

/// The guard outlives the thread that made it, and goes from one thread to the next; what it protects stays until the last
/// one drops it.
#[test]
fn goes_from_thread_to_thread() {
    let ledger = Ledger::new(200);
    let map = filled(ledger, 10);
    let mut view = thread::scope(|s| s.spawn(|| map.pin_owned()).join().unwrap());
    map.pin().clear();
    finish_resizing(&map);
    for _ in 0..5 {
        view = thread::scope(|s| {
            let hop = s.spawn(move || {
                for key in 100..105 {
                    view.insert(ledger.item(key), ledger.item(key));
                    assert_eq!(view.remove(&key).map(Item::check), Some(key));
                }
                collect_some();
                view
            });
            hop.join().unwrap()
        });
    }
    // Of what was removed after the guard was made nothing is gone.
    ledger.assert_alive(ledger.made());
    thread::scope(|s| s.spawn(move || drop(view)).join().unwrap());
    ledger.assert_balanced();
    drop(map);
}

/// A reference that was read through a view, on another thread than the one that made it, while a third removes the entry.
#[test]
fn references_stay_wherever_they_are_read() {
    let ledger = Ledger::new(scaled(20_000, 5_000));
    let rounds = scaled(200, 50);
    let map = filled(ledger, 20);
    for round in 0..rounds {
        let local = map.pin();
        let owned = map.pin_owned();
        let barrier = Barrier::new(3);
        thread::scope(|s| {
            let reader = |view: &Pinned<'_, Item, Item, Hashing>| {
                let found: Vec<_> = (0..20_u64).filter_map(|key| view.get_key_value(&key)).collect();
                let iterated: Vec<_> = view.iter().collect();
                barrier.wait(); // now they are removed
                barrier.wait();
                let sum =
                    |entries: &[(&Item, &Item)]| entries.iter().map(|(k, v)| k.check() ^ v.check()).sum::<u64>();
                assert_eq!((sum(&found), sum(&iterated)), (0, 0), "round {round}");
            };
            let local = &local;
            s.spawn(move || reader(local));
            s.spawn(move || reader(&owned));
            s.spawn(|| {
                barrier.wait();
                map.pin().clear();
                collect_a_little(&map);
                barrier.wait();
            });
        });
        drop(local);
        for key in 0..20 {
            map.pin().insert(ledger.item(key), ledger.item(key));
        }
    }
    drop(map);
    ledger.assert_balanced();
}

/// What threads retire through one guard, they retire each for itself.
#[test]
fn is_shared_by_threads_that_write() {
    let operations = scaled(20_000, 2_000);
    let ledger = Ledger::new(4 * 2 * operations + 100);
    let map = filled(ledger, 10);
    for owned in [false, true] {
        let local = map.pin();
        let own = owned.then(|| map.pin_owned());
        let view: &Pinned<'_, _, _, _> = own.as_deref().unwrap_or(&local);
        thread::scope(|s| {
            for thread in 0..4 {
                s.spawn(move || {
                    let mut rng = Rng::new(thread);
                    for _ in 0..operations / 4 {
                        let key = rng.below(50);
                        let (one, other) = match rng.below(4) {
                            0 => (view.remove(&key), view.get(&key)),
                            _ => (view.insert(ledger.item(key), ledger.item(key)), view.get(&key)),
                        };
                        assert!(one.into_iter().chain(other).all(|value| value.check() == key));
                    }
                });
            }
        });
    }
    assert_eq!(map.len(), map.pin().iter().count());
    drop(map);
    ledger.assert_balanced();
}

/// An owned guard that lives on while its maker's thread makes and drops guards of its own: each has its own participant.
#[test]
fn is_independent_of_its_makers_own_guards() {
    let ledger = Ledger::new(scaled(10_000, 1_000));
    let map = filled(ledger, 1);
    for _ in 0..scaled(1_000, 100) {
        let local = map.guard();
        let owned = map.owned_guard();
        let value = map.get(&0, &owned).unwrap();
        drop(local); // which was there first
        map.pin().insert(ledger.item(0), ledger.item(0));
        collect_a_little(&map);
        value.check();
    }
    drop(map);
    ledger.assert_balanced();
}

/// Ready the second time, so that the task goes back to the queue and perhaps to another thread.
async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A guard is dropped on one thread while the one that made it pins and unpins: they have no participant in common, whose
/// count of guards would suffer.
#[test]
fn is_dropped_elsewhere_while_its_maker_goes_on() {
    let ledger = Ledger::new(100);
    let map = filled(ledger, 10);
    let (sender, receiver) = mpsc::sync_channel(0);
    let dropped = AtomicUsize::new(0);
    thread::scope(|s| {
        let (map, dropped) = (&map, &dropped);
        s.spawn(move || {
            for round in 1..=scaled(1_000, 100) {
                let guards: Vec<_> = (0..100).map(|_| map.owned_guard()).collect();
                sender.send(guards).unwrap();
                while dropped.load(SeqCst) < round {
                    drop(map.guard());
                }
            }
        });
        for guards in receiver {
            drop(guards);
            dropped.fetch_add(1, SeqCst);
        }
    });
    map.pin().clear();
    ledger.assert_balanced();
}

/// Tasks on several threads hold views, references and iterators while they wait, and write, and others remove.
#[test]
fn held_across_await() {
    let rounds = scaled(200, 20);
    let ledger = Ledger::new(8 * rounds * 70 + 100);
    let map = Arc::new(filled(ledger, 30));
    let moves = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).build().unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (map, moves) = (Arc::clone(&map), Arc::clone(&moves));
            runtime.spawn(async move {
                let mut rng = Rng::new(task);
                for _ in 0..rounds {
                    let began_on = thread::current().id();
                    let view = map.pin_owned();
                    let held = view.get_key_value(&rng.below(30));
                    yield_now().await;
                    for _ in 0..10 {
                        let key = rng.below(30);
                        view.remove(&key);
                        view.entry(ledger.item(key)).or_insert_with(|| ledger.item(key));
                    }
                    for (key, value) in &view {
                        if rng.one_in(8) {
                            tokio::task::yield_now().await;
                        }
                        assert_eq!(key.check(), value.check());
                    }
                    assert!(held.is_none_or(|(key, value)| key.check() == value.check()));
                    if thread::current().id() != began_on {
                        moves.fetch_add(1, SeqCst);
                    }
                }
            })
        })
        .collect();
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    drop(runtime);
    println!("{} views changed threads", moves.load(SeqCst));
    drop(map);
    ledger.assert_balanced();
}

/// What a task holds that is not polled again, it holds until it is dropped.
#[test]
fn a_task_that_is_dropped_lets_go() {
    let ledger = Ledger::new(100);
    let map = filled(ledger, 10);
    {
        let mut task = pin!(async {
            let view = map.pin_owned();
            let value = view.get(&1);
            std::future::pending::<()>().await;
            value.map(Item::check)
        });
        assert!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        map.pin().clear();
        finish_resizing(&map);
        collect_some();
        ledger.assert_alive(20);
    }
    ledger.assert_balanced();
}

/// One is made on the way out of a thread, when its own participant is gone, and another dropped there.
#[test]
fn in_the_destructors_of_a_thread() {
    struct Last(mpsc::Sender<bool>, Arc<Map>);
    impl Drop for Last {
        fn drop(&mut self) {
            let view = self.1.pin_owned();
            let found = view.get(&3).map(Item::check);
            let guard = self.1.owned_guard();
            let removed = self.1.remove(&4, &guard).map(Item::check);
            _ = self.0.send((found, removed) == (Some(3), Some(4)));
        }
    }
    thread_local! {
        static LAST: std::cell::RefCell<Option<Last>> = const { std::cell::RefCell::new(None) };
    }
    let ledger = Ledger::new(20);
    let map = Arc::new(filled(ledger, 10));
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::clone(&map);
    let thread = thread::spawn(move || {
        // Before the collector's, so destroyed after it.
        LAST.with_borrow_mut(|last| *last = Some(Last(sender, shared)));
        drop(HashMap::<u8, u8>::new().pin());
    });
    assert_eq!(receiver.recv(), Ok(true));
    thread.join().unwrap();
    drop(map);
    ledger.assert_balanced();
}
