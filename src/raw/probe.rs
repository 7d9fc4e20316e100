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
//! of a bit is taken at its word.

use super::bucket::Bucket;
use super::node::Node;
use super::word::{SLOTS, State, Word};

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

impl<K, V> Bucket<K, V> {
    /// The slots whose tag is `tag`.
    #[inline(always)]
    pub(crate) fn with_tag(&self, tag: u16) -> Selected<'_, K, V> {
        Selected { bucket: self, mask: vector::tagged(self, tag) }
    }

    /// The first slot that was never used. EMPTY slots are a suffix of the bucket, for everyone takes the first one.
    #[inline(always)]
    pub(crate) fn first_empty(&self) -> Option<usize> {
        let mask = vector::empty(self);
        (mask != 0).then(|| vector::slot_of_bit(mask.trailing_zeros()))
    }

    /// The slots in state EMPTY, SEALED or TOMB.
    #[inline(always)]
    pub(crate) fn vacant(&self) -> Selected<'_, K, V> {
        Selected { bucket: self, mask: vector::vacant(self) }
    }

    /// The slots in state FROZEN, COPY, MOVED or CROSS.
    #[inline(always)]
    pub(crate) fn in_transit(&self) -> Selected<'_, K, V> {
        Selected { bucket: self, mask: vector::in_transit(self) }
    }
}

impl<K, V> Iterator for Selected<'_, K, V> {
    type Item = (usize, Word<Node<K, V>>);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.mask == 0 {
            return None;
        }
        let bit = self.mask.trailing_zeros();
        self.mask &= !(vector::ONE_SLOT << bit);
        let i = vector::slot_of_bit(bit);
        // SAFETY: the probes set only the bits of slots.
        let slot = unsafe { self.bucket.slots().get_unchecked(i) };
        Some((i, slot.load()))
    }
}

/// One load a slot, no branches. Masks have one bit for each slot.
#[allow(dead_code)] // Where the other is in use, only the test of their agreement needs this one.
mod scalar {
    use super::*;

    pub(super) const ONE_SLOT: u32 = 1;

    #[inline(always)]
    pub(super) fn slot_of_bit(bit: u32) -> usize {
        bit as usize
    }

    fn select<K, V>(bucket: &Bucket<K, V>, test: impl Fn(Word<Node<K, V>>) -> bool) -> u32 {
        (0..SLOTS).fold(0, |mask, i| mask | u32::from(test(bucket.slot(i).load())) << i)
    }

    #[inline(always)]
    pub(super) fn tagged<K, V>(bucket: &Bucket<K, V>, tag: u16) -> u32 {
        select(bucket, |word| word.tag() == tag)
    }

    #[inline(always)]
    pub(super) fn empty<K, V>(bucket: &Bucket<K, V>) -> u32 {
        select(bucket, |word| word.is_empty())
    }

    #[inline(always)]
    pub(super) fn vacant<K, V>(bucket: &Bucket<K, V>) -> u32 {
        select(bucket, |word| matches!(word.state(), State::Empty | State::Sealed | State::Tomb))
    }

    #[inline(always)]
    pub(super) fn in_transit<K, V>(bucket: &Bucket<K, V>) -> u32 {
        select(bucket, |word| matches!(word.state(), State::Frozen | State::Copy | State::Moved | State::Cross))
    }
}

#[cfg(all(
    target_arch = "x86_64",
    target_feature = "sse2",
    not(any(loom, miri, loxley_scalar, loxley_slots = "1", loxley_slots = "2"))
))]
mod sse2 {
    //! Masks have two bits for each word of the bucket; those of the first, the meta word, are never set.

    use super::*;
    use core::arch::{asm, x86_64::*};

    pub(super) const ONE_SLOT: u32 = 0b11;

    #[inline(always)]
    pub(super) fn slot_of_bit(bit: u32) -> usize {
        bit as usize / 2 - 1
    }

    /// The even (LOW) or odd (HIGH) 32-bit lanes of two vectors.
    const LOW: i32 = 0b10_00_10_00;
    const HIGH: i32 = 0b11_01_11_01;

    /// Half `HALF` of each of the bucket's eight words, four to a vector.
    #[inline(always)]
    fn halves<const HALF: i32, K, V>(bucket: &Bucket<K, V>) -> [__m128i; 2] {
        let (a, b, c, d): (__m128, __m128, __m128, __m128);
        // SAFETY: a bucket is 64 readable bytes, aligned to 64. The block does not claim `pure` or `readonly`, so the
        // compiler moves no access of memory across it.
        unsafe {
            asm!(
                "movaps {a}, [{p}]",
                "movaps {b}, [{p} + 16]",
                "movaps {c}, [{p} + 32]",
                "movaps {d}, [{p} + 48]",
                p = in(reg) std::ptr::from_ref(bucket),
                a = out(xmm_reg) a,
                b = out(xmm_reg) b,
                c = out(xmm_reg) c,
                d = out(xmm_reg) d,
                options(nostack, preserves_flags),
            );
        }
        // SAFETY: SSE2, which the module's cfg asks for.
        unsafe { [_mm_castps_si128(_mm_shuffle_ps::<HALF>(a, b)), _mm_castps_si128(_mm_shuffle_ps::<HALF>(c, d))] }
    }

    /// The mask of eight 16-bit lanes that are all ones or zero.
    #[inline(always)]
    fn slots(lanes: __m128i) -> u32 {
        // SAFETY: as above.
        unsafe { _mm_movemask_epi8(lanes) as u32 & !ONE_SLOT }
    }

    #[inline(always)]
    pub(super) fn tagged<K, V>(bucket: &Bucket<K, V>, tag: u16) -> u32 {
        let [a, b] = halves::<HIGH, K, V>(bucket);
        // SAFETY: as above. The shift is arithmetic, so the saturating pack keeps the upper 16 bits as they are.
        unsafe {
            let tags = _mm_packs_epi32(_mm_srai_epi32::<16>(a), _mm_srai_epi32::<16>(b));
            slots(_mm_cmpeq_epi16(tags, _mm_set1_epi16(tag as i16)))
        }
    }

    /// The slots of which `mask` selects just `bits`; all in the lower half of a word.
    #[inline(always)]
    fn low_bits<K, V>(bucket: &Bucket<K, V>, mask: usize, bits: usize) -> u32 {
        let [a, b] = halves::<LOW, K, V>(bucket);
        // SAFETY: as above.
        unsafe {
            let (mask, bits) = (_mm_set1_epi32(mask as i32), _mm_set1_epi32(bits as i32));
            let test = |x| _mm_cmpeq_epi32(_mm_and_si128(x, mask), bits);
            slots(_mm_packs_epi32(test(a), test(b)))
        }
    }

    /// EMPTY is the only word whose lower half is zero: all others have a state, or are SEALED.
    #[inline(always)]
    pub(super) fn empty<K, V>(bucket: &Bucket<K, V>) -> u32 {
        low_bits(bucket, usize::MAX, 0)
    }

    #[inline(always)]
    pub(super) fn vacant<K, V>(bucket: &Bucket<K, V>) -> u32 {
        low_bits(bucket, 0b110, 0)
    }

    #[inline(always)]
    pub(super) fn in_transit<K, V>(bucket: &Bucket<K, V>) -> u32 {
        low_bits(bucket, 0b100, 0b100)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::raw::word::{Fingerprint, Target, readable_tag};
    use std::ptr;

    /// Any sequence of bits will do as long as it is the same each time.
    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state ^ *state >> 33
    }

    fn any_word(x: u64) -> Word<Node<u64, u64>> {
        let node = ptr::without_provenance_mut((x as usize >> 16) & 0x0000_FFFF_FFFF_FFF8);
        // Few fingerprints and displacements, so that equal tags are common.
        let (fp, d) = (Fingerprint::of((x & 1) << 21), (x >> 1 & 1) as usize);
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
            slots |= 1 << vector::slot_of_bit(bit);
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
            let meta = super::super::meta::Meta::from_bits(random(&mut seed));
            assert!(bucket.exchange_meta(bucket.meta(), meta));
            let mut tags: Vec<u16> =
                (0..4).map(|x| readable_tag(Fingerprint::of((x & 1) << 21), x as usize >> 1)).collect();
            tags.extend([0, u16::MAX, random(&mut seed) as u16, (meta.bits() >> 48) as u16]);
            for tag in tags {
                let mask = scalar::tagged(&bucket, tag);
                assert_eq!(slots_of(vector::tagged(&bucket, tag)), mask, "round {round}, tag {tag:x}, {meta:?}");
                hits += mask.count_ones();
            }
            assert_eq!(slots_of(vector::empty(&bucket)), scalar::empty(&bucket), "round {round}");
            assert_eq!(slots_of(vector::vacant(&bucket)), scalar::vacant(&bucket), "round {round}");
            assert_eq!(slots_of(vector::in_transit(&bucket)), scalar::in_transit(&bucket), "round {round}");
        }
        assert!(hits > 100_000, "the test compares nothing: {hits}");
    }
}
