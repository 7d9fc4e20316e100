//! What a map must be able to do to take part.

pub(crate) mod dashmap;
pub(crate) mod flurry;
pub(crate) mod index;
pub(crate) mod locked;
pub(crate) mod loxley;
pub(crate) mod papaya;
pub(crate) mod scc;
pub(crate) mod std;

use ::loxley::RandomState;

use crate::kind::{Key, Value};
use crate::load::Load;

/// How many operations share a guard in the contenders named `…/64`.
pub(crate) const BATCH: usize = 64;

/// A map that is shared by reference.
pub(crate) trait Contender: Sized + Sync {
    /// The library, and after a slash how it is used where that is a choice.
    const NAME: &'static str;
    /// How many operations go through one view.
    const OPS_PER_VIEW: usize = BATCH;
    /// Whether a library takes part that is there under another name already: such a one is left
    /// out where one figure for each library will do.
    const VARIANT: bool = false;
    const ROLE: Role = Role::Rival;

    type Key: Key;
    type Value: Value;

    /// What the operations are called on: a guard where the library has one, else a plain reference.
    type View<'map>: View<Key = Self::Key, Value = Self::Value>
    where
        Self: 'map;

    /// Whether it can do what a load asks for, each operation atomically.
    fn takes_part(_load: Load, _threads: usize) -> bool {
        true
    }

    /// A map that holds `capacity` entries without growing; 0 is an empty map.
    fn with_capacity(capacity: usize, hasher: RandomState) -> Self;

    fn view(&self) -> Self::View<'_>;

    /// Frees what has been removed, some `removed` entries, but was kept for readers.
    fn settle(&self, _removed: usize) {}

    /// Gives unused memory back; `false` if the library has no such operation.
    fn shrink(&self) -> bool {
        false
    }
}

/// What a contender is in the comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The map that this is all about.
    Loxley,
    /// A concurrent map.
    Rival,
    /// A lock around a map: as concurrent as a sequential map can be made. A rival where threads
    /// meet; on one thread nothing but that map and what an uncontended lock costs.
    Lock,
    /// Not concurrent at all.
    Reference,
}

impl Role {
    /// Whether loxley's figure is compared with that of such a contender.
    pub(crate) fn is_rival(self, threads: usize) -> bool {
        self == Self::Rival || self == Self::Lock && threads > 1
    }
}

/// The operations. Named unlike the libraries' own methods, which would otherwise be shadowed.
///
/// Results are digests, so that those of all kinds of entries look alike.
pub(crate) trait View {
    type Key: Key;
    type Value: Value;

    /// `get`, and what `read` makes of the value.
    fn read(&mut self, key: &Self::Key, read: impl FnOnce(&Self::Value) -> u64) -> Option<u64>;
    /// `insert`: returns the previous value.
    fn put(&mut self, key: &Self::Key, value: Self::Value) -> Option<u64>;
    /// `remove`: returns the value removed.
    fn take(&mut self, key: &Self::Key) -> Option<u64>;
    /// Atomically replaces a value that is there by its successor, which it returns.
    fn bump(&mut self, key: &Self::Key) -> Option<u64>;
    /// Iterates over everything.
    fn census(&mut self) -> Census;

    /// `get`.
    fn find(&mut self, key: &Self::Key) -> Option<u64> {
        self.read(key, Value::digest)
    }

    /// `get` of many keys: the sum of all results.
    fn find_all(&mut self, keys: &[Self::Key]) -> u64 {
        sum(keys.iter().map(|key| self.find(key)))
    }
}

/// The sum of some results. An absent key counts too: a miss must not look like a hit of value zero.
pub(crate) fn sum(results: impl Iterator<Item = Option<u64>>) -> u64 {
    results.fold(0, |sum, result| sum.wrapping_add(result.unwrap_or(1)))
}

/// A digest of a map's contents that does not depend on their order.
#[derive(Clone, Copy, Default)]
pub(crate) struct Census {
    pub(crate) entries: u64,
    pub(crate) digest: u64,
}

impl Census {
    /// Counts one more entry.
    pub(crate) fn add(&mut self, key: &impl Key, value: &impl Value) {
        self.entries += 1;
        self.digest = self.digest.wrapping_add(key.digest() ^ value.digest().rotate_left(17));
    }

    pub(crate) fn checksum(self) -> u64 {
        self.digest.rotate_left(1) ^ self.entries
    }
}

impl<'a, K: Key, V: Value> FromIterator<(&'a K, &'a V)> for Census {
    fn from_iter<I: IntoIterator<Item = (&'a K, &'a V)>>(entries: I) -> Self {
        let mut census = Self::default();
        entries.into_iter().for_each(|(key, value)| census.add(key, value));
        census
    }
}
