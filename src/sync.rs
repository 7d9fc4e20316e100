//! The only door to the atomics: std's in a normal build, loom's under `--cfg loom`.
//!
//! Under loom every atomic carries a *shadow*: a counter that each access increments first. Stock loom does not
//! reorder a load of one thread with the compare-and-swap of another when an earlier load of the same atomic hides the
//! conflict (tokio-rs/loom#166, #392), and "load, then compare-and-swap" is what this crate is made of. The relaxed
//! read-modify-write on the shadow makes every pair of accesses dependent, so loom tries both orders, and adds no
//! happens-before edge, so it hides no bug.

#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicIsize, AtomicPtr, AtomicU64, Ordering};

#[cfg(loom)]
pub(crate) use self::shadowed::{AtomicIsize, AtomicPtr, AtomicU64, Ordering};

#[cfg(loom)]
mod shadowed {
    use std::panic::Location;
    use std::sync::LazyLock;

    use loom::sync::atomic as loom_atomic;
    pub(crate) use loom::sync::atomic::Ordering;

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
    fn chosen(order: Ordering, failure: bool, place: &Location<'_>) -> Ordering {
        match &*WEAKENED {
            Some(w) if w.line == place.line() && w.failure == failure && w.file == place.file() => w.order,
            _ => order,
        }
    }

    macro_rules! shadowed {
        ($name:ident $(<$t:ident>)?, $inner:ty, $value:ty) => {
            pub(crate) struct $name $(<$t>)? {
                inner: $inner,
                shadow: loom_atomic::AtomicUsize,
            }

            // Each instantiation uses the part of std's interface that the crate needs of that type.
            #[allow(dead_code)]
            impl $(<$t>)? $name $(<$t>)? {
                pub(crate) fn new(value: $value) -> Self {
                    let new = Self { inner: <$inner>::new(value), shadow: loom_atomic::AtomicUsize::new(0) };
                    // loom lets a sequentially consistent load return the value that an atomic was made with, even
                    // after a sequentially consistent store; not so a value that was stored.
                    new.inner.store(value, Ordering::SeqCst);
                    new
                }

                fn conflict(&self) {
                    self.shadow.fetch_add(0, Ordering::Relaxed);
                }

                #[track_caller]
                pub(crate) fn load(&self, order: Ordering) -> $value {
                    self.conflict();
                    self.inner.load(chosen(order, false, Location::caller()))
                }

                #[track_caller]
                pub(crate) fn store(&self, value: $value, order: Ordering) {
                    self.conflict();
                    self.inner.store(value, chosen(order, false, Location::caller()));
                }

                #[track_caller]
                pub(crate) fn compare_exchange(
                    &self,
                    old: $value,
                    new: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    self.conflict();
                    let place = Location::caller();
                    let (success, failure) = (chosen(success, false, place), chosen(failure, true, place));
                    self.inner.compare_exchange(old, new, success, failure)
                }
            }
        };
    }

    shadowed!(AtomicPtr<T>, loom_atomic::AtomicPtr<T>, *mut T);
    shadowed!(AtomicU64, loom_atomic::AtomicU64, u64);
    shadowed!(AtomicIsize, loom_atomic::AtomicIsize, isize);

    impl AtomicU64 {
        #[track_caller]
        pub(crate) fn fetch_or(&self, bits: u64, order: Ordering) -> u64 {
            self.conflict();
            self.inner.fetch_or(bits, chosen(order, false, Location::caller()))
        }

        #[track_caller]
        pub(crate) fn fetch_add(&self, n: u64, order: Ordering) -> u64 {
            self.conflict();
            self.inner.fetch_add(n, chosen(order, false, Location::caller()))
        }
    }

    impl AtomicIsize {
        #[track_caller]
        pub(crate) fn fetch_add(&self, n: isize, order: Ordering) -> isize {
            self.conflict();
            self.inner.fetch_add(n, chosen(order, false, Location::caller()))
        }
    }
}
