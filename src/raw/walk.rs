//! Iteration, home by home.
//!
//! Homes are the top bits of hashes, in every table: home h of a table is homes 2h and 2h + 1 of one twice its size. So a
//! position in an iteration is a *hash*: everything below it has been visited, whatever the tables were meanwhile.
//! A step visits the home of that hash, in the table that answers for it, and moves the position to the end of that home.
//! An iteration may be over any range of hashes; where it begins or ends within a home, it leaves out the rest of that.
//!
//! All entries of a home are gathered before the first of them is yielded. One that moves right meanwhile may be met twice,
//! and so may a key that is removed and inserted again. In both cases a slot that was gathered has changed by the end: then
//! duplicates are dropped by comparing keys. So a key that stays in the map is yielded exactly once, and none twice.
//!
//! Almost all homes are *simple*: nothing of them is on its way to somewhere else, and nothing is inserted meanwhile but
//! into an EMPTY slot of the home bucket. The meta word says so, which is the same before and after and not frozen, and
//! so do, if the bound is not 0, the words of the buckets up to it, of which none is FROZEN, COPY, MOVED or CROSS. Such a
//! home is read once, bucket by bucket from right to left:
//!
//! * A move of an entry that begins meanwhile changes meta. That of one that has begun before has a COPY in its target by
//!   then, which is met if it is not decided yet. If it is, the entry is met there, and its source afterwards, which is
//!   MOVED or none. So an entry that stays is met once.
//! * A key that is removed behind the reader and inserted again has changed meta; or it is inserted into an EMPTY slot of
//!   the home bucket, and then the bound is 0, for only a home that was full has displaced entries. Those slots are a suffix
//!   of the bucket, which is read from right to left then: the key is inserted ahead of the reader, where it has been, or
//!   its first slot is read when it is gone already. So it is met once at most.

use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::ptr;

use super::bucket::{Bucket, Slot};
use super::core::Op;
use super::guards::{Guarded, without};
use super::node::Node;
use super::table::{Table, outgrows_caches};
use super::word::{SLOTS, State, Word};

impl<K, V, S> Op<'_, K, V, S> {
    /// How many hashes the oldest table gives to one home, about; all, if there is no table.
    #[cfg(feature = "rayon")]
    pub(crate) fn hashes_per_home(self) -> u64 {
        u64::MAX >> self.core().root(self.guard).map_or(0, Table::log2)
    }
}

/// How many buckets ahead nodes are prefetched: with five nodes or so each, these are as many as a processor can
/// fetch at the same time.
const AHEAD: usize = 4;

/// An entry as it was gathered: the slot and the word that it held.
struct Gathered<'g, K, V> {
    slot: &'g Slot<K, V>,
    word: Word<Node<K, V>>,
}

// SAFETY: it stands for a reference to an entry.
unsafe impl<K: Sync, V: Sync> Send for Gathered<'_, K, V> {}
// SAFETY: as above.
unsafe impl<K: Sync, V: Sync> Sync for Gathered<'_, K, V> {}

impl<'g, K, V> Gathered<'g, K, V> {
    fn node(&self) -> &'g Node<K, V> {
        // SAFETY: as in `find.rs`: in the map while its word was there, or in limbo until the table is freed.
        unsafe { &*self.word.node() }
    }

    /// A MOVED entry may be met again at the target of its move, even before the source becomes a tombstone.
    fn has_changed(&self) -> bool {
        (self.word.state() == State::Moved && !without(Guarded::walk_moved_changed))
            || self.slot.load() != self.word
    }
}

impl<K, V> Clone for Gathered<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for Gathered<'_, K, V> {}

/// The state of an iteration.
pub(crate) struct Walk<'g, K, V> {
    /// The least hash that has not been visited; None at the end.
    position: Option<u64>,
    /// The greatest hash to visit.
    last: u64,
    /// What is left of the home that was visited last: of a simple one,
    simple: Few<'g, K, V>,
    /// and of any other. One of them is empty.
    batch: Vec<Gathered<'g, K, V>>,
}

impl<K, V> Clone for Walk<'_, K, V> {
    fn clone(&self) -> Self {
        Self { batch: self.batch.clone(), ..*self }
    }
}

/// For as many entries as a bucket can have, and as many displaced ones; a power of two, so that an index need not be
/// compared.
const ROOM: usize = (2 * SLOTS).next_power_of_two();

/// The entries of a simple home, or what is left of them.
struct Few<'g, K, V> {
    /// As far as `length`; the rest means nothing.
    nodes: [*const Node<K, V>; ROOM],
    length: usize,
    entries: PhantomData<&'g Node<K, V>>,
}

// SAFETY: it stands for references to entries.
unsafe impl<K: Sync, V: Sync> Send for Few<'_, K, V> {}
// SAFETY: as above.
unsafe impl<K: Sync, V: Sync> Sync for Few<'_, K, V> {}

impl<K, V> Clone for Few<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for Few<'_, K, V> {}

impl<'g, K, V> Few<'g, K, V> {
    const NONE: Self = Self { nodes: [ptr::null(); ROOM], length: 0, entries: PhantomData };

    /// Gathers the entries of `home`, in place of those that there were. False, and none, if it is not simple.
    #[inline]
    fn gather(&mut self, table: Table<'g, K, V>, home: usize) -> bool {
        self.length = 0;
        let bucket = table.home_bucket(home);
        let meta = bucket.meta();
        if meta.is_frozen() {
            return false;
        }
        let length = match table.bound(meta) {
            0 => Some(self.of_bucket(bucket)),
            bound => self.of_buckets(table, home, bound),
        };
        let length = length.filter(|_| bucket.meta() == meta || without(Guarded::walk_again));
        self.length = length.unwrap_or(0);
        length.is_some()
    }

    /// The entries of a home that has none elsewhere. Returns how many they are.
    ///
    /// A MOVED word here is not one of them: the bound would cover the target, unless the entry has been removed since.
    #[inline(always)]
    fn of_bucket(&mut self, bucket: &'g Bucket<K, V>) -> usize {
        let mut length = 0;
        for i in 0..SLOTS {
            let word = bucket.slot(if without(Guarded::walk_backwards) { i } else { SLOTS - 1 - i }).load();
            // Without a branch, for nobody could tell which way it goes.
            self.nodes[length % ROOM] = word.node();
            length += usize::from(word.is_live_at(0));
        }
        length
    }

    /// The entries of a home in all buckets up to its bound. None if there are too many, or one is on its way.
    #[inline(never)]
    fn of_buckets(&mut self, table: Table<'g, K, V>, home: usize, bound: usize) -> Option<usize> {
        let mut length = 0;
        for i in 0..=bound {
            let displacement = if without(Guarded::walk_leftwards) { i } else { bound - i };
            for (_, word) in table.bucket(home + displacement).of_home(displacement) {
                if word.is_live_at(displacement) {
                    *self.nodes.get_mut(length)? = word.node();
                    length += 1;
                } else if !without(Guarded::walk_settled) {
                    return None;
                }
            }
        }
        Some(length)
    }

    #[inline]
    fn pop(&mut self) -> Option<&'g Node<K, V>> {
        self.length = self.length.checked_sub(1)?;
        // SAFETY: LIVE as of its load, so it is freed after the guard of the operation that found it is gone.
        Some(unsafe { &*self.nodes[self.length % ROOM] })
    }

    /// All that are left.
    #[inline]
    fn drain(&mut self) -> impl Iterator<Item = &'g Node<K, V>> {
        let length = std::mem::take(&mut self.length);
        // SAFETY: as in `pop`.
        self.nodes.iter().take(length).map(|&node| unsafe { &*node })
    }
}

impl<'g, K: Hash + Eq, V> Walk<'g, K, V> {
    /// Over the entries whose hashes are in `hashes`.
    pub(crate) fn new(hashes: RangeInclusive<u64>) -> Self {
        Self { position: Some(*hashes.start()), last: *hashes.end(), simple: Few::NONE, batch: Vec::new() }
    }

    /// Where the next home begins that has not been visited; None at the end.
    pub(crate) fn position(&self) -> Option<u64> {
        self.position
    }

    /// Yields what is left of this home, or the next home. None at the end.
    pub(crate) fn next_home<S: BuildHasher>(
        &mut self,
        op: Op<'g, K, V, S>,
    ) -> Option<impl Iterator<Item = &'g Node<K, V>>> {
        if self.simple.length == 0 && self.batch.is_empty() {
            self.visit(op, self.position?);
        }
        Some(self.simple.drain().chain(self.batch.drain(..).map(|entry| entry.node())))
    }

    #[inline]
    pub(crate) fn next<S: BuildHasher>(&mut self, op: Op<'g, K, V, S>) -> Option<&'g Node<K, V>> {
        loop {
            if let Some(node) = self.simple.pop() {
                return Some(node);
            }
            if let Some(entry) = self.batch.pop() {
                return Some(entry.node());
            }
            self.visit(op, self.position?);
        }
    }

    /// What [`next`](Self::next) would yield until the end, without putting the rest of a home aside after each entry.
    #[inline]
    pub(crate) fn fold<S: BuildHasher, A>(
        mut self,
        op: Op<'g, K, V, S>,
        mut result: A,
        mut step: impl FnMut(A, &'g Node<K, V>) -> A,
    ) -> A {
        loop {
            result = self.simple.drain().fold(result, &mut step);
            result = self.batch.drain(..).fold(result, |result, entry| step(result, entry.node()));
            let Some(position) = self.position else { return result };
            self.visit(op, position);
        }
    }

    #[inline]
    fn visit<S: BuildHasher>(&mut self, op: Op<'g, K, V, S>, position: u64) {
        if !self.visit_simple(op, position) {
            self.visit_any(op, position);
        }
    }

    /// Gathers the entries of the home of `position` and moves the position to its end, if the oldest table answers
    /// for it, it is simple, and all of it is wanted.
    #[inline]
    fn visit_simple<S: BuildHasher>(&mut self, op: Op<'g, K, V, S>, position: u64) -> bool {
        let Some(table) = op.core().root(op.guard) else { return false };
        let offsets = u64::MAX >> table.log2();
        let last_of_home = position | offsets;
        if position & offsets != 0 || self.last < last_of_home {
            return false;
        }
        let home = table.home(position);
        prefetch_ahead(table, home);
        if !self.simple.gather(table, home) {
            return false;
        }
        self.position = (last_of_home < self.last).then(|| last_of_home + 1);
        true
    }

    /// Gathers the entries of the home of `position` and moves the position to its end. If `Hash` or `Eq` panics, the
    /// home has not been visited.
    #[inline(never)]
    fn visit_any<S: BuildHasher>(&mut self, op: Op<'g, K, V, S>, position: u64) {
        let mut fresh = Self { batch: std::mem::take(&mut self.batch), ..*self };
        fresh.visit_once(op, position);
        *self = fresh;
    }

    fn visit_once<S: BuildHasher>(&mut self, op: Op<'g, K, V, S>, position: u64) {
        let Some(mut table) = op.core().root(op.guard) else {
            self.position = None;
            return;
        };
        while !self.gather(op, table, table.home(position)) {
            self.batch.clear();
            table = table.successor();
        }
        if self.batch.iter().any(Gathered::has_changed) && !without(Guarded::walk_duplicates) {
            self.drop_duplicates();
        }
        let offsets = u64::MAX >> table.log2();
        let (first_of_home, last_of_home) = (position & !offsets, position | offsets);
        if (first_of_home < position || self.last < last_of_home) && !without(Guarded::walk_merged) {
            // The table has shrunk, and the first part of this home was visited in a larger one; or the range ends here.
            let wanted = position..=self.last;
            self.batch.retain(|entry| wanted.contains(&op.hash(entry.node().key())));
        }
        self.position = (last_of_home < self.last).then(|| last_of_home + 1);
    }

    /// Gathers the entries of `home` in `table`. False if the next table answers for it.
    fn gather<S: BuildHasher>(&mut self, op: Op<'g, K, V, S>, table: Table<'g, K, V>, home: usize) -> bool {
        let mut next = 0;
        loop {
            let meta = table.home_bucket(home).meta();
            if meta.is_migrated() {
                return false;
            }
            let bound = table.bound(meta);
            if next > bound || (next > 0 && without(Guarded::walk_bound)) {
                return true;
            }
            for displacement in next..=bound {
                if !self.gather_bucket(op, table, home, displacement) {
                    return true;
                }
            }
            next = bound + 1;
        }
    }

    /// Gathers the entries of `home` in one bucket. False: the home bucket was never full, so there are none further right.
    fn gather_bucket<S: BuildHasher>(
        &mut self,
        op: Op<'g, K, V, S>,
        table: Table<'g, K, V>,
        home: usize,
        displacement: usize,
    ) -> bool {
        let index = home + displacement;
        for slot in table.bucket(index).slots() {
            let word = slot.load();
            let here = match word.state() {
                State::Empty if displacement == 0 => return false,
                State::Live | State::Frozen => word.displacement() == displacement,
                // SAFETY: as in `Gathered::node`.
                State::Cross => table.home(op.hash(unsafe { &*word.node() }.key())) == home,
                State::Moved if without(Guarded::walk_moved) => false,
                State::Moved if without(Guarded::walk_arrived) => true,
                State::Moved => {
                    // The move is decided, and while the target is COPY, this word is the entry.
                    let target = word.target();
                    let copy = table.bucket(index + target.buckets).slot(target.slot).load();
                    copy.is_copy_of(word.node()) && copy.displacement() == displacement + target.buckets
                }
                _ => false,
            };
            if here {
                self.batch.push(Gathered { slot, word });
            }
        }
        true
    }

    /// Keeps one entry of each key.
    fn drop_duplicates(&mut self) {
        let mut kept = 0;
        for i in 0..self.batch.len() {
            let key = self.batch[i].node().key();
            if !self.batch[..kept].iter().any(|entry| entry.node().key() == key) {
                self.batch.swap(kept, i);
                kept += 1;
            }
        }
        self.batch.truncate(kept);
    }
}

/// Starts to fetch nodes of homes to come.
#[inline]
fn prefetch_ahead<K, V>(table: Table<'_, K, V>, home: usize) {
    if outgrows_caches(table.log2()) {
        table.bucket(home + AHEAD).prefetch_nodes();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hasher};

    use super::*;
    use crate::HashMap;
    use crate::raw::spread;

    /// Ranges that begin and end anywhere, in homes of any width: each entry is in one.
    #[test]
    fn ranges_split_the_entries() {
        let map: HashMap<u64, u64, BuildHasherDefault<DefaultHasher>> = HashMap::default();
        let mut cuts: Vec<u64> = (0..40).map(|i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ i << 59).collect();
        cuts.sort_unstable();
        for n in [0, 1, 30, if cfg!(miri) { 60 } else { 1000 }] {
            (&map).extend((map.len() as u64..n).map(|key| (key, key)));
            let guard = map.guard();
            let op = map.op(&guard);
            let ranges = cuts.iter().enumerate().map(|(i, &first)| match cuts.get(i + 1) {
                Some(&next) => first..=next - 1,
                None => first..=u64::MAX,
            });
            let (mut keys, mut rests) = (Vec::new(), Vec::new());
            for range in ranges {
                let mut walk = Walk::new(range.clone());
                let of_range = keys.len();
                while let Some(node) = walk.next(op) {
                    assert!(range.contains(&op.hash(node.key())));
                    keys.push(*node.key());
                    let rest = walk.clone().fold(op, 0, |number, _| number + 1);
                    rests.push(keys.len() + rest);
                }
                assert!(rests.drain(..).all(|all| all == keys.len()), "of {} entries", keys.len() - of_range);
            }
            keys.sort_unstable();
            assert!(keys.into_iter().eq(0..n), "of {n}");
        }
    }

    /// What has been gathered twice is kept once, in whatever order it was met.
    #[test]
    fn duplicates_are_dropped() {
        let map = twenty();
        let guard = map.guard();
        let op = map.op(&guard);
        for in_pairs in [false, true] {
            let mut walk = gathered(op, 2);
            if in_pairs {
                walk.batch.sort_by_key(|entry| *entry.node().key());
            }
            assert_eq!(walk.batch.len(), 40);
            walk.drop_duplicates();
            assert_eq!(keys(&walk.batch), Vec::from_iter(0..20));
        }
    }

    /// An entry that has been replaced and one that has been removed, and no other.
    #[test]
    fn entries_that_have_changed() {
        let map = twenty();
        let guard = map.guard();
        let mut walk = gathered(map.op(&guard), 1);
        assert!(!walk.batch.iter().any(Gathered::has_changed));
        map.pin().insert(3, 4);
        map.pin().remove(&5);
        walk.batch.retain(Gathered::has_changed);
        assert_eq!(keys(&walk.batch), [3, 5]);
    }

    fn twenty() -> HashMap<u64, u64> {
        let map = HashMap::default();
        map.pin().reserve(100);
        (&map).extend((0..20).map(|key| (key, key)));
        map
    }

    /// A walk that has gathered all homes so many times, and yielded nothing.
    fn gathered<'g, S>(op: Op<'g, u64, u64, S>, times: usize) -> Walk<'g, u64, u64>
    where
        S: BuildHasher,
    {
        let table = op.core().root(op.guard).unwrap();
        let mut walk = Walk::new(0..=u64::MAX);
        for home in (0..table.buckets()).cycle().take(times * table.buckets()) {
            assert!(walk.gather(op, table, home));
        }
        walk
    }

    fn keys(batch: &[Gathered<'_, u64, u64>]) -> Vec<u64> {
        let mut keys: Vec<u64> = batch.iter().map(|entry| *entry.node().key()).collect();
        keys.sort_unstable();
        keys
    }

    /// Keys have their own hashes.
    #[derive(Default)]
    struct Identity(u64);

    impl Hasher for Identity {
        fn write(&mut self, _: &[u8]) {
            unreachable!("keys are integers");
        }

        fn write_u64(&mut self, key: u64) {
            self.0 = key;
        }

        fn finish(&self) -> u64 {
            self.0
        }
    }

    /// The last hashes of a home, and its first: none belongs to a neighbour, and none to two.
    #[test]
    fn hashes_at_the_ends_of_homes() {
        // The inverse of `spread`, by Newton's method.
        let factor = spread(1);
        let inverse = (0..5).fold(factor, |x, _| x.wrapping_mul(2_u64.wrapping_sub(x.wrapping_mul(factor))));
        let map: HashMap<u64, (), BuildHasherDefault<Identity>> = HashMap::default();
        map.pin().reserve(8 * SLOTS);
        let guard = map.guard();
        let op = map.op(&guard);
        let log2 = op.core().root(&guard).unwrap().log2();
        // Every other home, so that the entries are all at home and the table is large enough.
        let mut hashes = Vec::new();
        for home in (0..1_u64 << log2).step_by(2) {
            let (first, last) = (home << (64 - log2), home << (64 - log2) | u64::MAX >> log2);
            hashes.extend([last, last - 1, first, first + 1].into_iter().take(SLOTS));
        }
        for hash in &hashes {
            map.pin().insert(hash.wrapping_mul(inverse), ());
        }
        assert_eq!(op.core().root(&guard).unwrap().log2(), log2);
        hashes.sort_unstable();
        let found = |range: RangeInclusive<u64>| {
            let mut walk = Walk::new(range);
            let mut found: Vec<u64> =
                std::iter::from_fn(|| walk.next(op)).map(|node| op.hash(node.key())).collect();
            found.sort_unstable();
            found
        };
        assert_eq!(found(0..=u64::MAX), hashes);
        for (i, &first) in hashes.iter().enumerate().step_by(if cfg!(miri) { 9 } else { 1 }) {
            for (j, &last) in hashes.iter().enumerate().skip(i) {
                assert_eq!(found(first..=last), hashes[i..=j]);
            }
        }
    }
}
