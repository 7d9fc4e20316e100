//! Overflow of a migration: entries that have no place in their new home bucket.
//!
//! Such an entry, FROZEN in the old table, moves to a slot further right in the new one, like an evicted entry (`evict.rs`)
//! and across tables:
//!
//! 1. target, free → COPY, marked as *carried*: reserves the slot. M0: the source is loaded again after the target's free word.
//! 2. meta of the new home: the bound covers the target.
//! 3. source, FROZEN → CROSS(target): decides. While the home is not MIGRATED, this word is the entry.
//! 4. target, COPY → LIVE.
//!
//! All helpers of a group do this for all of its overflow, each for itself, until the source is CROSS. Those that lose take
//! their COPY back.
//!
//! # Why there is room
//! A helper that is stopped after 1 holds a slot, and a table that is being filled cannot be replaced by a larger one. So
//! everything that holds one of its slots must be limited or must be something that others can undo:
//!
//! * Entries, and insertions under way (which hold one slot each, PENDING or the COPY of an eviction) are in the map's count
//!   before they take a slot, and go on only if the count is within the table's capacity, five slots in seven
//!   or fewer.
//! * So is a helper that evicts: it counts itself, and evicts only if the count is within the capacity.
//! * The COPYs of carried entries are for anyone who needs a slot to clear up ([`recover`](Op::recover)). One whose source
//!   is CROSS to elsewhere is nobody's: → TOMB. One whose source is still FROZEN is as good as one's own: decide for it.
//!
//! [`place`](super::place) looks from displacement 1 on, so the free slots must not all be in the entry's own home bucket. From
//! four buckets on, a table that is filled to its capacity has more free slots than one bucket has slots (a test in
//! `tuning.rs`). Smaller ones take no insertion before their migration is complete (`FEW_GROUPS`), and what overflows there has
//! the other bucket to itself.
//!
//! None of this asks a key for its hash: words tell all that is needed.
//!
//! Why a COPY may be adopted: its owner takes it back only after it has seen the source CROSS to elsewhere, and as long as the
//! source is FROZEN that has not happened. So from the load of COPY until FROZEN → CROSS succeeds the slot has
//! held the COPY, and afterwards the owner will not touch it but to publish it.

use std::hash::{BuildHasher, Hash};

use super::bucket::{Bucket, Slot};
use super::core::Op;
use super::count::Counted;
use super::guards::{Guarded, without};
use super::migrate::{Item, Resize};
use super::node::Node;
use super::place::{Eviction, Place};
use super::resize::too_many_collisions;
use super::seek::tomb;
use super::table::Table;
use super::word::{MAX_DISPLACEMENT, State, Target, Word};

/// A move across tables that is not decided yet.
struct Crossing<'g, K, V> {
    source: &'g Slot<K, V>,
    target: &'g Slot<K, V>,
    copy: Word<Node<K, V>>,
    /// The target, from the entry's new home.
    to: Target,
}

type Source<'g, K, V> = (&'g Slot<K, V>, Word<Node<K, V>>);

impl<K, V> Crossing<'_, K, V> {
    /// Does with the COPY what has been decided, if anything has.
    fn settle(&self) {
        let source = self.source.load();
        if source.state() == State::Cross {
            let here = source.target() == self.to && !without(Guarded::carry_adopted);
            let new = if here { self.copy.published() } else { tomb() };
            self.target.exchange(self.copy, new);
        }
    }
}

impl<'g, K: Hash, V, S: BuildHasher> Op<'g, K, V, S> {
    /// F4 for one entry, of a group that is PLACED.
    #[cold]
    pub(super) fn carry_over(self, resize: Resize<'g, K, V>, group: usize, item: &Item<'g, K, V>) {
        let table = resize.to;
        let _counted = Counted::new(&self.core().count, self.guard);
        let eviction = match self.core().count.sum(self.guard) <= table.capacity() {
            true => Eviction::Allowed,
            false => Eviction::Forbidden,
        };
        let mut recovered = false;
        loop {
            let frozen = item.slot.load();
            if frozen.state() == State::Cross {
                if !without(Guarded::cross_copy) {
                    publish_crossed(resize, group, frozen);
                }
                return;
            }
            let home = resize.new_homes(group).start + frozen.part();
            match self.place(table, Some(resize), home, 1, eviction) {
                Place::Free { slot: target, word: free, at } => {
                    if item.slot.load() != frozen && !without(Guarded::m0_carry) {
                        continue;
                    }
                    let copy = Word::carried(frozen.node(), item.fingerprint, at.displacement);
                    if target.exchange(free, copy) {
                        let to = Target { buckets: at.displacement, slot: at.slot };
                        self.decide_crossing(
                            table,
                            home,
                            frozen,
                            &Crossing { source: item.slot, target, copy, to },
                        );
                    }
                }
                Place::Unplaced(group) => self.make_placed(resize, group),
                // Where not all slots are in reach, those that are may be taken for good.
                Place::Full if recovered && table.mask() > MAX_DISPLACEMENT && item.slot.load() == frozen => {
                    too_many_collisions()
                }
                Place::Full if without(Guarded::carry_recover) => {}
                Place::Full => {
                    self.recover(resize);
                    recovered = true;
                }
                Place::Again | Place::Restart => {}
            }
        }
    }

    /// Steps 2 to 4, by the owner of the COPY or by one who adopts it.
    fn decide_crossing(
        self,
        table: Table<'g, K, V>,
        home: usize,
        frozen: Word<Node<K, V>>,
        crossing: &Crossing<'g, K, V>,
    ) {
        // A frozen home here means that the root has moved on, and so that the source is CROSS.
        if without(Guarded::carry_bound) || self.raise_bound(table, home, crossing.to.buckets) {
            crossing.source.exchange(frozen, frozen.cross(crossing.to));
        }
        crossing.settle();
    }

    /// Clears up the COPYs of carried entries, all over the new table. O(table), and needed only where that is full of the
    /// COPYs of stopped helpers, which takes more of them than a table of some size has entries.
    #[cold]
    fn recover(self, resize: Resize<'g, K, V>) {
        let table = resize.to;
        for (index, i, copy) in table.words().filter(|(_, _, word)| word.is_carried_copy()) {
            let to = Target { buckets: copy.displacement(), slot: i };
            let home = index.wrapping_sub(to.buckets) & table.mask();
            let Some((source, word)) = find_source(resize, resize.group_of_new_home(home), copy.node()) else {
                continue;
            };
            let crossing = Crossing { source, target: table.bucket(index).slot(i), copy, to };
            match word.state() {
                State::Frozen => self.decide_crossing(table, home, word, &crossing),
                _ => crossing.settle(),
            }
        }
    }
}

/// Step 4 of a move that `crossed` has decided, if that is of an entry of `group`: its target is COPY or has been published.
///
/// CROSS does not say which of the group's new homes it counts from. But only at the right one can the slot hold a COPY of this
/// node that is as far from its home.
fn publish_crossed<K, V>(resize: Resize<'_, K, V>, group: usize, crossed: Word<Node<K, V>>) {
    let Target { buckets, slot } = crossed.target();
    for home in resize.new_homes(group) {
        let target = resize.to.bucket(home + buckets).slot(slot);
        let copy = target.load();
        if copy.is_copy_of(crossed.node()) && copy.displacement() == buckets {
            target.exchange(copy, copy.published());
        }
    }
}

/// The slot of the old table that says FROZEN or CROSS of `node`, an entry of `group`, and its word.
fn find_source<'g, K, V>(
    resize: Resize<'g, K, V>,
    group: usize,
    node: *mut Node<K, V>,
) -> Option<Source<'g, K, V>> {
    let table = resize.from;
    let buckets = resize.old_homes(group).flat_map(|home| {
        let bound = table.bound(table.home_bucket(home).meta());
        (home..=home + bound).map(|index| table.bucket(index))
    });
    buckets.flat_map(Bucket::slots).find_map(|slot| {
        let word = slot.load();
        let named = matches!(word.state(), State::Frozen | State::Cross) && std::ptr::eq(word.node(), node);
        named.then_some((slot, word))
    })
}
