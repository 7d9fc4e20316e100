//! Keys, and the generator that draws from them: fixed functions, so that every contender, round
//! and run sees the same stream of operations.

use std::convert::Infallible;

use loxley::RandomState;
use rand::TryRng;

/// Where the keys start that no row ever inserts.
pub(crate) const ABSENT: u64 = 1 << 40;
/// Where the keys start that are not there when a row begins, but that it may insert.
pub(crate) const FRESH: u64 = 1 << 41;

/// The `index`-th key: SplitMix64, a bijection, so distinct indexes give distinct keys, and
/// consecutive indexes give keys in an order that looks shuffled.
pub(crate) const fn key(index: u64) -> u64 {
    let mut z = index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The hasher of one round: the same for all contenders, another one every round, so that no map
/// lives on the luck of one seed.
pub(crate) fn hasher(round: u64) -> RandomState {
    let seed = |n| key((1 << 50) + 4 * round + n);
    RandomState::with_seeds(seed(0), seed(1), seed(2), seed(3))
}

/// A small reproducible random generator: SplitMix64 again, from a far-away index.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) const fn new(seed: u64) -> Self {
        Self((1 << 60) + (seed << 32))
    }

    /// A number below `bound`, by Lemire's multiplication.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    fn next(&mut self) -> u64 {
        self.0 += 1;
        key(self.0)
    }

    /// One of `items`.
    pub(crate) fn pick(&mut self, items: &[u64]) -> u64 {
        items[self.below(items.len())]
    }
}

/// For distributions that are drawn from by the `rand` crates.
impl TryRng for Rng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]));
        Ok(())
    }
}
