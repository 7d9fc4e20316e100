//! Hashers with a shape: the table must be correct under all of them, fast under the good ones only.

use std::hash::{BuildHasher, Hasher};

use loxley::RandomState;

/// One type for all shapes, so that one instantiation of a test can loop over them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Hashing {
    /// The default hasher with fixed seeds.
    #[default]
    Ahash,
    /// An integer is its own hash: the low bits carry all the entropy of small keys.
    Identity,
    /// Every key collides with every other.
    Constant,
    /// Only so many different hashes, all of them small numbers.
    Values(u64),
    /// Only the top 8 bits of the hash are left.
    TopByte,
    /// Only the bottom 8 bits of the hash are left.
    BottomByte,
}

impl Hashing {
    /// Shapes that spread thousands of keys well enough for quadratic costs not to matter.
    pub(crate) const ALL_BUT_CONSTANT: [Self; 5] =
        [Self::Ahash, Self::Identity, Self::Values(4), Self::TopByte, Self::BottomByte];
}

impl BuildHasher for Hashing {
    type Hasher = Shaped;

    fn build_hasher(&self) -> Shaped {
        let seeded = RandomState::with_seeds(1, 2, 3, 4);
        Shaped { shape: *self, mixed: seeded.build_hasher(), raw: 0 }
    }
}

pub(crate) struct Shaped {
    shape: Hashing,
    mixed: <RandomState as BuildHasher>::Hasher,
    raw: u64,
}

impl Hasher for Shaped {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.raw = self.raw << 8 | u64::from(byte);
        }
        self.mixed.write(bytes);
    }

    fn write_u64(&mut self, n: u64) {
        self.raw = n;
        self.mixed.write_u64(n);
    }

    fn finish(&self) -> u64 {
        let mixed = self.mixed.finish();
        match self.shape {
            Hashing::Ahash => mixed,
            Hashing::Identity => self.raw,
            Hashing::Constant => 0x5EED,
            Hashing::Values(n) => mixed % n,
            Hashing::TopByte => mixed & 0xFF << 56,
            Hashing::BottomByte => mixed & 0xFF,
        }
    }
}

/// Homes that are chosen by the keys: the upper half is the home in a table of `1 << Homes::LOG2` buckets.
#[derive(Default)]
pub(crate) struct Homes(u64);

impl Homes {
    const LOG2: u32 = 14;
}

impl Hasher for Homes {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are numbers");
    }

    fn write_u64(&mut self, key: u64) {
        // The map multiplies hashes by an odd constant; Newton's iteration inverts it modulo 2^64.
        let constant = 0x9E37_79B9_7F4A_7C15_u64;
        let inverse = (0..5).fold(constant, |x, _| x.wrapping_mul(2_u64.wrapping_sub(constant.wrapping_mul(x))));
        let (home, rest) = (key >> 32, key & u64::from(u32::MAX));
        self.0 = (home << (64 - Self::LOG2) | rest).wrapping_mul(inverse);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
