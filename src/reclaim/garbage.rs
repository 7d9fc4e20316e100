//! What a thread has retired: a batch at a time goes to the collector.
//!
//! To hand an object to the collector costs a pin, and a closure that the collector keeps and calls; a list of our
//! own costs two words an object. What is on a thread's list has not been retired yet as far as the collector knows.
//! So its grace period begins later than it might, which is always right: a guard that must keep the object is older
//! than the object's unlinking, and so older than the handing over too.
//!
//! A thread's list is handed over when it is full, by [`Guard::flush`](super::Guard::flush), and when the thread
//! ends. Under loom and shuttle each object is, at once: there the earliest moment is the one that tests something.
//!
//! # One after the other
//! A pin may find garbage that is due, and frees it. Destructors and the pool pin as well; so what is freed would be
//! freed within what is freed, as deep as there is garbage, wherever each pin looks for it: those of a thread that is
//! ending, of which the participant is gone, and those of owned guards. So while a thread frees, or must not, what
//! comes up is *put off*: the outermost that frees goes on with it, or it is handed over again, by one pin for all.
//! (`tests/nesting.rs`)

use std::cell::{Cell, RefCell};
use std::mem::{self, ManuallyDrop};
use std::ptr;
// Not through `crate::sync`: a figure that decides nothing.
use std::sync::atomic::{AtomicUsize, Ordering};

use super::imp;
use crate::raw::pool;

/// The objects that a thread may retire before it hands them over.
const BATCH: usize = if cfg!(any(loom, shuttle)) { 1 } else { 128 };

/// The bytes likewise. What values own on the heap is not in it: nobody but they could tell. (`tests/memory.rs`:
/// `garbage_is_bounded_by_bytes`)
const BATCH_BYTES: usize = 8 << 10;

/// An object that nobody can come to any more who does not have a guard already.
pub(crate) struct Garbage {
    object: *mut (),
    free: unsafe fn(*mut ()),
    bytes: usize,
}

impl Garbage {
    /// # Safety
    /// `free(object)` must be sound to call once, at any later time at which no guard is left that exists now, on any
    /// thread. It must not unwind. It frees about `bytes` bytes.
    pub(crate) unsafe fn new<T>(object: *mut T, bytes: usize, free: unsafe fn(*mut ())) -> Self {
        Self { object: object.cast(), free, bytes }
    }

    /// What [`Box::into_raw`] gave.
    ///
    /// # Safety
    /// As [`new`](Self::new), where to free it is to drop the box.
    pub(crate) unsafe fn boxed<T>(object: *mut T, bytes: usize) -> Self {
        /// # Safety
        /// Of a T, by Box::into_raw, and not used any more.
        unsafe fn free<T>(object: *mut ()) {
            // SAFETY: as the caller says.
            drop(unsafe { Box::from_raw(object.cast::<T>()) });
        }
        // SAFETY: passed on to the caller.
        unsafe { Self::new(object, bytes, free::<T>) }
    }
}

struct Object {
    object: *mut (),
    free: unsafe fn(*mut ()),
}

/// Objects of which none has been freed.
#[derive(Default)]
struct Batch {
    objects: Vec<Object>,
    bytes: usize,
}

/// A thread's list.
struct List(RefCell<Batch>);

/// The thread ends.
impl Drop for List {
    fn drop(&mut self) {
        // What is retired from here on finds no list.
        let _ = RETIRED.try_with(|list| list.set(ptr::null()));
        self.0.take().defer();
        // If something has unwound, and nobody has taken this along.
        Due::defer_put_off();
    }
}

thread_local! {
    static LIST: List = const { List(RefCell::new(Batch::new())) };

    /// Where the list is, so that nobody need ask whether it has been dropped. Null before it has had room, and when it
    /// is gone. (Where thread-locals are emulated this may go first: then it is null as well, and is set again.)
    static RETIRED: Cell<*const RefCell<Batch>> = const { Cell::new(ptr::null()) };

    /// The collector is freeing something on this thread. Not loom's, which are gone when the last garbage is freed;
    /// what is freed takes no step of loom's, so that no other of its threads runs meanwhile.
    static COLLECTING: Cell<bool> = const { Cell::new(false) };

    /// Nothing is to be freed on this thread now.
    static QUIET: Cell<bool> = const { Cell::new(false) };

    /// Empty unless one of the two is true, or something has unwound. Never dropped, for there are pins until a thread's last destructor.
    static PUT_OFF: ManuallyDrop<Cell<Option<Box<Due>>>> = const { ManuallyDrop::new(Cell::new(None)) };
}

/// Has the collector free nothing on this thread while `f` runs.
pub(super) fn quietly<T>(f: impl FnOnce() -> T) -> T {
    /// Also if something unwinds that another crate has given to the collector. What was put off then, the next to free
    /// or to be quiet here takes along, or the end of a thread that has retired something: to hand it over is to pin,
    /// which may unwind as well.
    struct Outer(bool);

    impl Drop for Outer {
        fn drop(&mut self) {
            QUIET.set(self.0);
        }
    }

    let _outer = Outer(QUIET.replace(true));
    let result = f();
    // Whoever frees goes on with what was put off.
    if !COLLECTING.get() {
        Due::defer_put_off();
    }
    result
}

/// Bytes that threads have handed over and that have not been freed.
static HANDED_OVER: AtomicUsize = AtomicUsize::new(0);

/// # Safety
/// As [`Garbage::new`] says, of this moment.
#[inline]
pub(super) unsafe fn retire(garbage: Garbage) {
    let pushed = push(&garbage);
    if pushed != Pushed::Kept {
        go_on(garbage, pushed);
    }
}

#[inline]
fn push(garbage: &Garbage) -> Pushed {
    // SAFETY: null, or this thread's list, which makes it null when it is dropped.
    let list = unsafe { RETIRED.get().as_ref() };
    list.map_or(Pushed::NoRoom, |list| list.borrow_mut().push(garbage))
}

#[cold]
#[inline(never)]
fn go_on(garbage: Garbage, mut pushed: Pushed) {
    // An allocator that uses a map may have taken the room that it has given, and may have filled it.
    while pushed == Pushed::NoRoom {
        if !make_room() {
            // The thread is ending.
            let Garbage { object, free, bytes } = garbage;
            Batch { objects: vec![Object { object, free }], bytes }.defer();
            return;
        }
        pushed = push(&garbage);
    }
    if pushed == Pushed::Full {
        turn_over();
    }
}

/// False if the thread is ending, and its list is gone.
///
/// Allocates nothing while the list is borrowed, and frees nothing, for an allocator may use a map, and retire what it
/// replaces (`tests/allocator.rs`). Then that may make room as well.
fn make_room() -> bool {
    let mut room = Vec::with_capacity(BATCH);
    let there = LIST.try_with(|List(list)| {
        let objects = &mut list.borrow_mut().objects;
        if objects.capacity() == 0 {
            mem::swap(objects, &mut room);
        }
        RETIRED.set(list);
    });
    there.is_ok()
}

/// The list is full.
fn turn_over() {
    hand_over();
    // With each object, under loom, that would be more steps than it can explore.
    if !cfg!(loom) {
        imp::flush();
    }
}

/// Whether there was anything.
fn hand_over() -> bool {
    LIST.try_with(|List(list)| list.take()).is_ok_and(Batch::defer)
}

pub(super) fn flush() {
    if !COLLECTING.get() {
        hand_over();
        imp::flush();
        pool::release();
        // What the pool has retired, or destructors have.
        if hand_over() {
            imp::flush();
        }
    }
}

/// Bytes that have been retired and not freed, without what is on the lists of other threads.
pub(crate) fn garbage_bytes() -> usize {
    let own = LIST.try_with(|List(list)| list.borrow().bytes).unwrap_or(0);
    // ORDERING: relaxed; a figure.
    HANDED_OVER.load(Ordering::Relaxed) + own
}

/// What became of an object that was to go on a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pushed {
    /// It is on the list,
    Kept,
    /// which is to be handed over now.
    Full,
    /// It is not: the list has no room yet, or any more.
    NoRoom,
}

impl Batch {
    const fn new() -> Self {
        Self { objects: Vec::new(), bytes: 0 }
    }

    /// Allocates nothing.
    #[inline]
    fn push(&mut self, &Garbage { object, free, bytes }: &Garbage) -> Pushed {
        if self.objects.len() == self.objects.capacity() {
            return Pushed::NoRoom;
        }
        self.objects.push(Object { object, free });
        self.bytes += bytes;
        if self.objects.len() == BATCH || self.bytes >= BATCH_BYTES { Pushed::Full } else { Pushed::Kept }
    }

    /// Has the collector free the objects in time. Whether there are any.
    fn defer(self) -> bool {
        if self.objects.is_empty() {
            return false;
        }
        // ORDERING: relaxed; a figure.
        HANDED_OVER.fetch_add(self.bytes, Ordering::Relaxed);
        let mut due = Taken(Some(Box::new(Due { batch: self, next: None })));
        // SAFETY: each object may be freed when the guards of its retirement are gone, and so when those of this
        // later moment are, on any thread; none unwinds.
        unsafe { imp::defer(imp::pin, std::iter::from_fn(|| due.pop()).map(|due| move || due.free())) };
        true
    }

    fn free(self) {
        for Object { object, free } in self.objects {
            // SAFETY: as `Garbage::new` was told; the guards are gone, and each object comes once.
            unsafe { free(object) };
        }
        HANDED_OVER.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// What has been handed over: the collector calls [`free`](Self::free). Linked where it is put off, for that may be in
/// the middle of an allocation, and so allocates nothing.
struct Due {
    batch: Batch,
    next: Option<Box<Self>>,
}

impl Due {
    fn free(self: Box<Self>) {
        /// Ends with a panic as well, see `quietly`. What is put off then, the next one to be freed here takes along.
        struct Collecting;

        impl Drop for Collecting {
            fn drop(&mut self) {
                COLLECTING.set(false);
            }
        }

        if QUIET.get() || COLLECTING.get() {
            return self.put_off();
        }
        COLLECTING.set(true);
        let _collecting = Collecting;
        self.batch.free();
        std::iter::from_fn(Self::take_put_off).for_each(|due| due.batch.free());
    }

    fn put_off(mut self: Box<Self>) {
        PUT_OFF.with(|list| {
            self.next = list.take();
            list.set(Some(self));
        });
    }

    fn take_put_off() -> Option<Box<Self>> {
        PUT_OFF.with(|list| {
            let mut all = list.take();
            let first = Self::pop(&mut all);
            list.set(all);
            first
        })
    }

    fn pop(list: &mut Option<Box<Self>>) -> Option<Box<Self>> {
        let mut first = list.take()?;
        *list = first.next.take();
        Some(first)
    }

    /// Hands over again what has been put off. Where it is quiet, nothing of it comes back; and nothing of it is on the list
    /// while the collector allocates, for an allocator that uses a map may come here as well.
    fn defer_put_off() {
        let mut taken = Taken(PUT_OFF.with(|list| list.take()));
        if taken.0.is_some() {
            // What the pin comes upon is put off as well.
            let all = std::iter::from_fn(|| taken.pop().or_else(Self::take_put_off));
            // SAFETY: as in `Batch::defer`.
            // Not the thread's own: it would keep what is not the thread's.
            unsafe { imp::defer(imp::pin_own, all.map(|due| move || due.free())) };
        }
    }
}

/// What is about to be handed over. A pin may unwind with what others have given to the collector: then it is put off.
struct Taken(Option<Box<Due>>);

impl Taken {
    fn pop(&mut self) -> Option<Box<Due>> {
        Due::pop(&mut self.0)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        std::iter::from_fn(|| self.pop()).for_each(Due::put_off);
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::AtomicBool;

    use super::super::Guard;
    use super::*;

    static FREED: AtomicUsize = AtomicUsize::new(0);
    static FREED_QUIETLY: AtomicBool = AtomicBool::new(false);

    unsafe fn free(object: *mut ()) {
        // SAFETY: made below.
        drop(unsafe { Box::from_raw(object.cast::<u8>()) });
        FREED.fetch_add(1, Ordering::Relaxed);
        FREED_QUIETLY.fetch_or(QUIET.get(), Ordering::Relaxed);
    }

    #[test]
    fn nothing_is_freed_by_a_quiet_guard() {
        for _ in 0..20 {
            for _ in 0..300 {
                // SAFETY: nobody can come to it, and it is freed as it was made.
                unsafe { Guard::new().retire(Garbage::new(Box::into_raw(Box::new(0_u8)), 1, free)) };
            }
            (0..1000).for_each(|_| drop(Guard::quiet()));
        }
        assert!(!FREED_QUIETLY.load(Ordering::Relaxed));
        // By us, or by another test's thread.
        while FREED.load(Ordering::Relaxed) < 20 * 300 {
            Guard::new().flush();
            std::thread::yield_now();
        }
    }

    /// Which another crate's garbage may do, where the pool pins.
    #[test]
    fn collecting_ends_with_a_panic() {
        unsafe fn panic(_: *mut ()) {
            std::panic::resume_unwind(Box::new("another crate's"));
        }
        let object = Object { object: std::ptr::null_mut(), free: panic };
        let due = Box::new(Due { batch: Batch { objects: vec![object], bytes: 0 }, next: None });
        assert!(catch_unwind(AssertUnwindSafe(|| due.free())).is_err());
        assert!(!COLLECTING.get());
    }

    #[test]
    fn quiet_ends_with_a_panic() {
        assert!(catch_unwind(AssertUnwindSafe(|| quietly(|| panic!("another crate's")))).is_err());
        assert!(!QUIET.get());
    }
}
