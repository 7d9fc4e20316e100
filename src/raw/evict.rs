//! The move of an entry to a bucket further right.
//!
//! Four words change, each by one compare-and-swap:
//!
//! 1. target, free → COPY: reserves the slot. Readers skip it.
//! 2. meta of the entry's home: the bound covers the target from now on, and the new version tells every insertion of
//!    this home that its search is out of date.
//! 3. source, LIVE → MOVED(target): decides the move. While the target is COPY, this word is the entry.
//! 4. target, COPY → LIVE; then source, MOVED → TOMB. Anyone may do these; a mover that stalls leaves a dead slot behind
//!    and no more.
//!
//! Only the mover writes COPY, decides, or gives up (COPY → TOMB). Before 3 the source is the entry, whatever happens to it
//! makes 3 fail, and the mover gives up. M0: the source is loaded again *after* the target's free word was read; were it
//! not, another mover could have moved the entry through this very slot, and out of it by removal, and our COPY would be a
//! second one for a decided move that has not been finished: the removed entry would come back.

use std::hash::{BuildHasher, Hash};

use super::bucket::Slot;
use super::core::Op;
use super::guards::{Guarded, without};
use super::migrate::Resize;
use super::node::Node;
use super::seek::tomb;
use super::table::Table;
use super::word::{State, Target, Word};

/// How the eviction of an entry ended. The first is for the caller to look further, the others as in
/// [`Place`](super::place::Place).
pub(super) enum Moved {
    Nowhere,
    Again,
    Restart,
    Unplaced(usize),
}

impl<'g, K: Hash, V, S: BuildHasher> Op<'g, K, V, S> {
    /// Moves the entry LIVE `word` out of `source`, in bucket `index`, `distance` buckets right of its home, to the first
    /// free slot further right.
    pub(super) fn evict(
        self,
        table: Table<'g, K, V>,
        filling: Option<Resize<'g, K, V>>,
        index: usize,
        source: &Slot<K, V>,
        word: Word<Node<K, V>>,
        distance: usize,
    ) -> Moved {
        let home = index.wrapping_sub(distance) & table.mask();
        for displacement in distance + 1..=table.max_displacement() {
            let bucket = home + displacement;
            let rule_r = filling.filter(|_| !without(Guarded::rule_r_evict));
            if let Some(group) = rule_r.and_then(|resize| resize.unplaced_group(bucket)) {
                return Moved::Unplaced(group);
            }
            let targets = table.bucket(bucket);
            for (i, free) in targets.vacant() {
                if matches!(free.state(), State::Empty | State::Tomb) {
                    let to = Target { buckets: displacement - distance, slot: i };
                    let target = targets.slot(i);
                    return self.move_entry(table, home, (source, word), (target, free), displacement, to);
                }
            }
            for (i, moved) in targets.in_transit() {
                if moved.state() == State::Moved {
                    self.finish_move(table, bucket, targets.slot(i), moved);
                    return Moved::Again;
                }
            }
        }
        Moved::Nowhere
    }

    fn move_entry(
        self,
        table: Table<'g, K, V>,
        home: usize,
        (source, live): (&Slot<K, V>, Word<Node<K, V>>),
        (target, free): (&Slot<K, V>, Word<Node<K, V>>),
        displacement: usize,
        to: Target,
    ) -> Moved {
        if source.load() != live && !without(Guarded::m0_evict) {
            return Moved::Again;
        }
        let copy = Word::copy(live.node(), live.fingerprint(), displacement);
        if !target.exchange(free, copy) {
            return Moved::Again;
        }
        if !without(Guarded::move_bound) && !self.raise_bound(table, home, displacement) {
            target.exchange(copy, tomb());
            return if without(Guarded::victim_restart) { Moved::Again } else { Moved::Restart };
        }
        let moved = live.moved(to);
        if !source.exchange(live, moved) {
            target.exchange(copy, tomb());
            return Moved::Again;
        }
        if without(Guarded::target_first) {
            source.exchange(moved, tomb());
        }
        target.exchange(copy, copy.published());
        source.exchange(moved, tomb());
        Moved::Again
    }

    /// Makes the bound of `home` cover `displacement`, and its version new in any case. Fails if the home is frozen.
    pub(super) fn raise_bound(self, table: Table<'g, K, V>, home: usize, displacement: usize) -> bool {
        let bucket = table.home_bucket(home);
        loop {
            let meta = bucket.meta();
            if meta.is_frozen() && !without(Guarded::move_frozen) {
                return false;
            }
            if without(Guarded::move_version) && meta.bound() >= displacement {
                return true;
            }
            if bucket.exchange_meta(meta, meta.bounding(displacement)) {
                return true;
            }
        }
    }
}
