//! What the maps hold: three kinds of entries to compare, and one whose values are counters.

use std::fmt;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A key that is made from a number. Distinct numbers give distinct keys.
pub(crate) trait Key: Hash + Ord + Clone + Send + Sync + 'static {
    fn of(number: u64) -> Self;
    /// A number that depends on the key.
    fn digest(&self) -> u64;
}

impl Key for u64 {
    fn of(number: u64) -> Self {
        number
    }

    fn digest(&self) -> u64 {
        *self
    }
}

impl Key for String {
    /// 16 to 24 bytes.
    fn of(number: u64) -> Self {
        format!("{number:016x}{:.*}", (number % 9) as usize, "--------")
    }

    fn digest(&self) -> u64 {
        let start = self.as_bytes().first_chunk().expect("a key has 16 bytes or more");
        u64::from_le_bytes(*start) ^ self.len() as u64
    }
}

/// A value that is made from the digest of its key.
pub(crate) trait Value: Clone + Send + Sync + 'static {
    fn of(key: u64) -> Self;
    /// A number that depends on all of the value.
    fn digest(&self) -> u64;
    /// What an update makes of the value.
    fn successor(&self) -> Self;
    /// Adds one in place, atomically, and returns what was there. Only for counters.
    fn count(&self) -> u64 {
        unreachable!("a row that counts has counters for values")
    }
}

impl Value for u64 {
    fn of(key: u64) -> Self {
        !key
    }

    fn digest(&self) -> u64 {
        *self
    }

    fn successor(&self) -> Self {
        self.wrapping_add(1)
    }
}

/// A value as large as a cache line.
impl Value for [u64; 8] {
    fn of(key: u64) -> Self {
        [!key; 8]
    }

    fn digest(&self) -> u64 {
        self.iter().fold(0, |sum, word| sum.wrapping_add(*word))
    }

    fn successor(&self) -> Self {
        self.map(|word| word.wrapping_add(1))
    }
}

/// A value that changes in place.
pub(crate) struct Counter(AtomicU64);

/// Only for maps that copy their entries, which cannot take part where counters count.
impl Clone for Counter {
    fn clone(&self) -> Self {
        Self(AtomicU64::new(self.digest()))
    }
}

impl Value for Counter {
    fn of(_: u64) -> Self {
        Self(AtomicU64::new(0))
    }

    fn digest(&self) -> u64 {
        self.0.load(Relaxed)
    }

    fn successor(&self) -> Self {
        Self(AtomicU64::new(self.digest() + 1))
    }

    fn count(&self) -> u64 {
        self.0.fetch_add(1, Relaxed)
    }
}

/// The kinds, to choose one at run time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `u64` to `u64`.
    U64,
    /// `String` of 16 to 24 bytes to `u64`.
    String,
    /// `u64` to 64 bytes.
    Wide,
    /// `u64` to `AtomicU64`.
    Counter,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::U64, Self::String, Self::Wide, Self::Counter];

    /// As a title has it.
    pub(crate) const fn types(self) -> &'static str {
        match self {
            Self::U64 => "u64 to u64",
            Self::String => "String of 16 to 24 bytes to u64",
            Self::Wide => "u64 to 64 bytes",
            Self::Counter => "u64 to AtomicU64",
        }
    }
}

/// As the names of rows have it.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::U64 => "u64",
            Self::String => "string",
            Self::Wide => "wide",
            Self::Counter => "counter",
        })
    }
}

/// Evaluates an expression in which two names stand for the types of a [`Kind`].
macro_rules! for_kind {
    ($kind:expr, |$key:ident, $value:ident| $body:expr) => {
        match $kind {
            $crate::kind::Kind::U64 => $crate::kind::for_kind!(@ $key = u64, $value = u64, $body),
            $crate::kind::Kind::String => $crate::kind::for_kind!(@ $key = String, $value = u64, $body),
            $crate::kind::Kind::Wide => $crate::kind::for_kind!(@ $key = u64, $value = [u64; 8], $body),
            $crate::kind::Kind::Counter => {
                $crate::kind::for_kind!(@ $key = u64, $value = $crate::kind::Counter, $body)
            }
        }
    };
    (@ $key:ident = $k:ty, $value:ident = $v:ty, $body:expr) => {{
        type $key = $k;
        type $value = $v;
        $body
    }};
}
pub(crate) use for_kind;
