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
}

/// How fingerprints tell the new homes of a table's entries, where they do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Split {
    shift: u32,
    mask: usize,
}

impl Split {
    /// For a migration from a table of `1 << from` buckets to one of `1 << to`. None if the window moves.
    pub(super) fn between(from: u32, to: u32) -> Option<Self> {
        // Homes that merge have one part.
        let parts = to.saturating_sub(from);
        let keeps_window = Window::of_table(from) == Window::of_table(to);
        keeps_window.then(|| Self { shift: FINGERPRINT_BITS - from % DOUBLINGS - parts, mask: (1 << parts) - 1 })
    }

    /// Which of the new homes that its old home splits into an entry goes to.
    #[inline(always)]
    pub(super) fn part(self, fingerprint: Fingerprint) -> usize {
        usize::from(fingerprint.0) >> self.shift & self.mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_the_new_home() {
        let hash = 0x9E37_79B9_7F4A_7C15_u64;
        let home = |log2: u32| hash.checked_shr(64 - log2).unwrap_or(0);
        for from in 0_u32..50 {
            for to in from.saturating_sub(4)..=from + 2 {
                let Some(split) = Split::between(from, to) else {
                    assert_ne!(from / 4, to / 4);
                    continue;
                };
                let part = split.part(Window::of_table(from).fingerprint(hash)) as u64;
                let first = if to < from { home(to) } else { home(from) << (to - from) };
                assert_eq!(first + part, home(to), "{from} to {to}");
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
