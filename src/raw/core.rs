//! The root of a map, and the context that its operations share.

use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use equivalent::Equivalent;

use super::count::Counter;
use super::node::Node;
use super::shrink;
use super::table::{Header, Next, Table};
use super::tuning::Tuning;
use super::word::readable_tag;
use crate::reclaim::Guard;
use crate::sync::{AtomicPtr, AtomicU64, Ordering};

/// A map without its hasher: the oldest table that is still needed, and the number of entries.
pub(crate) struct Core<K, V> {
    /// Null until the first insertion or reservation.
    pub(super) root: AtomicPtr<Header<K, V>>,
    pub(super) count: Counter,
    pub(crate) tuning: Tuning,
    /// How often a larger successor has been linked, and a smaller one.
    pub(super) growths: AtomicU64,
    pub(super) shrinks: AtomicU64,
    /// See `shrink.rs`.
    pub(super) vain: AtomicU64,
    pub(super) step: AtomicU64,
}

impl<K, V> Core<K, V> {
    #[cfg(not(loom))]
    pub(crate) const fn new(tuning: Tuning) -> Self {
        Self {
            root: AtomicPtr::new(std::ptr::null_mut()),
            count: Counter::new(),
            tuning,
            growths: AtomicU64::new(0),
            shrinks: AtomicU64::new(0),
            vain: AtomicU64::new(shrink::NO_TABLE),
            step: AtomicU64::new(shrink::NO_TABLE),
        }
    }

    #[cfg(loom)]
    pub(crate) fn new(tuning: Tuning) -> Self {
        Self {
            root: AtomicPtr::new(std::ptr::null_mut()),
            count: Counter::new(),
            tuning,
            growths: AtomicU64::new(0),
            shrinks: AtomicU64::new(0),
            vain: AtomicU64::new(shrink::NO_TABLE),
            step: AtomicU64::new(shrink::NO_TABLE),
        }
    }

    /// ORDERING: sequentially consistent. To enter through a table that is the root no longer would do no harm, for its homes
    /// say that they are migrated; but to take it for the root in [`Op::retire`](super::retire) would: a thread that has
    /// entered since may have met the node, and the table may be freed before it leaves. (`tests/loom_limbo.rs`:
    /// `removal_after_the_root_has_moved_on`)
    #[inline(always)]
    pub(crate) fn root<'g>(&self, _: &'g Guard) -> Option<Table<'g, K, V>> {
        // SAFETY: tables are freed through the collector, a grace period after they were unlinked here.
        unsafe { Table::from_raw(self.root.load(Ordering::SeqCst)) }
    }

    pub(crate) fn len(&self, guard: &Guard) -> usize {
        self.count.sum(guard)
    }

    /// The entries that the newest table is meant to hold, or more if it already holds more (a spread counter notices
    /// that a little late).
    pub(crate) fn capacity(&self, guard: &Guard) -> usize {
        let nominal = self.root(guard).map_or(0, |root| match root.next() {
            Next::Table(next) => next.capacity(),
            Next::Nothing | Next::Deciding { .. } => root.capacity(),
        });
        nominal.max(self.len(guard))
    }
}

/// A map: its root and count, and its hasher.
pub(crate) struct RawMap<K, V, S> {
    pub(crate) core: Core<K, V>,
    pub(crate) build: S,
    /// The tables are reached through atomic pointers, which are Send and Sync whatever they point to; this is not.
    pub(crate) owns: PhantomData<*mut (K, V)>,
}

// SAFETY: the map owns its entries, so sending it sends them.
unsafe impl<K: Send, V: Send, S: Send> Send for RawMap<K, V, S> {}
// SAFETY: through a shared map entries can be read (Sync) and moved in and out (Send) by any thread. So too by way of an
// operation, a view or an iterator, which go where a reference to the map may go.
unsafe impl<K: Send + Sync, V: Send + Sync, S: Sync> Sync for RawMap<K, V, S> {}

/// One operation on a map: what all writers' steps need. Two words, so that it is passed in registers.
pub(crate) struct Op<'g, K, V, S> {
    map: &'g RawMap<K, V, S>,
    pub(super) guard: &'g Guard,
}

impl<K, V, S> Clone for Op<'_, K, V, S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V, S> Copy for Op<'_, K, V, S> {}

/// The hash that the tables use. Homes are its top bits and fingerprints those below, so the multiplication makes all
/// bits of a weak hash count there (an identity hash of small integers, say); a good hash stays good.
#[inline(always)]
pub(crate) fn spread(hash: u64) -> u64 {
    hash.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl<'g, K, V, S> Op<'g, K, V, S> {
    #[inline(always)]
    pub(crate) fn new(map: &'g RawMap<K, V, S>, guard: &'g Guard) -> Self {
        Self { map, guard }
    }

    #[inline(always)]
    pub(super) fn core(self) -> &'g Core<K, V> {
        &self.map.core
    }

    /// See [`Core::prefetch`].
    #[inline(always)]
    pub(crate) fn prefetch(self, hash: u64) {
        self.core().prefetch(hash, self.guard);
    }

    /// The first step of a lookup that is not wanted at once: starts to fetch the bucket.
    #[inline(always)]
    pub(crate) fn prefetch_bucket(self, hash: u64) {
        if let Some(table) = self.core().root(self.guard) {
            table.bucket_of(hash).prefetch();
        }
    }

    /// The second: starts to fetch the entry, or what looks like it.
    #[inline(always)]
    pub(crate) fn prefetch_entry(self, hash: u64) {
        if let Some(table) = self.core().root(self.guard) {
            table.bucket_of(hash).prefetch_tagged(readable_tag(table.fingerprint(hash), 0));
        }
    }

    /// See [`Core::find`].
    #[inline(always)]
    pub(crate) fn find<Q>(self, hash: u64, key: &Q) -> Option<&'g Node<K, V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        self.core().find(hash, key, self.guard)
    }

    /// Calls user code, which may panic: not between two steps that must both happen.
    #[inline(always)]
    pub(crate) fn hash<Q: Hash + ?Sized>(self, key: &Q) -> u64
    where
        S: BuildHasher,
    {
        spread(self.map.build.hash_one(key))
    }
}
