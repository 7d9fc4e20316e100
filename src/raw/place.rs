//! Where an entry goes that does not fit into its home bucket as it is: Robin Hood order, by buckets.

use std::hash::{BuildHasher, Hash};

use super::bucket::Slot;
use super::core::Op;
use super::evict::Moved;
use super::guards::{Guarded, without};
use super::meta::Position;
use super::migrate::Resize;
use super::node::Node;
use super::table::Table;
use super::word::{State, Word};

/// What the search for a slot came to.
pub(super) enum Place<'g, K, V> {
    /// This slot is free: `word` is the EMPTY or TOMB that it held.
    Free { slot: &'g Slot<K, V>, word: Word<Node<K, V>>, at: Position },
    /// Something changed, perhaps a slot was made free: look at everything again.
    Again,
    /// A home on the way is being migrated to a newer table: start again at the root.
    Restart,
    /// This group of the previous table must be placed before entries of other homes may enter its buckets.
    Unplaced(usize),
    /// No slot in reach.
    Full,
}

/// Whether an entry may be moved to make a slot free: only for those who are in the count, see `carry.rs`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Eviction {
    Allowed,
    Forbidden,
}

impl<'g, K: Hash, V, S: BuildHasher> Op<'g, K, V, S> {
    /// Looks for a slot for an entry of `home`, from displacement `first` on, and moves an entry that is nearer to its own
    /// home out of the way where that makes one. `filling` is the migration that fills `table`, if there is one.
    ///
    /// Rule R: while `table` is being filled, bucket B takes foreign entries only after the group that B is home to has
    /// been placed. Otherwise they could take slots that every helper of that group believes to be its own.
    pub(super) fn place(
        self,
        table: Table<'g, K, V>,
        filling: Option<Resize<'g, K, V>>,
        home: usize,
        first: usize,
        eviction: Eviction,
    ) -> Place<'g, K, V> {
        for displacement in first..=table.max_displacement() {
            let index = home + displacement;
            if displacement > 0 && !without(Guarded::rule_r_place) {
                if let Some(group) = filling.and_then(|resize| resize.unplaced_group(index)) {
                    return Place::Unplaced(group);
                }
            }
            let bucket = table.bucket(index);
            for (i, word) in bucket.vacant() {
                if matches!(word.state(), State::Empty | State::Tomb) {
                    let at = Position { displacement, slot: i };
                    return Place::Free { slot: bucket.slot(i), word, at };
                }
            }
            for (i, word) in bucket.in_transit() {
                if word.state() == State::Moved {
                    self.finish_move(table, index, bucket.slot(i), word);
                    return Place::Again;
                }
            }
            if displacement == 0 || eviction == Eviction::Forbidden {
                continue;
            }
            let mut victim: Option<(usize, Word<_>, usize)> = None;
            for (i, slot) in bucket.slots().iter().enumerate() {
                let word = slot.load();
                if word.is_live() {
                    let distance = word.displacement();
                    if distance < victim.map_or(displacement, |(_, _, least)| least) {
                        victim = Some((i, word, distance));
                    }
                }
            }
            if let Some((i, word, distance)) = victim {
                match self.evict(table, filling, index, bucket.slot(i), word, distance) {
                    Moved::Nowhere => {}
                    Moved::Again => return Place::Again,
                    Moved::Restart => return Place::Restart,
                    Moved::Unplaced(group) => return Place::Unplaced(group),
                }
            }
        }
        Place::Full
    }
}
