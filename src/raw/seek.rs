//! A writer's search: as the reader's, but it completes the moves that it meets and returns the slot.

use std::hash::{BuildHasher, Hash};
use std::ops::Range;

use equivalent::Equivalent;

use super::bucket::Slot;
use super::core::Op;
use super::guards::{Guarded, without};
use super::local;
use super::meta::Meta;
use super::node::Node;
use super::probe::Selected;
use super::table::Table;
use super::word::{State, Word, readable_tag};

/// What a writer's search came upon.
pub(super) enum Seek<'g, K, V> {
    /// The key's slot.
    Live(Entry<'g, K, V>),
    /// The key is here, in a home that is being migrated: help, then start again.
    Frozen,
    /// The key was not met, and this slot of its home bucket was EMPTY before it was looked for. The key is absent if the slot
    /// is EMPTY still: an insertion finds that out by its exchange, others must look again.
    Vacant(usize),
    /// The key is in none of the buckets that were asked for.
    Absent,
}

/// A slot and the LIVE word that was found in it.
pub(super) struct Entry<'g, K, V> {
    pub(super) slot: &'g Slot<K, V>,
    pub(super) word: Word<Node<K, V>>,
    pub(super) displacement: usize,
}

impl<'g, K, V> Entry<'g, K, V> {
    pub(super) fn node(&self) -> &'g Node<K, V> {
        // SAFETY: LIVE as of its load, so it is freed after the guard of the operation that found it is gone.
        unsafe { &*self.word.node() }
    }
}

/// The entry of `key`, if it is the first of those that were selected because of their tag.
#[inline(always)]
pub(super) fn first_of<'g, K, V, Q>(
    alike: Selected<'g, K, V>,
    tag: u16,
    displacement: usize,
    key: &Q,
) -> Option<Entry<'g, K, V>>
where
    Q: Equivalent<K> + ?Sized,
{
    let (slot, word) = alike.first()?;
    // SAFETY: a LIVE word's node is in the map as of its load, so it is freed after the guard is gone that keeps the
    // bucket.
    let node = unsafe { &*word.live_node(tag)? };
    key.equivalent(node.key()).then_some(Entry { slot, word, displacement })
}

impl<'g, K: Hash, V, S: BuildHasher> Op<'g, K, V, S> {
    /// Looks for `key` in the buckets `displacements` right of its home.
    #[inline]
    pub(super) fn seek<Q>(
        self,
        table: Table<'g, K, V>,
        hash: u64,
        key: &Q,
        displacements: Range<usize>,
    ) -> Seek<'g, K, V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let home = table.home(hash);
        let fingerprint = table.fingerprint(hash);
        for displacement in displacements {
            let index = home + displacement;
            let bucket = table.bucket(index);
            // Before the probe: were another thread to insert the key here after it, this slot would be taken.
            let vacant = if displacement == 0 { bucket.first_empty() } else { None };
            for (slot, word) in bucket.with_tag(readable_tag(fingerprint, displacement)) {
                // SAFETY: LIVE as of its load.
                if word.is_live() && key.equivalent(unsafe { &*word.node() }.key()) {
                    return Seek::Live(Entry { slot: bucket.slot(slot), word, displacement });
                }
            }
            for (slot, word) in bucket.in_transit() {
                match word.state() {
                    State::Moved if without(Guarded::seek_moved) => {}
                    State::Moved => self.finish_move(table, index, bucket.slot(slot), word),
                    State::Frozen if word.displacement() != displacement => {}
                    // SAFETY: the node is in the map, or in limbo until this table is freed.
                    State::Frozen | State::Cross if key.equivalent(unsafe { &*word.node() }.key()) => {
                        return Seek::Frozen;
                    }
                    _ => {}
                }
            }
            let vacant =
                if without(Guarded::empty_first) && displacement == 0 { bucket.first_empty() } else { vacant };
            if let Some(slot) = vacant {
                return Seek::Vacant(slot);
            }
        }
        Seek::Absent
    }

    /// Completes a move that its MOVED word, in `slot` of bucket `index`, has decided.
    pub(super) fn finish_move(
        self,
        table: Table<'g, K, V>,
        index: usize,
        slot: &Slot<K, V>,
        word: Word<Node<K, V>>,
    ) {
        if without(Guarded::target_first) {
            slot.exchange(word, tomb());
        }
        table.moved_to(index, word).publish_copy_of(word.node());
        slot.exchange(word, tomb());
    }

    /// Completes the insertion that the meta word `meta` of `home` has committed last, if it still needs that.
    ///
    /// The slot may hold a later insertion's PENDING by now. If that is one of this home, it has not committed as long as
    /// `meta` stands, and it does not take a slot that `meta` names (see `insert.rs`): so the PENDING of this home that
    /// was in the slot while `meta` stood is the committed one. `meta` is therefore loaded again *after* the slot.
    pub(super) fn help_pend(self, table: Table<'g, K, V>, home: usize, meta: Meta) {
        let Some(at) = meta.pend() else { return };
        let slot = table.slot(home, at);
        let word = slot.load();
        if word.state() == State::Pending
            && (word.displacement() == at.displacement || without(Guarded::help_home))
            && (table.home_bucket(home).meta() == meta || without(Guarded::help_again))
        {
            slot.exchange(word, word.published());
        }
    }
}

/// A tombstone like no other.
#[inline]
pub(super) fn tomb<N>() -> Word<N> {
    Word::tomb(local::stamp())
}
