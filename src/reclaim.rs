//! The only door to `crossbeam-epoch`: pinning, deferring, flushing.
//!
//! All maps share the global collector, so any [`Guard`] protects the entries of every map and none can be the wrong one.
//! Under loom nothing is freed before the end of an execution: stale loads are legal there, an eager collector would
//! report uses after free that no execution has.

use std::cell::Cell;

/// Keeps what its owner read from a map alive.
///
/// As long as a guard lives, no entry that a map still held when the guard was made is freed, even if another thread
/// removes it; references into a map borrow a guard. Guards cost a few nanoseconds, guards inside a guard almost nothing.
/// A guard that is held for long holds back the memory of everything that is removed meanwhile, in all maps; it blocks
/// nobody.
///
/// Made by [`HashMap::guard`](crate::HashMap::guard), or inside a [`Pinned`](crate::Pinned) view.
///
/// ```
/// let map = loxley::HashMap::new();
/// let guard = map.guard();
/// map.insert("key", 1, &guard);
/// let value: &i32 = map.get("key", &guard).unwrap();
/// map.remove("key", &guard);
/// assert_eq!(*value, 1); // removed, and still ours to read
/// ```
pub struct Guard(imp::Guard);

impl Guard {
    #[inline]
    pub(crate) fn new() -> Self {
        Self(imp::pin())
    }

    /// Hands what this thread has retired to the collector and frees what no guard holds any more.
    ///
    /// Retired entries are otherwise handed over in batches, a few dozen at a time.
    ///
    /// ```
    /// let map = loxley::HashMap::<u8, u8>::new();
    /// map.guard().flush();
    /// ```
    pub fn flush(&self) {
        imp::flush(&self.0);
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
            if sum < FLUSH_BYTES {
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
        // SAFETY: passed on to the caller.
        unsafe { imp::defer(&self.0, f) }
    }
}

/// Garbage that a thread may retire before the collector is made to look, in bytes.
const FLUSH_BYTES: usize = 8 << 10;

/// What the collector needs for each object, about.
const DEFERRED_BYTES: usize = 64;

thread_local! {
    static RETIRED: Cell<usize> = const { Cell::new(0) };
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad("Guard { .. }")
    }
}

#[cfg(not(loom))]
mod imp {
    pub(super) use crossbeam_epoch::{Guard, pin};

    pub(super) fn flush(guard: &Guard) {
        guard.flush();
    }

    pub(super) unsafe fn defer(guard: &Guard, f: impl FnOnce()) {
        // SAFETY: passed on to the caller.
        unsafe { guard.defer_unchecked(f) }
    }
}

#[cfg(loom)]
pub(crate) mod imp {
    use std::cell::RefCell;
    use std::marker::PhantomData;

    pub(super) struct Guard(PhantomData<*mut ()>);

    pub(super) fn pin() -> Guard {
        Guard(PhantomData)
    }

    pub(super) fn flush(_: &Guard) {}

    type Deferred = Box<dyn FnOnce()>;

    thread_local! {
        // loom runs all its threads on one thread of the system, so this holds the garbage of an execution.
        static GRAVEYARD: RefCell<Vec<Deferred>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) unsafe fn defer<F: FnOnce()>(_: &Guard, f: F) {
        let f: Box<dyn FnOnce() + '_> = Box::new(f);
        // SAFETY: the caller says that f may run at any later time.
        let f = unsafe { std::mem::transmute::<Box<dyn FnOnce() + '_>, Deferred>(f) };
        GRAVEYARD.with(|graveyard| graveyard.borrow_mut().push(f));
    }

    /// Frees the garbage; at the end of each execution, when all other threads are joined.
    pub(crate) fn collect() {
        let garbage = GRAVEYARD.with(|graveyard| std::mem::take(&mut *graveyard.borrow_mut()));
        for f in garbage {
            f();
        }
    }
}
