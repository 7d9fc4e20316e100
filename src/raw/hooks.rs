//! What tests of the inside need, in builds made for them only.
//!
//! A test puts keys where it wants them ([`hash_for`]), makes tables of any size ([`with_buckets`]), starts a migration
//! that nobody has worked on yet ([`begin_resize`]), stops a thread anywhere ([`on_access`]), and when all is quiet has the
//! invariants checked ([`check`]).

use std::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use super::core::{Op, spread};
use super::count::Counter;
use super::migrate::Resize;
use super::progress::{Progress, tail_words};
use super::resize::Current;
use super::seek::{Entry, Seek};
use super::table::{Next, Table};
use super::tuning::Tuning;
use crate::sync::AtomicU64;
#[cfg(shuttle)]
pub use crate::sync::watch::on_access;
#[cfg(all(loxley_hooks, not(any(loom, shuttle))))]
pub use crate::sync::watch::{Moment, ignore_accesses, on_access};
use crate::{Guard, HashMap};

/// Explores the interleavings of the loom threads that `f` starts, with at most `preemptions` of them where the scheduler
/// takes a thread off the processor that could go on. The environment's `LOOM_MAX_PREEMPTIONS` overrides it.
#[cfg(loom)]
pub fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    model_in_part(preemptions, usize::MAX, f);
}

/// The same for the first `executions` of them.
#[cfg(loom)]
pub fn model_in_part(preemptions: usize, executions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(preemptions);
    builder.max_permutations.get_or_insert(executions);
    // An operation that has others' work to finish takes some hundred steps; loom's own limit is 1,000.
    builder.max_branches = builder.max_branches.max(20_000);
    builder.check(move || {
        f();
        collect();
    });
}

/// From here on, and until [`collect`], what has been retired in this execution is freed as soon as the guards are gone that
/// were there when it was.
#[cfg(any(loom, shuttle))]
pub fn collect_eagerly() {
    #[cfg(not(crossbeam_loom))]
    crate::reclaim::imp::be_eager();
}

/// Frees all that has been retired so far in this execution, when no operation is under way.
#[cfg(any(loom, shuttle))]
pub fn collect() {
    #[cfg(not(crossbeam_loom))]
    crate::reclaim::imp::collect();
}

/// What a [`Hasher`](std::hash::Hasher) must return for a key to have home `home` in a table of `1 << log2` buckets. Keys with
/// different `rest` (less than `1 << (64 - log2)`) have different hashes.
pub fn hash_for(home: u64, log2: u32, rest: u64) -> u64 {
    debug_assert!(0 < log2 && home >> log2 == 0 && rest.leading_zeros() >= log2);
    // Newton's iteration doubles the number of correct low bits; any odd number is its own inverse modulo 8.
    let multiplier = spread(1);
    let inverse = (0..5).fold(multiplier, |x, _| x.wrapping_mul(2_u64.wrapping_sub(multiplier.wrapping_mul(x))));
    (home << (64 - log2) | rest).wrapping_mul(inverse)
}

/// An empty map whose table has `1 << log2` buckets, which may be fewer than any capacity asks for. It shrinks when somebody helps.
pub fn with_buckets<K, V, S>(log2: u32, hasher: S) -> HashMap<K, V, S>
where
    K: Hash + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    let tuning = Tuning::DEFAULT.with_shrink_below(0.25).unwrap();
    let map = HashMap::with_tuning(tuning, tuning.capacity_of(log2), hasher);
    let guard = map.guard();
    // The smallest tables differ in size and not in capacity.
    while map.op(&guard).core().root(&guard).is_some_and(|root| root.log2() < log2) {
        begin_resize(&map, log2);
        // Whatever is under way is completed first.
        map.op(&guard).reserve(0).unwrap();
    }
    map.op(&guard).core().root(&guard).into_iter().for_each(initialize);
    map
}

/// Links an empty successor of `1 << log2` buckets to the map's table and migrates nothing. Without effect if the table has
/// this size or a successor.
pub fn begin_resize<K, V, S>(map: &HashMap<K, V, S>, log2: u32)
where
    K: Hash + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    let guard = map.guard();
    let op = map.op(&guard);
    if let Some(root) = op.core().root(&guard).filter(|root| root.log2() != log2) {
        op.core().begin(root, log2, &guard).unwrap();
        if let Next::Table(next) = root.next() {
            initialize(next);
        }
    }
}

/// Writes what all words of a table that is not in use yet hold, once more. loom lets a sequentially consistent load
/// return the value that an atomic was made with even after a sequentially consistent store, which C++ and the processors do
/// not; so what a lookup finds would depend on nothing.
fn initialize<K, V>(table: Table<'_, K, V>) {
    table.link(None, std::ptr::null_mut());
    for index in 0..table.buckets() {
        let bucket = table.bucket(index);
        let meta = bucket.meta();
        bucket.exchange_meta(meta, meta);
        for slot in bucket.slots() {
            let word = slot.load();
            slot.exchange(word, word);
        }
    }
}

/// Gives the meta words of the map's oldest table the last version there is, so that the next one is the first again, and
/// lets the process have handed out almost all stamps for tombstones, so that it soon starts again.
///
/// Versions and stamps come twice then: only while no operation is under way on any map.
#[cfg(not(any(loom, shuttle)))]
pub fn wind_up<K: Hash + Eq, V, S: BuildHasher>(map: &HashMap<K, V, S>) {
    super::local::wind_up_blocks();
    let guard = map.guard();
    let Some(root) = map.op(&guard).core().root(&guard) else { return };
    for index in 0..root.buckets() {
        let meta = root.bucket(index).meta();
        root.bucket(index).exchange_meta(meta, meta.with_last_version());
    }
}

/// Leaves this thread a few stamps only, of the n-th block from the end, until it needs a new block.
#[cfg(not(any(loom, shuttle)))]
pub fn wind_up_thread(n: u64) {
    super::local::wind_up_thread(n);
}

/// Moves the entry of `key` to the right if there is room, as an insertion does whose way it is in.
pub fn evict<K, V, S, Q>(map: &HashMap<K, V, S>, key: &Q)
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
    Q: Hash + Equivalent<K> + ?Sized,
{
    let guard = map.guard();
    let op = map.op(&guard);
    let hash = op.hash(key);
    let Some(Current { table, filling }) = op.table_for_update(hash) else { return };
    let home = table.home(hash);
    let bound = table.home_bucket(home).meta().bound();
    if let Seek::Live(Entry { slot, word, displacement }) = op.seek(table, hash, key, 0..bound + 1) {
        op.evict(table, filling, home + displacement, slot, word, displacement);
    }
}

/// Freezes and places one group of the migration that is under way, if there is one, and nothing else.
pub fn place<K: Hash, V, S: BuildHasher>(map: &HashMap<K, V, S>, group: usize) {
    let guard = map.guard();
    let op = map.op(&guard);
    if let Some(resize) = current_resize(op) {
        op.make_placed(resize, group);
    }
}

/// Does all that a migrator of this group does before it calls the group migrated.
pub fn carry<K: Hash, V, S: BuildHasher>(map: &HashMap<K, V, S>, group: usize) {
    let guard = map.guard();
    let op = map.op(&guard);
    if let Some(resize) = current_resize(op) {
        op.hand_over(resize, group);
    }
}

/// Migrates one group of the migration that is under way, if there is one, and nothing else.
pub fn migrate<K, V, S>(map: &HashMap<K, V, S>, group: usize)
where
    K: Hash + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    let guard = map.guard();
    let op = map.op(&guard);
    if let Some(resize) = current_resize(op) {
        op.migrate(resize, group..group + 1);
    }
}

fn current_resize<'g, K, V, S>(op: Op<'g, K, V, S>) -> Option<Resize<'g, K, V>> {
    let from = op.core().root(op.guard)?;
    match from.next() {
        Next::Table(to) => Some(Resize { from, to }),
        Next::Nothing | Next::Deciding { .. } => None,
    }
}

/// Checks the invariants of a map that nobody is working on, see `check.rs`.
///
/// # Panics
/// If one does not hold.
pub fn check<K: Hash + Eq, V, S: BuildHasher>(map: &HashMap<K, V, S>) {
    map.op(&map.guard()).check();
}

/// Whether the table that is being filled, if there is one, has taken in more entries than the capacity rule allows (see
/// `resize.rs`), when no operation is under way. That could leave entries of the older table without a slot.
pub fn is_overfull<K: Hash + Eq, V, S: BuildHasher>(map: &HashMap<K, V, S>) -> bool {
    let guard = map.guard();
    let op = map.op(&guard);
    current_resize(op).is_some_and(|resize| op.core().count.sum(&guard) > resize.to.capacity())
}

/// The slots of the map's oldest table, for tests to state what they start from: buckets are separated by spaces; `.` is
/// EMPTY, `x` TOMB, `s` SEALED, a digit an entry and how many buckets from home it is, `?` anything transitional.
pub fn layout<K: Hash + Eq, V, S: BuildHasher>(map: &HashMap<K, V, S>) -> String {
    map.op(&map.guard()).layout()
}

/// A map's count of entries, by itself.
#[allow(missing_debug_implementations)]
pub struct Count(Counter);

#[allow(missing_docs)] // See `count.rs`.
impl Count {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(Counter::new())
    }

    pub fn add(&self, n: isize) {
        self.0.add(n, &Guard::new());
    }

    pub fn sum(&self) -> usize {
        self.0.sum(&Guard::new())
    }

    pub fn spread(&self) {
        self.0.spread(&Guard::new());
    }

    pub fn gather(&self) {
        self.0.gather(&Guard::new());
    }
}

/// The progress of a migration of `1 << log2` groups, by itself.
#[allow(missing_debug_implementations)]
pub struct Groups {
    log2: u32,
    single: AtomicU64,
    tail: Vec<AtomicU64>,
}

#[allow(missing_docs)] // See `progress.rs`.
impl Groups {
    pub fn new(log2: u32) -> Self {
        let tail = (0..tail_words(log2)).map(|_| AtomicU64::new(0)).collect();
        Self { log2, single: AtomicU64::new(0), tail }
    }

    fn progress(&self) -> Progress<'_> {
        Progress::new(self.log2, &self.single, &self.tail)
    }

    pub fn mark(&self, groups: std::ops::Range<usize>) {
        self.progress().mark(groups);
    }

    pub fn next_unmarked(&self) -> Option<usize> {
        self.progress().next_unmarked()
    }

    pub fn is_complete(&self) -> bool {
        self.progress().is_complete()
    }
}

/// A shelf of the pool that nodes come from.
#[cfg(loom)]
#[allow(missing_debug_implementations)]
pub struct Shelf(super::pool::Shelf);

#[cfg(loom)]
impl Shelf {
    /// With pages of so many pieces: two or three.
    pub fn new(pieces: usize) -> Self {
        // The header is in a page's last line: in what is left over, or in the third piece.
        Self(super::pool::Shelf::new(if pieces == 2 { 1360 } else { 1024 }))
    }

    /// All pieces of one take.
    pub fn take(&self) -> Vec<*mut u8> {
        let mut pieces = self.0.take().expect("no memory");
        std::iter::from_fn(|| pieces.pop()).collect()
    }

    /// # Safety
    /// The piece came from [`take`](Self::take), and is not used any more.
    pub unsafe fn give(&self, piece: *mut u8) {
        // SAFETY: as the caller says.
        unsafe { self.0.give(piece) };
    }

    /// Gives many back at once, as a map does that is dropped.
    ///
    /// # Safety
    /// As for [`give`](Self::give).
    pub unsafe fn give_in_bulk(&self, pieces: &[*mut u8]) {
        let mut bulk = super::pool::Bulk::new(&self.0);
        // SAFETY: as the caller says.
        pieces.iter().for_each(|piece| unsafe { bulk.give(*piece) });
    }

    /// Gives pages that are free to the allocator.
    pub fn tidy(&self) {
        self.0.tidy();
    }
}

/// The pages that have been freed in this execution; at its end.
#[cfg(loom)]
pub fn freed_pages() -> usize {
    super::pool::bury()
}
