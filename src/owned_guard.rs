//! Guards and views that may change threads.

use std::fmt;
use std::ops::Deref;

use crate::map::HashMap;
use crate::pinned::Pinned;
use crate::reclaim::Guard;
use crate::set::{HashSet, PinnedSet};

/// A [`Guard`], or a view that holds one, which can be sent to another thread and held across `.await`.
///
/// From `pin_owned` and `owned_guard` of a [map](HashMap::pin_owned) or [set](HashSet::pin_owned). It dereferences to
/// what it holds, so it has all the methods of the [view](Pinned), and can be lent to whatever takes a `&Guard` or a
/// `&Pinned`. References, iterators and entries are borrowed from it as usual, and may be held across `.await` as
/// long as it is.
///
/// ```
/// use loxley::HashMap;
///
/// // Runs on whatever thread the executor chooses, before and after each `.await`.
/// async fn total(prices: &HashMap<String, u64>, exchange_rate: impl Future<Output = u64>) -> u64 {
///     let prices = prices.pin_owned();
///     let mut sum = 0;
///     if let Some(price) = prices.get("apples") {
///         sum += price * exchange_rate.await; // `price` is still there, even if it is removed meanwhile
///     }
///     sum
/// }
///
/// fn spawn<F: Future + Send>(_: F) {}
/// let prices = HashMap::new();
/// spawn(total(&prices, async { 2 }));
/// ```
///
/// It is `Send` and `Sync` if the map is `Sync`, thus if keys and values are `Send` and `Sync`, and the hasher is `Sync`. A view
/// that is not owned is `Sync` just so, and not `Send`.
///
/// # What it costs
/// **To make:** a guard of the thread's own is a few nanoseconds, this is about 300: the collector registers it as if it were a
/// thread, in 2.3 KiB of memory, which come back some time after it is dropped, and looks at all that are registered. (So
/// where a thousand are held, the next one takes 5 microseconds.) Make one for a task that awaits, and a plain one for what
/// does not.
///
/// **To hold:** what any [`Guard`] does: nothing that is removed from any map meanwhile, by any thread, is freed. It
/// blocks nobody. But where a thread does what it does and ends, a task may wait for a slow peer with the guard in its hands, and
/// one that is never polled again, or leaked, holds back all garbage of the process for ever. So do not hold one while
/// waiting for what may never come: take what is needed out of the map (clone it, or have values in `Arc`s) and make
/// another afterwards.
#[doc(alias("OwnedGuard"))]
pub struct Owned<T>(T);

// SAFETY: T is a guard or a view with a guard (`guard`, `view`, `set_view` make all there are), and that guard has a participant
// of its own, which is touched only when the guard is made and dropped: see `reclaim`. So the guard may go anywhere. The rest
// of T is a shared reference to a map, which may go where it may be shared, as T: Sync says. T itself cannot be moved out, nor
// exchanged for one with a guard that is not its own.
unsafe impl<T: Sync> Send for Owned<T> {}

impl Owned<Guard> {
    pub(crate) fn guard() -> Self {
        Self(Guard::with_own_participant())
    }
}

impl<'map, K, V, S> Owned<Pinned<'map, K, V, S>> {
    pub(crate) fn view(map: &'map HashMap<K, V, S>) -> Self {
        Self(Pinned::new(map, Guard::with_own_participant()))
    }
}

impl<'set, T, S> Owned<PinnedSet<'set, T, S>> {
    pub(crate) fn set_view(set: &'set HashSet<T, S>) -> Self {
        Self(PinnedSet::new(set, Guard::with_own_participant()))
    }
}

impl<T> Deref for Owned<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Owned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// As its view.
impl<'a, T> IntoIterator for &'a Owned<T>
where
    &'a T: IntoIterator,
{
    type Item = <&'a T as IntoIterator>::Item;
    type IntoIter = <&'a T as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
