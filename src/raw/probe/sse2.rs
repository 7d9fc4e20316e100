//! The probe by vector instructions that every x86-64 processor has. Masks have two bits for each word of the bucket; both are
//! set or none. Those of the first, the meta word, are never set.

use core::arch::{asm, x86_64::*};
use std::ptr;

use super::super::bucket::{Bucket, Slot};
use super::super::word::displacement_bits;

pub(super) const ONE_SLOT: u32 = 0b11;

#[inline(always)]
pub(super) fn index_of_bit(bit: u32) -> usize {
    bit as usize / 2 - 1
}

/// By its offset, which is four times the bit: a detour by the index would take three instructions of a lookup.
///
/// # Safety
/// The bit is the lower one of a slot.
#[inline(always)]
pub(super) unsafe fn slot_of_bit<K, V>(bucket: &Bucket<K, V>, bit: u32) -> &Slot<K, V> {
    // SAFETY: the words are eight bytes each and a slot is one of them, as the caller says.
    unsafe { &*ptr::from_ref(bucket).byte_add(4 * bit as usize).cast() }
}

const ALL_SLOTS: u32 = 0xFFFF & !ONE_SLOT;

/// The even and the odd 32-bit lanes of two vectors.
const EVEN: i32 = 0b10_00_10_00;
const ODD: i32 = 0b11_01_11_01;

/// A bucket's eight words, as they were loaded: the lower halves of the words and the upper ones, four to a vector.
struct Snapshot {
    low: [__m128i; 2],
    high: [__m128i; 2],
}

impl Snapshot {
    #[inline(always)]
    fn of<K, V>(bucket: &Bucket<K, V>) -> Self {
        let (a, b, c, d): (__m128, __m128, __m128, __m128);
        // SAFETY: a bucket is 64 readable bytes, aligned to 64. The block does not claim `pure` or `readonly`, so the
        // compiler moves no access of memory across it.
        unsafe {
            asm!(
                "movaps {a}, [{p}]",
                "movaps {b}, [{p} + 16]",
                "movaps {c}, [{p} + 32]",
                "movaps {d}, [{p} + 48]",
                p = in(reg) ptr::from_ref(bucket),
                a = out(xmm_reg) a,
                b = out(xmm_reg) b,
                c = out(xmm_reg) c,
                d = out(xmm_reg) d,
                options(nostack, preserves_flags),
            );
        }
        Self { low: [Self::even(a, b), Self::even(c, d)], high: [Self::odd(a, b), Self::odd(c, d)] }
    }

    #[inline(always)]
    fn even(a: __m128, b: __m128) -> __m128i {
        // SAFETY: SSE2, which the module's cfg asks for.
        unsafe { _mm_castps_si128(_mm_shuffle_ps::<EVEN>(a, b)) }
    }

    #[inline(always)]
    fn odd(a: __m128, b: __m128) -> __m128i {
        // SAFETY: as above.
        unsafe { _mm_castps_si128(_mm_shuffle_ps::<ODD>(a, b)) }
    }

    /// The words whose tag has just `bits` under `mask`: of eight lanes of 16 bits, all ones or zero.
    #[inline(always)]
    fn tagged(&self, mask: u16, bits: u16) -> __m128i {
        tagged_halves(self.high, mask, bits)
    }

    /// The same for the lower halves of the words.
    #[inline(always)]
    fn low_bits(&self, mask: usize, bits: usize) -> __m128i {
        // SAFETY: as above.
        unsafe {
            let (mask, bits) = (_mm_set1_epi32(mask as i32), _mm_set1_epi32(bits as i32));
            let [a, b] = self.low.map(|words| _mm_cmpeq_epi32(_mm_and_si128(words, mask), bits));
            _mm_packs_epi32(a, b)
        }
    }

    /// EMPTY is the only word whose lower half is zero: all others have a state, or are SEALED.
    #[inline(always)]
    fn empty(&self) -> __m128i {
        self.low_bits(usize::MAX, 0)
    }

    /// TOMB or LIVE: the states whose lowest bit is set and whose highest is not.
    #[inline(always)]
    fn settled(&self) -> __m128i {
        self.low_bits(0b101, 0b001)
    }

    /// EMPTY, SEALED or TOMB: the states that lack the upper two bits.
    #[inline(always)]
    fn vacant(&self) -> __m128i {
        self.low_bits(0b110, 0)
    }

    #[inline(always)]
    fn tombs(&self) -> __m128i {
        self.low_bits(0b111, 0b001)
    }

    #[inline(always)]
    fn in_transit(&self) -> __m128i {
        self.low_bits(0b100, 0b100)
    }
}

/// The upper halves of a bucket's words, four to a vector: the only ones that most lookups need, in two instructions less.
#[inline(always)]
fn upper_halves<K, V>(bucket: &Bucket<K, V>) -> [__m128i; 2] {
    let (a, b): (__m128i, __m128i);
    // SAFETY: as in `Snapshot::of`.
    unsafe {
        asm!(
            "movaps {a}, [{p}]",
            "movaps {b}, [{p} + 32]",
            "shufps {a}, [{p} + 16], {odd}",
            "shufps {b}, [{p} + 48], {odd}",
            p = in(reg) ptr::from_ref(bucket),
            odd = const ODD,
            a = out(xmm_reg) a,
            b = out(xmm_reg) b,
            options(nostack, preserves_flags),
        );
    }
    [a, b]
}

/// See [`Snapshot::tagged`].
#[inline(always)]
fn tagged_halves([a, b]: [__m128i; 2], mask: u16, bits: u16) -> __m128i {
    // SAFETY: as above. The shift is arithmetic, so the saturating pack keeps the upper 16 bits as they are.
    unsafe {
        let tags = _mm_packs_epi32(_mm_srai_epi32::<16>(a), _mm_srai_epi32::<16>(b));
        _mm_cmpeq_epi16(_mm_and_si128(tags, _mm_set1_epi16(mask as i16)), _mm_set1_epi16(bits as i16))
    }
}

/// The mask of lanes that are all ones or zero, one lane a word.
#[inline(always)]
fn words(lanes: __m128i) -> u32 {
    // SAFETY: as above.
    unsafe { _mm_movemask_epi8(lanes) as u32 }
}

/// The same without the meta word.
#[inline(always)]
fn slots(lanes: __m128i) -> u32 {
    words(lanes) & !ONE_SLOT
}

#[inline(always)]
fn either(a: __m128i, b: __m128i) -> __m128i {
    // SAFETY: as above.
    unsafe { _mm_or_si128(a, b) }
}

/// A meta word lacks the bit that makes a tag readable.
#[inline(always)]
pub(super) fn tagged<K, V>(bucket: &Bucket<K, V>, tag: u16) -> u32 {
    words(tagged_halves(upper_halves(bucket), u16::MAX, tag))
}

#[inline(always)]
pub(super) fn empty<K, V>(bucket: &Bucket<K, V>) -> u32 {
    slots(Snapshot::of(bucket).empty())
}

#[inline(always)]
pub(super) fn vacant<K, V>(bucket: &Bucket<K, V>) -> u32 {
    slots(Snapshot::of(bucket).vacant())
}

#[inline(always)]
pub(super) fn in_transit<K, V>(bucket: &Bucket<K, V>) -> u32 {
    slots(Snapshot::of(bucket).in_transit())
}

#[inline(always)]
pub(super) fn of_home<K, V>(bucket: &Bucket<K, V>, displacement: usize) -> u32 {
    let snapshot = Snapshot::of(bucket);
    let (mask, bits) = displacement_bits(displacement);
    slots(either(snapshot.tagged(mask, bits), snapshot.in_transit()))
}

#[inline(always)]
pub(super) fn look<K, V>(bucket: &Bucket<K, V>, tag: u16) -> (u32, u32) {
    let snapshot = Snapshot::of(bucket);
    (words(snapshot.tagged(u16::MAX, tag)), slots(snapshot.empty()))
}

#[inline(always)]
pub(super) fn tombstones<K, V>(bucket: &Bucket<K, V>, tag: u16) -> Option<u32> {
    let snapshot = Snapshot::of(bucket);
    let settled = words(snapshot.tagged(u16::MAX, tag)) == 0 && slots(snapshot.settled()) == ALL_SLOTS;
    settled.then(|| slots(snapshot.tombs()))
}

#[inline(always)]
pub(super) fn look_displaced<K, V>(bucket: &Bucket<K, V>, tag: u16) -> (u32, bool) {
    let snapshot = Snapshot::of(bucket);
    let settled = slots(either(snapshot.settled(), snapshot.vacant())) == ALL_SLOTS;
    (words(snapshot.tagged(u16::MAX, tag)), settled)
}
