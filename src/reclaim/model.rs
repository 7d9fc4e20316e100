//! The collector of loom and shuttle.
//!
//! Garbage is kept to the end of the execution, unless a test asks for an eager collector: that frees an object as soon
//! as the guards that were there at its retirement are gone, which is the earliest moment at which it may be freed.
//!
//! All that the real collector promises is an order between operations and the freeing of what they may have met; here
//! one atomic makes it, which pinning, retirement and unpinning change. That orders more than is promised, and so may
//! hide what depends on the order of operations that overlap; those tests have the other collector.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

#[cfg(loom)]
use loom::sync::atomic::{AtomicUsize, Ordering};
#[cfg(shuttle)]
use shuttle::sync::atomic::{AtomicUsize, Ordering};

pub(crate) struct Guard {
    number: usize,
    here: PhantomData<*mut ()>,
}

type Deferred = Box<dyn FnOnce()>;

struct Garbage {
    /// The numbers of the guards that it waits for.
    guards: Vec<usize>,
    free: Deferred,
}

#[derive(Default)]
struct Collector {
    /// If there is one, the collector is eager.
    order: Option<Rc<AtomicUsize>>,
    last_number: usize,
    guards: Vec<usize>,
    garbage: Vec<Garbage>,
}

thread_local! {
    // loom and shuttle run all their threads on one thread of the system, so this is the collector of an execution.
    static COLLECTOR: RefCell<Collector> = RefCell::default();
}

/// What comes before this call in an execution happens before what comes after it in any other thread.
fn order() {
    let order = COLLECTOR.with_borrow(|collector| collector.order.clone());
    if let Some(order) = order.filter(|_| !std::thread::panicking()) {
        // Other threads may run here, and only here: what follows is done at once.
        order.fetch_add(1, Ordering::AcqRel);
    }
}

pub(super) fn pin() -> Guard {
    order();
    COLLECTOR.with_borrow_mut(|collector| {
        collector.last_number += 1;
        collector.guards.push(collector.last_number);
        Guard { number: collector.last_number, here: PhantomData }
    })
}

impl Drop for Guard {
    fn drop(&mut self) {
        order();
        let free = COLLECTOR.with_borrow_mut(|collector| {
            collector.guards.retain(|&number| number != self.number);
            if collector.order.is_none() {
                return Vec::new();
            }
            for garbage in &mut collector.garbage {
                garbage.guards.retain(|&number| number != self.number);
            }
            let (free, kept) = collector.garbage.drain(..).partition(|garbage| garbage.guards.is_empty());
            collector.garbage = kept;
            free
        });
        free.into_iter().for_each(|garbage| (garbage.free)());
    }
}

/// Garbage knows the guards that it waits for by number: all are alike.
pub(super) use self::pin as pin_own;

pub(super) fn flush() {}

/// Without a pin: in a model that would be one step more.
pub(super) unsafe fn defer(_: fn() -> Guard, all: impl Iterator<Item = impl FnOnce()>) {
    // SAFETY: passed on to the caller.
    all.for_each(|f| unsafe { defer_one(f) });
}

unsafe fn defer_one<F: FnOnce()>(f: F) {
    let f: Box<dyn FnOnce() + '_> = Box::new(f);
    // SAFETY: the caller says that f may run at any later time.
    let free = unsafe { std::mem::transmute::<Box<dyn FnOnce() + '_>, Deferred>(f) };
    order();
    COLLECTOR.with_borrow_mut(|collector| {
        let guards = collector.guards.clone();
        collector.garbage.push(Garbage { guards, free });
    });
}

/// From here to the next [`collect`] the collector is eager.
pub(crate) fn be_eager() {
    COLLECTOR.with_borrow_mut(|collector| collector.order = Some(Rc::default()));
}

/// Frees the garbage; at the end of each execution, when all other threads are joined.
pub(crate) fn collect() {
    let Collector { garbage, .. } = COLLECTOR.take();
    garbage.into_iter().for_each(|garbage| (garbage.free)());
}
