//! Meta words: what a table knows of one home, packed into 64 bits. Pure: no atomics here.
//!
//! ```text
//! 63  62..30   29..18  17..6      5..3          2          1        0
//! [0][version][bound][pend: d][pend: i + 1][MIGRATED][PLACED][FREEZING]
//! ```
//!
//! * `bound` is at least the displacement of every committed entry of this home: searches end there.
//! * `pend` names the slot of the insertion that committed last, until another replaces it; it may be stale.
//! * FREEZING: a migrator works on this home; no insertion commits and no entry moves any more.
//! * PLACED: the first entries of each new home are in the next table (kept in the first home of a group).
//! * MIGRATED: the next table answers for this home.
//!
//! Every write is a compare-and-swap that increments `version`, so a meta word that is unchanged proves that no insertion
//! of this home committed through it and that no entry of this home moved in between. 33 bits of version: a
//! thread would have to sleep through 8 billion changes of one home, and wake up at exactly the same fields, to be fooled.
//!
//! The top bit is never set, as it is in every readable slot: a probe may take meta for one more slot.

use std::fmt;

use super::word::MAX_DISPLACEMENT;

const FREEZING: u64 = 1 << 0;
const PLACED: u64 = 1 << 1;
const MIGRATED: u64 = 1 << 2;
const PEND_SLOT_SHIFT: u32 = 3;
const PEND_BUCKETS_SHIFT: u32 = 6;
const BOUND_SHIFT: u32 = 18;
const VERSION_SHIFT: u32 = 30;
const ALL_BITS: u64 = u64::MAX >> 1;
const DISPLACEMENT_MASK: u64 = MAX_DISPLACEMENT as u64;
const PEND_MASK: u64 = (DISPLACEMENT_MASK << PEND_BUCKETS_SHIFT) | (0b111 << PEND_SLOT_SHIFT);

/// A slot, seen from a home: slot `slot` of the bucket `displacement` buckets right of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Position {
    pub(crate) displacement: usize,
    pub(crate) slot: usize,
}

/// A meta word, see the module's documentation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meta(u64);

impl Meta {
    #[inline(always)]
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    #[inline(always)]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    #[inline(always)]
    pub(crate) fn bound(self) -> usize {
        (self.0 >> BOUND_SHIFT & DISPLACEMENT_MASK) as usize
    }

    /// FREEZING or MIGRATED: writers of this home must migrate it before they go on.
    #[inline(always)]
    pub(crate) fn is_frozen(self) -> bool {
        self.0 & (FREEZING | MIGRATED) != 0
    }

    #[inline(always)]
    pub(crate) fn is_migrated(self) -> bool {
        self.0 & MIGRATED != 0
    }

    pub(crate) fn is_placed(self) -> bool {
        self.0 & (PLACED | MIGRATED) != 0
    }

    #[inline]
    pub(crate) fn pend(self) -> Option<Position> {
        let slot = (self.0 >> PEND_SLOT_SHIFT & 0b111) as usize;
        let displacement = (self.0 >> PEND_BUCKETS_SHIFT & DISPLACEMENT_MASK) as usize;
        slot.checked_sub(1).map(|slot| Position { displacement, slot })
    }

    /// The commit of an insertion at `at`.
    #[inline]
    pub(crate) fn with_pend(self, at: Position) -> Self {
        debug_assert!(at.displacement <= MAX_DISPLACEMENT);
        let pend = (at.displacement as u64) << PEND_BUCKETS_SHIFT | (at.slot as u64 + 1) << PEND_SLOT_SHIFT;
        Self(self.0 & !PEND_MASK | pend).bounding(at.displacement)
    }

    pub(crate) fn without_pend(self) -> Self {
        Self(self.0 & !PEND_MASK).next()
    }

    /// The bound raised to `displacement` if it is lower; a new version in any case.
    #[inline]
    pub(crate) fn bounding(self, displacement: usize) -> Self {
        self.with_bound(self.bound().max(displacement))
    }

    #[inline]
    pub(crate) fn with_bound(self, bound: usize) -> Self {
        debug_assert!(bound <= MAX_DISPLACEMENT);
        Self(self.0 & !(DISPLACEMENT_MASK << BOUND_SHIFT) | (bound as u64) << BOUND_SHIFT).next()
    }

    pub(crate) fn freezing(self) -> Self {
        Self(self.0 | FREEZING).next()
    }

    pub(crate) fn placed(self) -> Self {
        Self(self.0 | PLACED).next()
    }

    pub(crate) fn migrated(self) -> Self {
        Self(self.0 | MIGRATED).next()
    }

    /// With the last version there is.
    #[cfg(all(loxley_hooks, not(any(loom, shuttle))))]
    pub(super) fn with_last_version(self) -> Self {
        Self(self.0 | u64::MAX << VERSION_SHIFT & ALL_BITS)
    }

    /// The version takes the upper bits, so it wraps around without touching a neighbour.
    #[inline]
    fn next(self) -> Self {
        Self((self.0 + (1 << VERSION_SHIFT)) & ALL_BITS)
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (freezing, placed) = (self.0 & FREEZING != 0, self.0 & PLACED != 0);
        f.debug_struct("Meta")
            .field("version", &(self.0 >> VERSION_SHIFT))
            .field("bound", &self.bound())
            .field("pend", &self.pend())
            .field("freezing", &freezing)
            .field("placed", &placed)
            .field("migrated", &self.is_migrated())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_touch_each_other() {
        let at = Position { displacement: MAX_DISPLACEMENT, slot: 6 };
        let m = Meta::from_bits(0);
        assert_eq!((m.bound(), m.pend(), m.is_frozen(), m.is_placed()), (0, None, false, false));
        let m = m.with_pend(at);
        assert_eq!((m.bound(), m.pend(), m.is_frozen()), (MAX_DISPLACEMENT, Some(at), false));
        let m = m.with_bound(5);
        assert_eq!((m.bound(), m.pend()), (5, Some(at)));
        assert_eq!(m.bounding(3).bound(), 5);
        let m = m.without_pend().freezing();
        assert_eq!(
            (m.bound(), m.pend(), m.is_frozen(), m.is_placed(), m.is_migrated()),
            (5, None, true, false, false)
        );
        let m = m.placed().migrated();
        assert_eq!((m.bound(), m.is_placed(), m.is_migrated()), (5, true, true));
    }

    #[test]
    fn every_change_has_a_new_version_and_it_wraps_alone() {
        let m = Meta::from_bits(u64::MAX << VERSION_SHIFT & ALL_BITS);
        let n = m.bounding(0);
        assert_ne!(m, n);
        assert_eq!(n.bits(), 0);
        assert_ne!(n, n.bounding(0));
    }

    #[cfg(all(loxley_hooks, not(any(loom, shuttle))))]
    #[test]
    fn the_last_version_is_the_last_and_touches_nothing_else() {
        let at = Position { displacement: 3, slot: 1 };
        let m = Meta::from_bits(0).with_pend(at).freezing();
        let last = m.with_last_version();
        assert_eq!(last.bits() >> VERSION_SHIFT, ALL_BITS >> VERSION_SHIFT);
        assert_eq!((last.bound(), last.pend(), last.is_frozen(), last.is_migrated()), (3, Some(at), true, false));
        assert_eq!(last.freezing().bits() >> VERSION_SHIFT, 0);
    }
}
