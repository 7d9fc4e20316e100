//! The probe: which slots of a bucket may hold a key, by one comparison of all their tags.
//!
//! On x86-64 the bucket is read with four vector loads and compared at once: a loop over seven words costs a
//! mispredicted branch on most lookups, and its length hides the next cache miss from the processor.
//!
//! Rust's atomics have no vector loads, and a plain vector load of memory that others write is undefined behaviour, so the
//! loads are inline assembly, which the compiler takes for an access that it knows nothing about. Each 8-byte lane of an
//! aligned 16-byte load is read whole on every x86-64 processor, and loads are not reordered with loads: the four loads are
//! eight acquiring loads of one word each, in no particular order among themselves, which is all that is asked of one
//! bucket (entries move only from bucket to bucket).
//!
//! A mask is a hint: whoever follows it loads the slot again, as an atomic, and goes by what that says. Only the *absence*
//! of a bit is taken at its word, and what a probe says of all other slots ("if no slot has this tag").

// Where the other is in use, only the test of their agreement needs this one.
#[allow(dead_code)]
mod scalar;
#[cfg(all(
    target_arch = "x86_64",
    target_feature = "sse2",
    not(any(loom, miri, loxley_scalar, loxley_slots = "1", loxley_slots = "2"))
))]
mod sse2;

use super::bucket::{Bucket, Slot};
use super::node::Node;
use super::word::{Word, is_readable};

#[cfg(not(all(
    target_arch = "x86_64",
    target_feature = "sse2",
    not(any(loom, miri, loxley_scalar, loxley_slots = "1", loxley_slots = "2"))
)))]
use self::scalar as vector;
#[cfg(all(
    target_arch = "x86_64",
    target_feature = "sse2",
    not(any(loom, miri, loxley_scalar, loxley_slots = "1", loxley_slots = "2"))
))]
use self::sse2 as vector;

/// The slots that a probe selected, lowest first, each with a fresh load of its word.
pub(crate) struct Selected<'t, K, V> {
    bucket: &'t Bucket<K, V>,
    mask: u32,
}

/// A look at a home bucket, for a (readable) tag.
pub(crate) enum Look<'t, K, V> {
    /// These slots have it.
    Alike(Selected<'t, K, V>),
    /// None has it, and this is the first that was never used.
    Vacant(usize),
    /// None has it, and all have been used, or are SEALED.
    Full,
}

impl<K, V> Bucket<K, V> {
    /// The slots whose tag is `tag`, a readable one.
    #[inline(always)]
    pub(crate) fn with_tag(&self, tag: u16) -> Selected<'_, K, V> {
        debug_assert!(is_readable(tag));
        Selected { bucket: self, mask: vector::tagged(self, tag) }
    }

    /// The slots that were never used: a suffix of the bucket, for everyone takes the first one.
    #[inline(always)]
    pub(crate) fn empty_slots(&self) -> Selected<'_, K, V> {
        Selected { bucket: self, mask: vector::empty(self) }
    }

    /// The first of them.
    #[inline(always)]
    pub(crate) fn first_empty(&self) -> Option<usize> {
        let mask = vector::empty(self);
        (mask != 0).then(|| vector::index_of_bit(mask.trailing_zeros()))
    }

    /// The slots in state EMPTY, SEALED or TOMB.
    #[inline(always)]
    pub(crate) fn vacant(&self) -> Selected<'_, K, V> {
        Selected { bucket: self, mask: vector::vacant(self) }
    }

    /// The slots where entries of the home `displacement` buckets to the left are, or may be: those with such an entry, and
    /// those in state FROZEN, COPY, MOVED or CROSS.
    #[inline(always)]
    pub(crate) fn of_home(&self, displacement: usize) -> Selected<'_, K, V> {
        Selected { bucket: self, mask: vector::of_home(self, displacement) }
    }

    /// What a writer needs to know of its home bucket; by one and the same load of each slot.
    #[inline(always)]
    pub(crate) fn look(&self, tag: u16) -> Look<'_, K, V> {
        debug_assert!(is_readable(tag));
        let (alike, empty) = vector::look(self, tag);
        if alike != 0 {
            Look::Alike(Selected { bucket: self, mask: alike })
        } else if empty != 0 {
            Look::Vacant(vector::index_of_bit(empty.trailing_zeros()))
        } else {
            Look::Full
        }
    }

    /// The tombstones, if all other slots are LIVE and none has this (readable) tag; by one and the same load of each slot.
    #[inline(always)]
    pub(crate) fn tombstones(&self, tag: u16) -> Option<Selected<'_, K, V>> {
        debug_assert!(is_readable(tag));
        vector::tombstones(self, tag).map(|mask| Selected { bucket: self, mask })
    }

    /// The slots whose tag is `tag`, a readable one, and whether all slots are settled, which is LIVE or vacant; by one and
    /// the same load of each slot.
    #[inline(always)]
    pub(crate) fn look_displaced(&self, tag: u16) -> (Selected<'_, K, V>, bool) {
        debug_assert!(is_readable(tag));
        let (mask, settled) = vector::look_displaced(self, tag);
        (Selected { bucket: self, mask }, settled)
    }

    /// The slots in state FROZEN, COPY, MOVED or CROSS.
    #[inline(always)]
    pub(crate) fn in_transit(&self) -> Selected<'_, K, V> {
        Selected { bucket: self, mask: vector::in_transit(self) }
    }
}

impl<'t, K, V> Selected<'t, K, V> {
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.mask == 0
    }

    /// The first slot and its word.
    #[inline(always)]
    #[allow(clippy::type_complexity)]
    pub(crate) fn first(&self) -> Option<(&'t Slot<K, V>, Word<Node<K, V>>)> {
        if self.mask == 0 {
            return None;
        }
        // SAFETY: the probes set only the bits of slots.
        let slot = unsafe { vector::slot_of_bit(self.bucket, self.mask.trailing_zeros()) };
        Some((slot, slot.load()))
    }

    /// On to the next slot.
    #[inline(always)]
    pub(crate) fn drop_first(&mut self) {
        self.mask &= !(vector::ONE_SLOT << self.mask.trailing_zeros());
    }
}

impl<K, V> Iterator for Selected<'_, K, V> {
    type Item = (usize, Word<Node<K, V>>);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let (_, word) = self.first()?;
        let i = vector::index_of_bit(self.mask.trailing_zeros());
        self.drop_first();
        Some((i, word))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::raw::fingerprint::Fingerprint;
    use crate::raw::word::{MAX_DISPLACEMENT, SLOTS, Target, readable_tag};
    use std::ptr;

    /// Any sequence of bits will do as long as it is the same each time.
    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state ^ *state >> 33
    }

    fn any_word(x: u64) -> Word<Node<u64, u64>> {
        let node = ptr::without_provenance_mut((x as usize >> 16) & 0x0000_FFFF_FFFF_FFF8);
        // Few fingerprints and displacements, so that equal tags are common.
        let (fp, d) = (Fingerprint::from_bits(x as u16 & 1), (x >> 1 & 1) as usize);
        let live = Word::live(node, fp, d);
        let target = Target { buckets: (x >> 40) as usize & 4095, slot: (x >> 52) as usize % 7 };
        match x >> 2 & 15 {
            0 => Word::EMPTY,
            1 => Word::SEALED,
            2 => Word::tomb(x >> 4),
            3 => Word::pending(node, fp, d),
            4 => live.frozen((x >> 40) as usize & 4095, (x >> 52) as usize & 3),
            5 => Word::copy(node, fp, d),
            6 => live.moved(target),
            7 => live.cross(target),
            _ => live,
        }
    }

    /// A vector's mask as a scalar one.
    fn slots_of(mut mask: u32) -> u32 {
        let mut slots = 0;
        while mask != 0 {
            let bit = mask.trailing_zeros();
            assert_eq!(mask >> bit & vector::ONE_SLOT, vector::ONE_SLOT);
            mask &= !(vector::ONE_SLOT << bit);
            slots |= 1 << vector::index_of_bit(bit);
        }
        slots
    }

    #[test]
    fn vector_and_scalar_probe_agree() {
        let mut seed = 1;
        let mut hits = 0;
        for round in 0..100_000 {
            // SAFETY: a bucket is atomics, for which all bits zero is a value.
            let bucket: Bucket<u64, u64> = unsafe { std::mem::zeroed() };
            for slot in bucket.slots() {
                assert!(slot.exchange(Word::EMPTY, any_word(random(&mut seed))));
            }
            // The meta word must never show, whatever it holds.
            let meta = super::super::meta::Meta::from_bits(random(&mut seed) >> 1);
            assert!(bucket.exchange_meta(bucket.meta(), meta));
            let mut tags: Vec<u16> =
                (0..4).map(|x| readable_tag(Fingerprint::from_bits(x as u16 & 1), x as usize >> 1)).collect();
            tags.extend([0, u16::MAX, random(&mut seed) as u16, (meta.bits() >> 48) as u16]);
            for tag in tags.into_iter().map(|tag| tag | 1 << 15) {
                let mask = scalar::tagged(&bucket, tag);
                assert_eq!(slots_of(vector::tagged(&bucket, tag)), mask, "round {round}, tag {tag:x}, {meta:?}");
                hits += mask.count_ones();
                let (alike, empty) = vector::look(&bucket, tag);
                assert_eq!((slots_of(alike), slots_of(empty)), scalar::look(&bucket, tag), "round {round}");
                assert_eq!(
                    vector::tombstones(&bucket, tag).map(slots_of),
                    scalar::tombstones(&bucket, tag),
                    "round {round}"
                );
                let (alike, settled) = vector::look_displaced(&bucket, tag);
                assert_eq!((slots_of(alike), settled), scalar::look_displaced(&bucket, tag), "round {round}");
            }
            for d in [0, 1, 5, 6, 40, MAX_DISPLACEMENT] {
                let mask = scalar::of_home(&bucket, d);
                assert_eq!(slots_of(vector::of_home(&bucket, d)), mask, "round {round}, d {d}");
            }
            assert_eq!(slots_of(vector::empty(&bucket)), scalar::empty(&bucket), "round {round}");
            assert_eq!(slots_of(vector::vacant(&bucket)), scalar::vacant(&bucket), "round {round}");
            assert_eq!(slots_of(vector::in_transit(&bucket)), scalar::in_transit(&bucket), "round {round}");
        }
        assert!(hits > 10_000 * SLOTS as u32, "the test compares nothing: {hits}");
    }
}
