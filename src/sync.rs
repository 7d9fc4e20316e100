//! The only door to the atomics: std's in a normal build, loom's under `--cfg loom`, std's with shuttle's scheduler before each
//! access under `--cfg shuttle`.
//!
//! Under loom every atomic carries a *shadow*: a counter that each access increments first. Stock loom does not
//! reorder a load of one thread with the compare-and-swap of another when an earlier load of the same atomic hides the
//! conflict (tokio-rs/loom#166, #392), and "load, then compare-and-swap" is what this crate is made of. The relaxed
//! read-modify-write on the shadow makes every pair of accesses dependent, so loom tries both orders, and adds no
//! happens-before edge, so it hides no bug.
//!
//! Under shuttle an access is one step of a schedule that is drawn at random. All threads are one thread of the system there, so
//! every access is sequentially consistent, whatever ordering it asks for: of orderings loom says something, shuttle nothing.
//! What it can do is long schedules of large scenarios. Every access tells its address to a test that wants to know
//! ([`watch::on_access`]), which may find that memory freed.
//!
//! Under `--cfg loxley_hooks` a test can have a function called before and after each access of a thread, to
//! stop it or to let others run there: see [`watch::on_access`].
//!
//! Under loom, and with hooks in a build for a sanitizer, the environment can weaken the ordering of one access ([`weakened`]).

#[cfg(not(any(loom, shuttle, loxley_hooks)))]
pub(crate) use std::sync::atomic::{AtomicIsize, AtomicPtr, AtomicU64, Ordering};

#[cfg(any(loom, shuttle, loxley_hooks))]
pub(crate) use self::wrapped::{AtomicIsize, AtomicPtr, AtomicU64, Ordering};

/// Orderings that a test wants to see weakened.
#[cfg(any(loom, all(loxley_hooks, loxley_sanitize)))]
mod weakened {
    use std::panic::Location;
    use std::sync::LazyLock;

    use super::Ordering;

    /// An access whose ordering a test wants to see weakened: `LOXLEY_WEAKEN=src/raw/bucket.rs:20=Acquire`. Of a
    /// compare-and-swap this is the ordering of success, and `…:20:failure=…` the other.
    struct Weakened {
        file: String,
        line: u32,
        failure: bool,
        order: Ordering,
    }

    static WEAKENED: LazyLock<Option<Weakened>> = LazyLock::new(|| {
        let text = std::env::var("LOXLEY_WEAKEN").ok()?;
        Some(parse(&text).unwrap_or_else(|| panic!("LOXLEY_WEAKEN={text}: not FILE:LINE[:failure]=ORDERING")))
    });

    fn parse(text: &str) -> Option<Weakened> {
        let (place, order) = text.split_once('=')?;
        let orderings = [Ordering::Relaxed, Ordering::Acquire, Ordering::Release, Ordering::AcqRel];
        let order = orderings.into_iter().find(|known| format!("{known:?}") == order)?;
        let mut place = place.split(':');
        let (file, line) = (place.next()?.to_owned(), place.next()?.parse().ok()?);
        Some(Weakened { file, line, failure: place.next() == Some("failure"), order })
    }

    /// The ordering that an access has in this run.
    pub(super) fn chosen(order: Ordering, failure: bool, place: &Location<'_>) -> Ordering {
        match &*WEAKENED {
            Some(w) if w.line == place.line() && w.failure == failure && w.file == place.file() => w.order,
            _ => order,
        }
    }
}

#[cfg(any(loom, shuttle, loxley_hooks))]
mod wrapped {
    #[cfg(not(loom))]
    use super::watch::Witness;
    #[cfg(loom)]
    use loom::sync::atomic as inner;
    use std::panic::Location;
    #[cfg(not(loom))]
    use std::sync::atomic as inner;

    #[cfg(any(loom, all(loxley_hooks, loxley_sanitize)))]
    use super::weakened::chosen;
    pub(crate) use inner::Ordering;

    /// The ordering of an access: of success, or (`failure`) of a failed compare-and-swap.
    #[cfg(not(any(loom, all(loxley_hooks, loxley_sanitize))))]
    fn chosen(order: Ordering, _failure: bool, _place: &Location<'_>) -> Ordering {
        order
    }

    /// The shadow.
    #[cfg(loom)]
    struct Witness(inner::AtomicUsize);

    #[cfg(loom)]
    impl Witness {
        fn new() -> Self {
            Self(inner::AtomicUsize::new(0))
        }

        fn watch<R>(&self, access: impl FnOnce() -> R) -> R {
            self.0.fetch_add(0, Ordering::Relaxed);
            access()
        }
    }

    macro_rules! wrapped {
        ($name:ident $(<$t:ident>)?, $inner:ty, $value:ty) => {
            // A table is made of zeroed memory, and a bucket is a cache line. Without loom the witness has no size, and its
            // address is that of the atomic.
            #[cfg_attr(not(loom), repr(C))]
            pub(crate) struct $name $(<$t>)? {
                witness: Witness,
                inner: $inner,
            }

            // Each instantiation uses the part of std's interface that the crate needs of that type.
            #[allow(dead_code)]
            impl $(<$t>)? $name $(<$t>)? {
                #[cfg(not(loom))]
                pub(crate) const fn new(value: $value) -> Self {
                    Self { inner: <$inner>::new(value), witness: Witness }
                }

                #[cfg(loom)]
                pub(crate) fn new(value: $value) -> Self {
                    let new = Self { inner: <$inner>::new(value), witness: Witness::new() };
                    // loom lets a sequentially consistent load return the value that an atomic was made with, even
                    // after a sequentially consistent store; not so a value that was stored.
                    new.inner.store(value, Ordering::SeqCst);
                    new
                }

                #[track_caller]
                pub(crate) fn load(&self, order: Ordering) -> $value {
                    let order = chosen(order, false, Location::caller());
                    self.witness.watch(|| self.inner.load(order))
                }

                #[track_caller]
                pub(crate) fn store(&self, value: $value, order: Ordering) {
                    let order = chosen(order, false, Location::caller());
                    self.witness.watch(|| self.inner.store(value, order))
                }

                #[track_caller]
                pub(crate) fn compare_exchange(
                    &self,
                    old: $value,
                    new: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    let place = Location::caller();
                    let (success, failure) = (chosen(success, false, place), chosen(failure, true, place));
                    self.witness.watch(|| self.inner.compare_exchange(old, new, success, failure))
                }
            }
        };
    }

    wrapped!(AtomicPtr<T>, inner::AtomicPtr<T>, *mut T);
    wrapped!(AtomicU64, inner::AtomicU64, u64);
    wrapped!(AtomicIsize, inner::AtomicIsize, isize);

    impl AtomicU64 {
        #[track_caller]
        pub(crate) fn swap(&self, value: u64, order: Ordering) -> u64 {
            let order = chosen(order, false, Location::caller());
            self.witness.watch(|| self.inner.swap(value, order))
        }

        #[track_caller]
        pub(crate) fn fetch_and(&self, bits: u64, order: Ordering) -> u64 {
            let order = chosen(order, false, Location::caller());
            self.witness.watch(|| self.inner.fetch_and(bits, order))
        }

        #[track_caller]
        pub(crate) fn fetch_or(&self, bits: u64, order: Ordering) -> u64 {
            let order = chosen(order, false, Location::caller());
            self.witness.watch(|| self.inner.fetch_or(bits, order))
        }

        #[track_caller]
        pub(crate) fn fetch_min(&self, n: u64, order: Ordering) -> u64 {
            let order = chosen(order, false, Location::caller());
            self.witness.watch(|| self.inner.fetch_min(n, order))
        }

        #[track_caller]
        pub(crate) fn fetch_add(&self, n: u64, order: Ordering) -> u64 {
            let order = chosen(order, false, Location::caller());
            self.witness.watch(|| self.inner.fetch_add(n, order))
        }
    }

    impl AtomicIsize {
        #[track_caller]
        pub(crate) fn fetch_add(&self, n: isize, order: Ordering) -> isize {
            let order = chosen(order, false, Location::caller());
            self.witness.watch(|| self.inner.fetch_add(n, order))
        }
    }
}

/// What comes before an access under shuttle.
#[cfg(shuttle)]
pub(crate) mod watch {
    use std::cell::Cell;
    use std::ptr;

    use shuttle::sync::atomic::{AtomicBool, Ordering};

    thread_local! {
        /// An access to this is what shuttle sees of an access to anything.
        static ANYTHING: AtomicBool = const { AtomicBool::new(false) };
        static WATCHER: Cell<Option<fn(*const ())>> = const { Cell::new(None) };
    }

    /// Has `f` called with the address of each atomic that is accessed on this thread of the system from now on, when the turn has
    /// come to that access.
    pub fn on_access(f: fn(*const ())) {
        WATCHER.set(Some(f));
    }

    /// Its address is the atomic's.
    pub(super) struct Witness;

    impl Witness {
        pub(super) fn watch<R>(&self, access: impl FnOnce() -> R) -> R {
            ANYTHING.with(|anything| anything.load(Ordering::SeqCst));
            if let Some(f) = WATCHER.get() {
                f(ptr::from_ref(self).cast());
            }
            access()
        }
    }
}

/// What a thread does at its atomic accesses besides them.
#[cfg(all(loxley_hooks, not(any(loom, shuttle))))]
pub(crate) mod watch {
    use std::cell::{Cell, RefCell};

    /// Where a thread is when its function is called.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub enum Moment {
        /// Just before an atomic access.
        Before,
        /// Just after it.
        After,
    }

    type Watcher = Box<dyn FnMut(Moment)>;

    thread_local! {
        static WATCHED: Cell<bool> = const { Cell::new(false) };
        static WATCHER: RefCell<Option<Watcher>> = const { RefCell::new(None) };
    }

    /// Has `f` called before and after each atomic access that this thread makes from now on, in place of the function
    /// that was. It must not use a map.
    pub fn on_access(f: impl FnMut(Moment) + 'static) {
        WATCHER.set(Some(Box::new(f)));
        WATCHED.set(true);
    }

    /// Ends what [`on_access`] began.
    pub fn ignore_accesses() {
        WATCHED.set(false);
    }

    pub(super) struct Witness;

    impl Witness {
        #[inline]
        pub(super) fn watch<R>(&self, access: impl FnOnce() -> R) -> R {
            if !WATCHED.get() {
                return access();
            }
            call(Moment::Before);
            let result = access();
            call(Moment::After);
            result
        }
    }

    #[cold]
    fn call(moment: Moment) {
        // At the end of a thread the collector may come after the watcher.
        let _ = WATCHER.try_with(|watcher| {
            if let Some(watcher) = &mut *watcher.borrow_mut() {
                watcher(moment);
            }
        });
    }
}
