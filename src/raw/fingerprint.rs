//! Fingerprints: the bits of a hash that a slot word carries. Pure: no atomics here.
//!
//! A fingerprint tells entries of one bucket apart, so the bits that pick the bucket are worth nothing in it, and those right
//! below them are as good as any. But they are worth something to a *migration*: the next bit of the hash says which
//! half of its home an entry goes to when the table doubles. So fingerprints are a [`Window`] of the hash that starts at or
//! above the last bit of the home and moves only with every fourth doubling: in three growths of four an entry's new home and
//! new fingerprint follow from its slot word alone, and the entry itself, a cache miss away, is not looked at.
//!
//! ```text
//! hash of a table of 2^6 buckets:  hhhhhh··························   h: picks the home
//!                                      ffffffffffff                   f: fingerprint, window 1 (tables of 2^4 to 2^7)
//! ```
//!
//! Up to three bits of a fingerprint are thus the same for all entries of a home; nine at least are not, and one lookup in
//! a hundred looks at an entry in vain, if it has that luck at worst.

/// Bits of a fingerprint.
pub(crate) const FINGERPRINT_BITS: u32 = 12;

/// Doublings of a table between two moves of its window.
const DOUBLINGS: u32 = 4;

/// Some bits of a key's hash, see the module's documentation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fingerprint(u16);

impl Fingerprint {
    pub(super) const MASK: u16 = (1 << FINGERPRINT_BITS) - 1;

    /// The fingerprint of these bits; higher ones are ignored.
    #[inline(always)]
    pub(super) fn from_bits(bits: u16) -> Self {
        Self(bits & Self::MASK)
    }

    #[inline(always)]
    pub(super) fn bits(self) -> u16 {
        self.0
    }
}

/// Which bits of a hash are the fingerprint, in tables of some sizes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Window {
    /// How far to the left of the fingerprint's place they are.
    shift: u32,
}

impl Window {
    /// The window of tables of `1 << log2` buckets.
    pub(super) fn of_table(log2: u32) -> Self {
        Self { shift: 64 - FINGERPRINT_BITS - (log2 - log2 % DOUBLINGS) }
    }

    #[inline(always)]
    pub(super) fn fingerprint(self, hash: u64) -> Fingerprint {
        Fingerprint::from_bits((hash >> self.shift) as u16)
    }

    /// The `count` bits of the hash that follow the first `log2`, from its fingerprint. `1 << log2` is the size of a table
    /// with this window.
    pub(super) fn bits_below_home(self, fingerprint: Fingerprint, log2: u32, count: u32) -> usize {
        debug_assert!(self == Self::of_table(log2) && log2 % DOUBLINGS + count <= FINGERPRINT_BITS);
        usize::from(fingerprint.0) >> (FINGERPRINT_BITS - log2 % DOUBLINGS - count) & ((1 << count) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_what_growth_by_one_or_two_doublings_needs() {
        let hash = 0x9E37_79B9_7F4A_7C15_u64;
        for log2 in 0..50 {
            let window = Window::of_table(log2);
            let fingerprint = window.fingerprint(hash);
            for count in 0..=2 {
                let bits = (hash << log2).checked_shr(64 - count).unwrap_or(0);
                assert_eq!(window.bits_below_home(fingerprint, log2, count) as u64, bits, "{log2} + {count}");
            }
        }
    }

    #[test]
    fn nine_bits_at_least_are_not_of_the_home() {
        for log2 in 0..50 {
            let fingerprint = |below: u64| Window::of_table(log2).fingerprint(below << (64 - 9) >> log2);
            let all: std::collections::HashSet<_> = (0..512).map(|below| fingerprint(below).bits()).collect();
            assert_eq!(all.len(), 512, "{log2}");
        }
    }

    #[test]
    fn the_window_stays_for_four_sizes() {
        for log2 in 0..50 {
            assert_eq!(Window::of_table(log2) == Window::of_table(log2 + 1), log2 % 4 != 3, "{log2}");
        }
    }
}
