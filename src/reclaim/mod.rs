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

mod garbage;
#[cfg(all(any(loom, shuttle), not(crossbeam_loom)))]
#[path = "model.rs"]
pub(crate) mod imp;

pub(crate) use self::garbage::{Garbage, garbage_bytes};

/// Keeps what its owner read from a map alive.
///
/// As long as a guard lives, no entry that a map still held when the guard was made is freed by another thread's
/// removing it; references into a map borrow a guard. (Who borrows a map exclusively, or owns it, frees its entries
/// at once.) Guards cost a few nanoseconds, guards inside a guard almost nothing. A guard that is held for long holds
/// back the memory of everything that is removed meanwhile, in all maps; it blocks nobody.
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

    /// As [`new`](Self::new), for the pool: what the collector comes upon is put off. No destructor shall run in the middle
    /// of an allocation, nor while a map is dropped, but those of its entries.
    pub(crate) fn quiet() -> Self {
        garbage::quietly(Self::new)
    }

    /// Registers and pins a participant that nobody else knows of. It is gone with the guard.
    pub(crate) fn with_own_participant() -> Self {
        Self { _pin: imp::pin_own() }
    }

    /// Hands what this thread has retired, through whatever guard, to the collector, and frees some of what no guard holds any more,
    /// whoever has retired it.
    ///
    /// Gives the memory of freed entries that this thread keeps for its next ones, a few kilobytes, back to the allocator as well.
    ///
    /// The former happens by itself whenever a thread has retired 128 entries, or 8 KiB; this is for threads that
    /// will do nothing for a long time. What has just been retired is not freed by this call: the collector must see
    /// twice that no guard from before is left (this one is, for example), which it looks for each time that any
    /// thread calls this, or makes a hundred guards or so.
    ///
    /// In the destructor of an entry that the collector is dropping this does nothing: one thing is freed after the other.
    ///
    /// ```
    /// let map = loxley::HashMap::<u8, u8>::new();
    /// map.guard().flush();
    /// ```
    pub fn flush(&self) {
        garbage::flush();
    }

    /// Frees `garbage` when every guard that exists now is gone, perhaps on another thread.
    ///
    /// # Safety
    /// As [`Garbage::new`] says.
    #[inline]
    pub(crate) unsafe fn retire(&self, garbage: Garbage) {
        // SAFETY: passed on to the caller.
        unsafe { garbage::retire(garbage) };
    }
}

// A panic finds nothing half done in a guard, nor in what the thread keeps for all of them.
impl std::panic::UnwindSafe for Guard {}
impl std::panic::RefUnwindSafe for Guard {}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad("Guard { .. }")
    }
}

#[cfg(any(crossbeam_loom, not(any(loom, shuttle))))]
mod imp {
    pub(super) use crossbeam_epoch::{Guard, pin};

    /// By a participant whose end hands all that it was given to everyone. With a thread's own one that stays for some time,
    /// and for ever if the thread stops using maps.
    pub(super) fn pin_own() -> Guard {
        // The guard keeps its participant registered when the handle is gone.
        crossbeam_epoch::default_collector().register().pin()
    }

    pub(super) fn flush() {
        pin().flush();
    }

    /// Pins, and only then asks for what is to be deferred: the pin may unwind.
    pub(super) unsafe fn defer(pin: fn() -> Guard, all: impl Iterator<Item = impl FnOnce()>) {
        let guard = pin();
        // SAFETY: passed on to the caller.
        all.for_each(|f| unsafe { guard.defer_unchecked(f) });
    }
}
