//! Slot words: what one slot of a bucket says, packed into one pointer-sized word. Pure: no atomics here.
//!
//! ```text
//!  63        62..60         59..48        47..3     2..0
//! [readable][displacement][fingerprint][node address][state]     PENDING LIVE COPY, near home
//! [readable][displacement, plus 6 * 2^12    ][node   ][state]     PENDING LIVE COPY, 6 buckets from home or more
//! [0       ][part 2, displacement 12 bits  ][node   ][state]     FROZEN
//! [0       ][slot 3 bits, buckets 12 bits  ][node   ][state]     MOVED CROSS
//! [0       ][stamp                                  ][state]     TOMB
//! ```
//!
//! The upper 16 bits of a word are its *tag*. The readable bit is set in LIVE words (and in the COPY of a carried entry, see
//! `carry.rs`, which is rare enough for a reader to take a second look at), so one 16-bit comparison of a
//! slot's tag with the tag of a wanted key (readable, displacement, fingerprint) finds the slots that may hold it, and never a
//! word in a transitional state.
//!
//! A word tells the displacement of its entry exactly, and so its home, without asking the key; a FROZEN one tells its new
//! home as well. Helpers must agree on that even if the user's `Hash` contradicts itself. An entry that is far from home
//! gives up its fingerprint for that: what shares a bucket with it at this displacement has its home anyway.
//!
//! | state   | may be written by                         | a reader                                              |
//! |---------|-------------------------------------------|-------------------------------------------------------|
//! | EMPTY   | nobody: it is the zero of a fresh table   | stops here, if this is the home bucket of its key     |
//! | SEALED  | a migrator (EMPTY of a frozen home)       | skips it                                              |
//! | TOMB    | whoever removes, withdraws or moved away  | skips it                                              |
//! | PENDING | an insertion, before its commit           | skips it: not in the map yet                          |
//! | LIVE    | whoever completes an insertion or a move  | may dereference it                                    |
//! | FROZEN  | a migrator                                | checks that its home is not migrated, then as LIVE    |
//! | COPY    | the mover of an entry, before it decides  | skips it: the source is still the entry               |
//! | MOVED   | the mover, to decide a move               | the target is the entry, if it is still a COPY        |
//! | CROSS   | a migrator, to decide a move to the next table | as FROZEN                                        |
//!
//! No word ever recurs in one slot while a thread that has read it runs: EMPTY is never written, a TOMB carries a stamp
//! that no other TOMB has, an entry only ever moves right (so LIVE of a node cannot come back), and nodes are reused only
//! after a grace period. That is what makes a compare-and-swap of one word a sound test for "nothing has happened here".
//! (But for PENDING: an insertion that withdraws and tries again may take the same slot. Who expects a PENDING has seen
//! that it was committed, and then it is not withdrawn: see `help_pend`. And for a COPY that is taken back before the move
//! is decided: another move of the entry may put the same there. So a mover that has taken its COPY back leaves the slot
//! alone.)

use std::fmt;
use std::ptr;

use super::fingerprint::{FINGERPRINT_BITS, Fingerprint};

/// Slots per bucket: 7 words of 8 bytes and the meta word fill one cache line of 64 bytes. Tests build the crate with
/// one or two slots a bucket, so that displaced entries, evictions and overflow happen all the time.
pub(crate) const SLOTS: usize = if cfg!(loxley_slots = "1") {
    1
} else if cfg!(loxley_slots = "2") {
    2
} else {
    7
};

/// The largest displacement, in buckets, that a meta word and a MOVED word can name.
pub(crate) const MAX_DISPLACEMENT: usize = (1 << 12) - 1;

/// From this displacement on there is no fingerprint. Small where buckets are small, so that tests meet it.
const FAR: usize = if SLOTS == 7 { 6 } else { 1 };

const STATE_BITS: usize = 0b111;
const NODE_BITS: usize = 0x0000_FFFF_FFFF_FFF8;
const TAG_SHIFT: u32 = 48;
const READABLE: u16 = 1 << 15;

/// The state of a slot, see the module's table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Empty,
    Sealed,
    Tomb,
    Pending,
    Live,
    Frozen,
    Copy,
    Moved,
    Cross,
}

// FROZEN, COPY, MOVED and CROSS have the highest bit in common, and EMPTY, SEALED and TOMB that they lack the upper two, so
// that one vector comparison finds them; TOMB and LIVE alone have the lowest bit and not the highest: see `probe.rs`.
const TOMB: usize = 1;
const PENDING: usize = 2;
const LIVE: usize = 3;
const FROZEN: usize = 4;
const COPY: usize = 5;
const MOVED: usize = 6;
const CROSS: usize = 7;
const SEALED: usize = 1 << 3;

/// log2 of the largest factor by which one migration can grow a table: what the part of a FROZEN word can count.
pub(crate) const MAX_GROWTH_LOG2: u32 = 2;
const PART_SHIFT: u32 = 12;

/// The tag of a readable slot that holds an entry with this fingerprint, `displacement` buckets right of its home.
#[inline(always)]
pub(crate) fn readable_tag(fingerprint: Fingerprint, displacement: usize) -> u16 {
    READABLE | quiet_tag(fingerprint, displacement)
}

/// The same for a slot that readers must not match (PENDING, COPY).
#[inline(always)]
fn quiet_tag(fingerprint: Fingerprint, displacement: usize) -> u16 {
    debug_assert!(displacement <= MAX_DISPLACEMENT);
    if is_near(displacement) {
        (displacement as u16) << FINGERPRINT_BITS | fingerprint.bits()
    } else {
        ((FAR << FINGERPRINT_BITS) + displacement) as u16
    }
}

/// Whether words that are so far from home have a fingerprint.
#[inline(always)]
pub(crate) fn is_near(displacement: usize) -> bool {
    displacement < FAR
}

/// The bits of a tag that tell the displacement of a readable slot, and what they are for this displacement.
#[inline(always)]
pub(crate) fn displacement_bits(displacement: usize) -> (u16, u16) {
    let mask = if is_near(displacement) { !Fingerprint::MASK } else { u16::MAX };
    (mask, readable_tag(Fingerprint::from_bits(0), displacement))
}

/// Whether a tag is that of a readable slot.
pub(crate) fn is_readable(tag: u16) -> bool {
    tag & READABLE != 0
}

/// A slot's word. `N` is the node type; its alignment leaves the three low bits free.
pub(crate) struct Word<N>(*mut N);

impl<N> Clone for Word<N> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<N> Copy for Word<N> {}
impl<N> PartialEq for Word<N> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.0, other.0)
    }
}

impl<N> Word<N> {
    pub(crate) const EMPTY: Self = Self(ptr::null_mut());
    pub(crate) const SEALED: Self = Self(ptr::without_provenance_mut(SEALED));

    #[inline(always)]
    pub(crate) fn from_raw(raw: *mut N) -> Self {
        Self(raw)
    }

    #[inline(always)]
    pub(crate) fn raw(self) -> *mut N {
        self.0
    }

    /// A tombstone; `stamp` is unique among all tombstones ([`crate::raw::local::stamp`]) and has at most 60 bits.
    #[inline]
    pub(crate) fn tomb(stamp: u64) -> Self {
        debug_assert!(stamp < 1 << 60);
        Self(ptr::without_provenance_mut((stamp as usize) << 3 | TOMB))
    }

    #[inline]
    fn tagged(node: *mut N, tag: u16, state: usize) -> Self {
        debug_assert!(fits(node));
        Self(node.map_addr(|address| address | (usize::from(tag) << TAG_SHIFT) | state))
    }

    #[inline]
    pub(crate) fn pending(node: *mut N, fingerprint: Fingerprint, displacement: usize) -> Self {
        Self::tagged(node, quiet_tag(fingerprint, displacement), PENDING)
    }

    #[inline]
    pub(crate) fn live(node: *mut N, fingerprint: Fingerprint, displacement: usize) -> Self {
        Self::tagged(node, readable_tag(fingerprint, displacement), LIVE)
    }

    pub(crate) fn copy(node: *mut N, fingerprint: Fingerprint, displacement: usize) -> Self {
        Self::tagged(node, quiet_tag(fingerprint, displacement), COPY)
    }

    /// COPY of an entry that is carried over from another table.
    pub(crate) fn carried(node: *mut N, fingerprint: Fingerprint, displacement: usize) -> Self {
        Self::tagged(node, readable_tag(fingerprint, displacement), COPY)
    }

    pub(crate) fn is_carried_copy(self) -> bool {
        self.state() == State::Copy && is_readable(self.tag())
    }

    /// The source of a decided move within a table: the entry is now in slot `to.slot` of the bucket `to.buckets` right.
    pub(crate) fn moved(self, to: Target) -> Self {
        Self::tagged(self.node(), to.encode(), MOVED)
    }

    /// The source of a decided move to the next table: there the entry is `to.buckets` right of its home.
    pub(crate) fn cross(self, to: Target) -> Self {
        Self::tagged(self.node(), to.encode(), CROSS)
    }

    /// LIVE → FROZEN, with what a migration needs to know.
    pub(crate) fn frozen(self, displacement: usize, part: usize) -> Self {
        debug_assert!(self.is_live() && displacement <= MAX_DISPLACEMENT && part >> MAX_GROWTH_LOG2 == 0);
        Self::tagged(self.node(), (part << PART_SHIFT | displacement) as u16, FROZEN)
    }

    /// Which of the new homes of its group a FROZEN entry belongs to.
    pub(crate) fn part(self) -> usize {
        debug_assert!(self.state() == State::Frozen);
        usize::from(self.tag()) >> PART_SHIFT & ((1 << MAX_GROWTH_LOG2) - 1)
    }

    /// PENDING or COPY → LIVE: the same entry, now readable.
    #[inline]
    pub(crate) fn published(self) -> Self {
        debug_assert!(matches!(self.state(), State::Pending | State::Copy));
        let readable = usize::from(READABLE) << TAG_SHIFT;
        Self(self.0.map_addr(|address| (address & !STATE_BITS) | readable | LIVE))
    }

    #[inline(always)]
    pub(crate) fn state(self) -> State {
        match self.0.addr() & STATE_BITS {
            0 if self.0.is_null() => State::Empty,
            0 => State::Sealed,
            TOMB => State::Tomb,
            PENDING => State::Pending,
            LIVE => State::Live,
            FROZEN => State::Frozen,
            COPY => State::Copy,
            MOVED => State::Moved,
            _ => State::Cross,
        }
    }

    #[inline(always)]
    pub(crate) fn is_empty(self) -> bool {
        self.0.is_null()
    }

    #[inline(always)]
    pub(crate) fn is_live(self) -> bool {
        self.0.addr() & STATE_BITS == LIVE
    }

    /// The node, if the word is LIVE with this tag.
    #[inline(always)]
    pub(crate) fn live_node(self, tag: u16) -> Option<*mut N> {
        // What is left of the right word without its tag and state is an address, and of no other word.
        let node = self.0.wrapping_byte_sub(usize::from(tag) << TAG_SHIFT | LIVE);
        fits(node).then_some(node)
    }

    /// COPY of this very node: the target of a move of it.
    pub(crate) fn is_copy_of(self, node: *mut N) -> bool {
        self.state() == State::Copy && ptr::eq(self.node(), node)
    }

    /// The node that the word names. Meaningless for EMPTY, SEALED and TOMB.
    #[inline(always)]
    pub(crate) fn node(self) -> *mut N {
        self.0.map_addr(|address| address & NODE_BITS)
    }

    #[inline(always)]
    pub(crate) fn tag(self) -> u16 {
        (self.0.addr() >> TAG_SHIFT) as u16
    }

    /// The fingerprint of a PENDING, LIVE or COPY word; meaningless if it is far from home, where no word has one.
    pub(crate) fn fingerprint(self) -> Fingerprint {
        Fingerprint::from_bits(self.tag())
    }

    /// Whether the word is LIVE, `displacement` buckets right of its home.
    #[inline(always)]
    pub(crate) fn is_live_at(self, displacement: usize) -> bool {
        let (mask, bits) = displacement_bits(displacement);
        self.is_live() && self.tag() & mask == bits
    }

    /// The displacement of a PENDING, LIVE, FROZEN or COPY word.
    #[inline]
    pub(crate) fn displacement(self) -> usize {
        let tag = usize::from(self.tag() & !READABLE);
        if self.state() == State::Frozen {
            tag & MAX_DISPLACEMENT
        } else if tag < FAR << FINGERPRINT_BITS {
            tag >> FINGERPRINT_BITS
        } else {
            tag - (FAR << FINGERPRINT_BITS)
        }
    }

    /// Where a MOVED or CROSS word says that its entry is.
    pub(crate) fn target(self) -> Target {
        debug_assert!(matches!(self.state(), State::Moved | State::Cross));
        Target::decode(self.tag())
    }
}

impl<N> fmt::Debug for Word<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state() {
            state @ (State::Empty | State::Sealed | State::Tomb) => write!(f, "{state:?}"),
            state @ (State::Moved | State::Cross) => {
                write!(f, "{state:?}({:p}, {:?})", self.node(), self.target())
            }
            state => write!(f, "{state:?}({:p}, d {})", self.node(), self.displacement()),
        }
    }
}

/// Whether the address of a node leaves the bits free that a word needs for its tag and its state.
#[inline(always)]
pub(crate) fn fits<N>(node: *mut N) -> bool {
    node.addr() & !NODE_BITS == 0
}

/// The place that a MOVED or CROSS word names, see there for what `buckets` counts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    pub(crate) buckets: usize,
    pub(crate) slot: usize,
}

impl Target {
    fn encode(self) -> u16 {
        debug_assert!(self.buckets <= MAX_DISPLACEMENT && self.slot < 8);
        (self.slot << 12 | self.buckets) as u16
    }

    fn decode(tag: u16) -> Self {
        Self { buckets: usize::from(tag) & MAX_DISPLACEMENT, slot: usize::from(tag >> 12) & 7 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(align(8))]
    struct Node(#[allow(dead_code)] u64);

    fn node() -> *mut Node {
        ptr::without_provenance_mut(0x0000_7FAB_CDEF_0128)
    }

    #[test]
    fn every_state_survives_the_packing() {
        let fp = Fingerprint::from_bits(0x234);
        let to = Target { buckets: MAX_DISPLACEMENT, slot: 6 };
        let live = Word::live(node(), fp, 0);
        for (word, state) in [
            (Word::EMPTY, State::Empty),
            (Word::SEALED, State::Sealed),
            (Word::tomb(0), State::Tomb),
            (Word::tomb((1 << 60) - 1), State::Tomb),
            (Word::pending(node(), fp, 0), State::Pending),
            (live, State::Live),
            (live.frozen(MAX_DISPLACEMENT, 3), State::Frozen),
            (Word::copy(node(), fp, 0), State::Copy),
            (live.moved(to), State::Moved),
            (live.cross(to), State::Cross),
        ] {
            assert_eq!(word.state(), state);
            let readable = state == State::Live;
            assert_eq!(word.tag() & READABLE != 0, readable, "{word:?}");
            assert_eq!(word.tag() == readable_tag(fp, 0), readable, "{word:?}");
            assert_eq!(word.live_node(readable_tag(fp, 0)), readable.then_some(node()));
            assert_eq!(word.live_node(readable_tag(fp, 1)), None);
            if !matches!(state, State::Empty | State::Sealed | State::Tomb) {
                assert!(ptr::eq(word.node(), node()));
            }
        }
        assert_eq!(live.moved(to).target(), to);
    }

    #[test]
    fn publishing_keeps_fingerprint_and_displacement() {
        let fp = Fingerprint::from_bits(u16::MAX);
        for d in 0..=MAX_DISPLACEMENT {
            let live = Word::live(node(), fp, d);
            assert!(Word::pending(node(), fp, d).published() == live);
            assert!(Word::copy(node(), fp, d).published() == live);
            assert!(Word::carried(node(), fp, d).published() == live);
            assert_eq!(Word::carried(node(), fp, d).displacement(), d);
            assert_eq!(live.displacement(), d);
            assert_eq!(live.tag(), readable_tag(fp, d));
            assert!(d >= FAR || live.fingerprint() == fp);
        }
    }

    #[test]
    fn a_frozen_word_says_where_its_entry_belongs() {
        let live = Word::live(node(), Fingerprint::from_bits(u16::MAX), 40);
        for (d, part) in [(0, 0), (1, 1), (FAR, 2), (MAX_DISPLACEMENT, 3)] {
            let frozen = live.frozen(d, part);
            assert_eq!((frozen.displacement(), frozen.part()), (d, part));
        }
    }

    #[test]
    fn a_copy_names_its_node() {
        let copy = Word::copy(node(), Fingerprint::from_bits(7), 3);
        assert!(copy.is_copy_of(node()));
        assert!(!copy.is_copy_of(node().wrapping_byte_add(8)));
        assert!(!copy.published().is_copy_of(node()));
        let carried = Word::carried(node(), Fingerprint::from_bits(7), 3);
        assert!(carried.is_copy_of(node()) && carried.is_carried_copy() && !copy.is_carried_copy());
        assert_eq!(carried.live_node(carried.tag()), None);
    }
}
