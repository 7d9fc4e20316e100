//! Tables: one allocation each, a header and then the buckets (and the words of [`Progress`], where there are many).

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::{self, NonNull};

use super::bucket::{Bucket, Slot};
use super::fingerprint::{Fingerprint, Window};
use super::limbo::Limbo;
use super::meta::{Meta, Position};
use super::node::Node;
use super::progress::{self, Progress};
use super::word::{MAX_DISPLACEMENT, SLOTS, Word};
use crate::reserve::TryReserveError;
use crate::sync::{AtomicPtr, AtomicU64, Ordering};

/// Tables up to this many bytes are allocated aligned to a cache line. For larger ones the alignment is made by hand, since
/// Rust's system allocator clears over-aligned memory itself, where it could take fresh pages from the system.
const ALIGN_BY_HAND_ABOVE: usize = 4096;

/// The size of a huge page, in bytes. Buckets of at least this size start at a multiple of it, and the system is asked for
/// huge pages: one lookup in a large table would otherwise miss the TLB as well as the cache.
const HUGE_PAGE: usize = 2 << 20;

/// 64 less log2 of the size of a bucket.
const SHIFT: u32 = 64 - BUCKET_LOG2;
const BUCKET_LOG2: u32 = 6;

/// Tables have fewer than `1 << LOG2_END` buckets: Rust's objects have at most isize::MAX bytes.
pub(super) const LOG2_END: u32 = usize::BITS - 7;

/// Set in what `next` holds while the size of a smaller successor is being decided, see `resize.rs`; no address of a table
/// has this bit. The bits above it are log2 of the buckets that the successor shall have at least.
const DECIDING: usize = 1;

/// The header of a table; the buckets follow it in memory.
#[repr(C, align(64))]
pub(crate) struct Header<K, V> {
    /// 58 - log2(buckets): the home of a hash, times the size of a bucket, is `hash >> shift` with the low six bits cleared.
    shift: u32,
    window: Window,
    /// log2 of the groups of the migration that fills this table.
    groups_log2: u32,
    capacity: usize,
    next: AtomicPtr<Header<K, V>>,
    pub(super) limbo: Limbo<K, V>,
    /// See [`Progress::new`].
    single: AtomicU64,
    /// What the allocator returned. The layout follows from the sizes.
    base: *mut u8,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Header<(), ()>>() == 64);

impl<K, V> Header<K, V> {
    fn log2(&self) -> u32 {
        SHIFT - self.shift
    }

    fn layout(&self) -> Layout {
        layout(self.log2(), self.groups_log2).expect("the table was allocated with this layout")
    }
}

/// A table that a guard (or an exclusive borrow of the map) keeps alive.
///
/// A raw pointer inside, not a reference to the header: it must keep its provenance over the whole allocation.
pub(crate) struct Table<'g, K, V> {
    header: NonNull<Header<K, V>>,
    lifetime: PhantomData<&'g Header<K, V>>,
}

impl<K, V> Clone for Table<'_, K, V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for Table<'_, K, V> {}
impl<K, V> PartialEq for Table<'_, K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.header == other.header
    }
}

/// What follows a table.
pub(crate) enum Next<'g, K, V> {
    Nothing,
    /// A smaller table has been asked for, of at least `1 << least` buckets; insertions must help to decide its size.
    Deciding {
        least: u32,
    },
    Table(Table<'g, K, V>),
}

impl<'g, K, V> Table<'g, K, V> {
    /// A table of `1 << log2` empty buckets, to be filled by a migration of `1 << groups_log2` groups with up to `capacity`
    /// entries.
    ///
    /// # Errors
    /// If its size in bytes overflows, or when there is no memory.
    pub(crate) fn allocate(
        log2: u32,
        groups_log2: u32,
        capacity: usize,
    ) -> Result<*mut Header<K, V>, TryReserveError> {
        let layout = layout(log2, groups_log2).ok_or(TryReserveError::CAPACITY_OVERFLOW)?;
        // SAFETY: a header has a size above zero.
        let base = unsafe { alloc_zeroed(layout) };
        if base.is_null() {
            return Err(TryReserveError::alloc(layout));
        }
        let buckets = size_of::<Bucket<K, V>>() << log2;
        // SAFETY: the layout has room for this step where its own alignment is smaller. The buckets get the alignment that
        // their number deserves, and the header is right before them.
        let first = unsafe {
            let first = base.add(size_of::<Header<K, V>>());
            first.add(first.align_offset(alignment(buckets)))
        };
        prefer_huge_pages(first, buckets);
        // SAFETY: there is room for a header before `first`.
        let header = unsafe { first.cast::<Header<K, V>>().sub(1) };
        // SAFETY: fresh memory, aligned, of sufficient size; the buckets and the progress words are atomics, for which
        // all bits zero is a value.
        unsafe {
            header.write(Header {
                shift: SHIFT - log2,
                window: Window::of_table(log2),
                groups_log2,
                capacity,
                next: AtomicPtr::new(ptr::null_mut()),
                limbo: Limbo::new(),
                single: AtomicU64::new(0),
                base,
            });
            #[cfg(loom)]
            for i in 0..1 << log2 {
                header.add(1).cast::<Bucket<K, V>>().add(i).write(Bucket::empty());
            }
        }
        Ok(header)
    }

    /// Frees a table's memory and its limbo, but not the nodes that its slots name.
    ///
    /// # Safety
    /// `header` came from [`allocate`](Self::allocate), nobody else can reach it, and it is not used again.
    pub(crate) unsafe fn free(header: *mut Header<K, V>) {
        // SAFETY: as the caller says.
        unsafe {
            #[cfg(loom)]
            for i in 0..Table::from_raw(header).map_or(0, Table::buckets) {
                ptr::drop_in_place(header.add(1).cast::<Bucket<K, V>>().add(i));
            }
            let (base, layout) = ((*header).base, (*header).layout());
            ptr::drop_in_place(header);
            dealloc(base, layout);
        }
    }

    /// # Safety
    /// `header` is null, or a table that lives for `'g`.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(header: *mut Header<K, V>) -> Option<Self> {
        NonNull::new(header).map(|header| Self { header, lifetime: PhantomData })
    }

    #[inline(always)]
    pub(crate) fn as_ptr(self) -> *mut Header<K, V> {
        self.header.as_ptr()
    }

    #[inline(always)]
    pub(crate) fn header(self) -> &'g Header<K, V> {
        // SAFETY: the table lives for 'g, and headers are never borrowed mutably while it is shared.
        unsafe { self.header.as_ref() }
    }

    pub(crate) fn log2(self) -> u32 {
        self.header().log2()
    }

    pub(crate) fn buckets(self) -> usize {
        1 << self.log2()
    }

    pub(crate) fn mask(self) -> usize {
        self.buckets() - 1
    }

    /// The size of its allocation.
    pub(crate) fn bytes(self) -> usize {
        self.header().layout().size()
    }

    /// The entries that the table is meant to hold.
    pub(crate) fn capacity(self) -> usize {
        self.header().capacity
    }

    /// The largest displacement that an entry can have here.
    pub(crate) fn max_displacement(self) -> usize {
        self.mask().min(MAX_DISPLACEMENT)
    }

    /// How far to search for entries of a home whose meta word this is: not more than once around.
    #[inline(always)]
    pub(crate) fn bound(self, meta: Meta) -> usize {
        meta.bound().min(self.mask())
    }

    #[inline(always)]
    pub(crate) fn home(self, hash: u64) -> usize {
        (hash >> self.header().shift >> BUCKET_LOG2) as usize
    }

    /// All buckets.
    pub(crate) fn all_buckets(self) -> &'g [Bucket<K, V>] {
        // SAFETY: as in `bucket_unwrapped`.
        unsafe { std::slice::from_raw_parts(self.as_ptr().add(1).cast(), self.buckets()) }
    }

    /// The bucket that is home to `hash`.
    #[inline(always)]
    pub(crate) fn bucket_of(self, hash: u64) -> &'g Bucket<K, V> {
        self.home_bucket(self.home(hash))
    }

    #[inline(always)]
    pub(crate) fn fingerprint(self, hash: u64) -> Fingerprint {
        self.window().fingerprint(hash)
    }

    /// Which bits of hashes are fingerprints here.
    #[inline(always)]
    pub(crate) fn window(self) -> Window {
        self.header().window
    }

    /// The bucket at `index`, which wraps around.
    #[inline(always)]
    pub(crate) fn bucket(self, index: usize) -> &'g Bucket<K, V> {
        self.bucket_unwrapped(index & self.mask())
    }

    /// The home bucket of a hash.
    #[inline(always)]
    pub(crate) fn home_bucket(self, home: usize) -> &'g Bucket<K, V> {
        self.bucket_unwrapped(home)
    }

    #[inline(always)]
    fn bucket_unwrapped(self, index: usize) -> &'g Bucket<K, V> {
        debug_assert!(index < self.buckets());
        // SAFETY: the buckets follow the header, which has their size and alignment as its own; the index is below their
        // number: masked, or a home.
        unsafe { &*self.as_ptr().add(1).cast::<Bucket<K, V>>().add(index) }
    }

    pub(crate) fn slot(self, home: usize, at: Position) -> &'g Slot<K, V> {
        self.bucket(home + at.displacement).slot(at.slot)
    }

    /// The slot that the MOVED word in bucket `index` names.
    pub(crate) fn moved_to(self, index: usize, word: Word<Node<K, V>>) -> &'g Slot<K, V> {
        let target = word.target();
        self.bucket(index + target.buckets).slot(target.slot)
    }

    /// ORDERING: sequentially consistent, see [`Counter::sum`](super::count::Counter::sum).
    #[inline]
    pub(crate) fn next(self) -> Next<'g, K, V> {
        let next = self.header().next.load(Ordering::SeqCst);
        match next.addr() {
            0 => Next::Nothing,
            announced if announced & DECIDING != 0 => Next::Deciding { least: (announced >> 1) as u32 },
            // SAFETY: a successor is freed after its predecessor.
            _ => unsafe { Self::from_raw(next) }.map_or(Next::Nothing, Next::Table),
        }
    }

    #[inline]
    pub(crate) fn has_next(self) -> bool {
        !matches!(self.next(), Next::Nothing)
    }

    /// Announces that a successor of at least `1 << least` buckets will come, whose size is still to be decided. Once only.
    pub(crate) fn announce(self, least: u32) -> bool {
        self.exchange_next(ptr::null_mut(), announcement(least))
    }

    /// Links a successor if there is none and none announced, or only in place of the announcement that it shall have
    /// `1 << announced` buckets at least.
    pub(crate) fn link(self, announced: Option<u32>, successor: *mut Header<K, V>) -> bool {
        self.exchange_next(announced.map_or(ptr::null_mut(), announcement), successor)
    }

    /// ORDERING: sequentially consistent, as [`next`](Self::next). What is loaded when this fails is not looked at: no test fails if that
    /// is weaker.
    fn exchange_next(self, old: *mut Header<K, V>, new: *mut Header<K, V>) -> bool {
        self.header().next.compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// How far the migration into this table is.
    pub(super) fn progress(self) -> Progress<'g> {
        let header = self.header();
        let words = progress::tail_words(header.groups_log2);
        // SAFETY: `layout` has put that many words behind the buckets.
        let tail = unsafe {
            let first = self.as_ptr().add(1).cast::<Bucket<K, V>>().add(self.buckets()).cast::<AtomicU64>();
            std::slice::from_raw_parts(first, words)
        };
        Progress::new(header.groups_log2, &header.single, tail)
    }

    /// Makes it the empty table that it was once. For the exclusive owner: EMPTY may come back only because nobody has seen
    /// what the slots held.
    pub(super) fn reset(self) {
        debug_assert!(!self.has_next());
        (0..self.buckets()).for_each(|index| self.bucket(index).reset());
    }

    /// Every slot's word. O(table).
    pub(crate) fn words(self) -> impl Iterator<Item = (usize, usize, Word<Node<K, V>>)> {
        (0..self.buckets()).flat_map(move |b| (0..SLOTS).map(move |i| (b, i, self.bucket(b).slot(i).load())))
    }

    /// The homes of this table that the homes `homes` of a table of `1 << log2` buckets split into, or are part of.
    pub(crate) fn homes_of(self, homes: Range<usize>, log2: u32) -> Range<usize> {
        let up = self.log2().saturating_sub(log2);
        let down = log2.saturating_sub(self.log2());
        (homes.start >> down) << up..(((homes.end - 1) >> down) + 1) << up
    }
}

/// Whether tables of `1 << log2` buckets do not stay in a processor's own caches, with their nodes: then it is worth while to
/// prefetch.
pub(super) fn outgrows_caches(log2: u32) -> bool {
    log2 >= 12
}

fn announcement<K, V>(least: u32) -> *mut Header<K, V> {
    ptr::without_provenance_mut((least as usize) << 1 | DECIDING)
}

fn layout(log2: u32, groups_log2: u32) -> Option<Layout> {
    // Homes are the top bits of a hash.
    let buckets = 1_usize.checked_shl(log2).filter(|_| log2 < LOG2_END)?;
    let (layout, offset) =
        Layout::new::<Header<(), ()>>().extend(Layout::array::<Bucket<(), ()>>(buckets).ok()?).ok()?;
    debug_assert_eq!(offset, size_of::<Header<(), ()>>());
    let (layout, _) = layout.extend(Layout::array::<AtomicU64>(progress::tail_words(groups_log2)).ok()?).ok()?;
    if layout.size() <= ALIGN_BY_HAND_ABOVE || cfg!(loom) {
        return Some(layout);
    }
    let align = align_of::<u128>();
    let slack = alignment(buckets * size_of::<Bucket<(), ()>>()) - align;
    Layout::from_size_align(layout.size().checked_add(slack)?, align).ok()
}

/// What the first of `bytes` bytes of buckets is aligned to.
fn alignment(bytes: usize) -> usize {
    if bytes >= HUGE_PAGE { HUGE_PAGE } else { align_of::<Bucket<(), ()>>() }
}

/// Advice to the system; if it is not taken, nothing is lost but time.
fn prefer_huge_pages(first: *mut u8, bytes: usize) {
    #[cfg(all(target_os = "linux", not(any(loom, miri))))]
    if bytes >= HUGE_PAGE {
        // SAFETY: the whole pages of a range that we have just allocated; the advice does not change what they hold.
        unsafe { libc::madvise(first.cast(), bytes / HUGE_PAGE * HUGE_PAGE, libc::MADV_HUGEPAGE) };
    }
    #[cfg(not(all(target_os = "linux", not(any(loom, miri)))))]
    let _ = (first, bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert!(layout(0, 0).unwrap().size() <= 128 || cfg!(loom));
        assert!(layout(60, 0).is_none() && layout(100, 0).is_none());
        assert_eq!(Table::<(), ()>::allocate(60, 0, 1).unwrap_err(), TryReserveError::CAPACITY_OVERFLOW);
    }
}
