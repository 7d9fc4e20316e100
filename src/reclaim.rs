//! The only door to `crossbeam-epoch`: pinning, deferring, flushing.
//!
//! All maps share the global collector, so any [`Guard`] protects the entries of every map and none can be the wrong one.
//! Under loom and shuttle the collector is a model of it, see there; but with `--cfg crossbeam_loom` it is the real one, by
//! loom's atomics.
//!
//! # Why a guard can be shared
//! A guard keeps one *participant* of the collector pinned. That is an object with cells that are not atomic: whoever made the
//! guard's participant (for [`Guard::new`], the thread) may change them, and nobody else.
//!
//! * Nothing is done to it through `&Guard`. What is retired goes through a pin of the *current* thread, made for the occasion,
//!   whatever guard protects the operation. A guard's own participant is touched when the guard is made and when it is dropped.
//! * An operation relies on *some* participant having been pinned before it began, and being so until its references are gone;
//!   whose it is does not matter. Pinning is a sequentially consistent fence. The operation comes after it, for it borrows the
//!   guard. So either it sees that an object was unlinked, or the collector, which looks at all participants after a fence of its
//!   own that follows the unlinking, sees the participant pinned, in an epoch that keeps the object. Dropping the
//!   guard releases, and comes after all that borrowed it.
//! * The participant of [`Guard::new`] is its thread's, which goes on to use it: that guard must be dropped there, so it is not
//!   `Send`. That of [`Guard::with_own_participant`] belongs to the guard alone, so it goes where the guard goes: see
//!   [`Owned`](crate::Owned).

use std::cell::Cell;

/// Keeps what its owner read from a map alive.
///
/// As long as a guard lives, no entry that a map still held when the guard was made is freed by another thread's removing
/// it; references into a map borrow a guard. (Who borrows a map exclusively, or owns it, frees its entries at once.) Guards cost a few nanoseconds, guards inside a guard almost nothing.
/// A guard that is held for long holds back the memory of everything that is removed meanwhile, in all maps; it blocks
/// nobody.
///
/// Made by [`HashMap::guard`](crate::HashMap::guard), or inside a [`Pinned`](crate::Pinned) view. It marks the thread that made it
/// and cannot be sent to another; other threads may use it by reference. One that can be sent is made by
/// [`HashMap::owned_guard`](crate::HashMap::owned_guard).
///
/// ```
/// let map = loxley::HashMap::new();
/// let guard = map.guard();
/// map.insert("key", 1, &guard);
/// let value: &i32 = map.get("key", &guard).unwrap();
/// map.remove("key", &guard);
/// assert_eq!(*value, 1); // removed, and still ours to read
/// ```
pub struct Guard {
    /// Of use by being there.
    _pin: imp::Guard,
}

// SAFETY: nothing is done through a shared reference to it, see the module.
unsafe impl Sync for Guard {}

impl Guard {
    /// Pins this thread's participant.
    #[inline]
    pub(crate) fn new() -> Self {
        Self { _pin: imp::pin() }
    }

    /// Registers and pins a participant that nobody else knows of. It is gone with the guard.
    pub(crate) fn with_own_participant() -> Self {
        Self { _pin: imp::pin_own() }
    }

    /// Hands what this thread has retired, through whatever guard, to the collector, and frees some of what no guard holds any more,
    /// whoever has retired it.
    ///
    /// This happens by itself whenever a thread has retired 8 KiB; it is for threads that will do nothing for a long time. What
    /// has just been retired is not freed by this call: the collector must see twice that no guard from before is left (this one
    /// is, for example), which it looks for each time that any thread calls this, or makes a hundred guards or so.
    ///
    /// In the destructor of an entry that the collector is dropping this does nothing: else what it freed would be freed within
    /// that, and so on, as deep as there is garbage.
    ///
    /// ```
    /// let map = loxley::HashMap::<u8, u8>::new();
    /// map.guard().flush();
    /// ```
    pub fn flush(&self) {
        if !COLLECTING.get() {
            imp::flush();
        }
    }

    /// Runs `f`, which frees `bytes` bytes, when every guard that exists now is gone, perhaps on another thread.
    ///
    /// The collector counts objects and looks at its garbage now and then only; this counts bytes and makes it look
    /// whenever the thread has retired [`FLUSH_BYTES`].
    ///
    /// # Safety
    /// As [`defer`](Self::defer).
    pub(crate) unsafe fn retire(&self, bytes: usize, f: impl FnOnce()) {
        // SAFETY: passed on to the caller.
        unsafe { self.defer(f) };
        RETIRED.with(|retired| {
            let sum = retired.get() + bytes + DEFERRED_BYTES;
            if sum < FLUSH_BYTES || COLLECTING.get() {
                retired.set(sum);
            } else {
                retired.set(0);
                self.flush();
            }
        });
    }

    /// Runs `f` when every guard that exists now is gone, perhaps on another thread.
    ///
    /// # Safety
    /// `f` must be sound to run at any later time on any thread. It must not unwind.
    pub(crate) unsafe fn defer(&self, f: impl FnOnce()) {
        let f = || {
            let outer = COLLECTING.replace(true);
            f();
            COLLECTING.set(outer);
        };
        // SAFETY: passed on to the caller; `f` does what it did.
        unsafe { imp::defer(f) }
    }
}

/// Garbage that a thread may retire before the collector is made to look, in bytes. What values own on the heap is not in
/// it: nobody but they could tell. (`tests/memory.rs`: `garbage_is_bounded_by_bytes`)
const FLUSH_BYTES: usize = 8 << 10;

/// What the collector needs for each object, about.
const DEFERRED_BYTES: usize = 64;

#[cfg(not(crossbeam_loom))]
thread_local! {
    static RETIRED: Cell<usize> = const { Cell::new(0) };
}

thread_local! {
    /// The collector is freeing something on this thread. Not loom's, which are gone when the last garbage is freed; what is freed
    /// takes no step of loom's, so that no other of its threads runs meanwhile.
    static COLLECTING: Cell<bool> = const { Cell::new(false) };
}

// A panic finds nothing half done in a guard, nor in what the thread keeps for all of them.
impl std::panic::UnwindSafe for Guard {}
impl std::panic::RefUnwindSafe for Guard {}

// An execution must begin with nothing, as the others did.
#[cfg(crossbeam_loom)]
loom::thread_local! {
    static RETIRED: Cell<usize> = Cell::new(0);
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad("Guard { .. }")
    }
}

#[cfg(any(crossbeam_loom, not(any(loom, shuttle))))]
mod imp {
    pub(super) use crossbeam_epoch::{Guard, pin};

    pub(super) fn pin_own() -> Guard {
        // The guard keeps its participant registered when the handle is gone.
        crossbeam_epoch::default_collector().register().pin()
    }

    pub(super) fn flush() {
        pin().flush();
    }

    pub(super) unsafe fn defer(f: impl FnOnce()) {
        // SAFETY: passed on to the caller.
        unsafe { pin().defer_unchecked(f) }
    }
}

#[cfg(all(any(loom, shuttle), not(crossbeam_loom)))]
pub(crate) mod imp {
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

    pub(super) struct Guard {
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

    pub(super) unsafe fn defer<F: FnOnce()>(f: F) {
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
}
