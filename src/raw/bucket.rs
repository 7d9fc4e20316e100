//! Buckets: a meta word and the slots, in one cache line. Here the orderings of the protocol's words are chosen.

use super::meta::Meta;
use super::node::Node;
use super::word::{SLOTS, Word};
use crate::sync::{AtomicPtr, AtomicU64, Ordering};

/// A slot: an atomic [`Word`].
///
/// ORDERING: loads and exchanges of slots and metas are sequentially consistent. Acquire and release would be
/// enough for memory safety (a node is written before the exchange that publishes it), and for each key by itself; the
/// total order is for programs that look at several keys: a thread that has seen the insertion of `b`, which followed that
/// of `a`, must find `a` (`tests/loom_order.rs`). On x86-64 this costs nothing over acquire and release, for every exchange is
/// a full fence there and every load an acquiring one.
///
/// So is an exchange that fails, though nobody looks at the word: often it says that somebody else has done what was to be
/// done (published an insertion, placed an entry), and what this thread does next must come after that. No loom test fails
/// without it, for loom orders sequentially consistent accesses by their time.
pub(crate) struct Slot<K, V>(AtomicPtr<Node<K, V>>);

impl<K, V> Slot<K, V> {
    #[inline(always)]
    pub(crate) fn load(&self) -> Word<Node<K, V>> {
        Word::from_raw(self.0.load(Ordering::SeqCst))
    }

    /// Whether the slot held `old` and now holds `new`.
    #[inline(always)]
    pub(crate) fn exchange(&self, old: Word<Node<K, V>>, new: Word<Node<K, V>>) -> bool {
        self.0.compare_exchange(old.raw(), new.raw(), Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// COPY → LIVE, if this is the target of a decided move of `node` that has not been completed.
    pub(crate) fn publish_copy_of(&self, node: *mut Node<K, V>) {
        let copy = self.load();
        if copy.is_copy_of(node) {
            self.exchange(copy, copy.published());
        }
    }
}

/// One cache line of a table. All zero: no entry, no bound, version 0.
#[repr(C, align(64))]
pub(crate) struct Bucket<K, V> {
    meta: AtomicU64,
    slots: [Slot<K, V>; SLOTS],
}

// The vector probe reads a bucket as eight words.
#[cfg(not(loom))]
const _: () = assert!(size_of::<Bucket<(), ()>>() == 64);

impl<K, V> Bucket<K, V> {
    /// For loom, whose atomics cannot be made by zeroing memory.
    #[cfg(loom)]
    pub(crate) fn empty() -> Self {
        let slot = || Slot(AtomicPtr::new(std::ptr::null_mut()));
        Self { meta: AtomicU64::new(0), slots: std::array::from_fn(|_| slot()) }
    }

    /// Makes it empty again; for an exclusive owner.
    pub(super) fn reset(&self) {
        // ORDERING: relaxed; nobody else looks before the owner shares the table again.
        self.meta.store(0, Ordering::Relaxed);
        self.slots.iter().for_each(|Slot(word)| word.store(std::ptr::null_mut(), Ordering::Relaxed));
    }

    /// Starts to fetch the bucket into the cache.
    #[inline(always)]
    pub(crate) fn prefetch(&self) {
        prefetch(self);
    }

    /// Starts to fetch the first node whose slot has this (readable) tag.
    #[inline(always)]
    pub(crate) fn prefetch_tagged(&self, tag: u16) {
        if let Some((_, word)) = self.with_tag(tag).first() {
            prefetch(word.node());
        }
    }

    /// Starts to fetch the bucket into the cache, for an exchange: from another processor's cache it comes exclusively at once.
    #[inline(always)]
    pub(crate) fn prefetch_for_write(&self) {
        #[cfg(all(target_arch = "x86_64", not(any(loom, miri))))]
        // SAFETY: a hint, which does not fault and changes nothing; x86-64 processors that do not know it do nothing.
        unsafe {
            core::arch::asm!("prefetchw [{}]", in(reg) std::ptr::from_ref(self), options(nostack, preserves_flags));
        }
    }

    /// Starts to fetch the nodes that slots name.
    #[inline]
    pub(crate) fn prefetch_nodes(&self) {
        // Without asking for their state: a guess that is wrong costs more than a fetch that comes to nothing.
        self.slots.iter().for_each(|slot| prefetch(slot.load().node()));
    }

    #[inline(always)]
    pub(crate) fn meta(&self) -> Meta {
        Meta::from_bits(self.meta.load(Ordering::SeqCst))
    }

    /// Whether the meta word was `old` and is now `new`; see [`Slot`] for the ordering.
    #[inline(always)]
    pub(crate) fn exchange_meta(&self, old: Meta, new: Meta) -> bool {
        self.meta.compare_exchange(old.bits(), new.bits(), Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    #[inline(always)]
    pub(crate) fn slots(&self) -> &[Slot<K, V>; SLOTS] {
        &self.slots
    }

    #[inline(always)]
    pub(crate) fn slot(&self, i: usize) -> &Slot<K, V> {
        &self.slots[i]
    }

    /// Whether a slot was never used. EMPTY slots are a suffix of the bucket (everyone takes the first one), so the last
    /// slot tells.
    #[inline(always)]
    pub(crate) fn has_empty(&self) -> bool {
        self.slots[SLOTS - 1].load().is_empty()
    }
}

/// A hint; any address will do.
#[inline(always)]
fn prefetch<T>(address: *const T) {
    #[cfg(all(target_arch = "x86_64", target_feature = "sse", not(any(loom, miri))))]
    // SAFETY: SSE, which the cfg asks for; a prefetch does not fault.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    #[cfg(not(all(target_arch = "x86_64", target_feature = "sse", not(any(loom, miri)))))]
    let _ = address;
}
