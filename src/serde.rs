//! Serialization, with the feature `serde`.

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use ::serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use ::serde::ser::{Serialize, Serializer};

use crate::map::HashMap;
use crate::pinned::Pinned;
use crate::set::{HashSet, PinnedSet};

/// Bytes that a length which the input claims may make us allocate; the rest comes with the entries themselves.
const MAX_PREALLOCATION: usize = 1 << 20;

/// Bytes of table for each entry, about.
const SLOT: usize = 16;

/// As a map. Weakly consistent, as iteration is; others may write meanwhile. The entries are gathered first, for formats that write
/// the length in front and take it seriously.
impl<K, V, S> Serialize for Pinned<'_, K, V, S>
where
    K: Hash + Eq + Serialize,
    V: Serialize,
    S: BuildHasher,
{
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_map(self.iter().collect::<Vec<_>>())
    }
}

/// As its [view](Pinned).
impl<K, V, S> Serialize for HashMap<K, V, S>
where
    K: Hash + Eq + Serialize,
    V: Serialize,
    S: BuildHasher,
{
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        self.pin().serialize(serializer)
    }
}

/// As a sequence. Weakly consistent, as iteration is; others may write meanwhile.
impl<T: Hash + Eq + Serialize, S: BuildHasher> Serialize for PinnedSet<'_, T, S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_seq(self.iter().collect::<Vec<_>>())
    }
}

/// As its [view](PinnedSet).
impl<T: Hash + Eq + Serialize, S: BuildHasher> Serialize for HashSet<T, S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        self.pin().serialize(serializer)
    }
}

/// Of entries with one key the last stays. A length that the input claims to have is not believed beyond a megabyte.
impl<'de, K, V, S> Deserialize<'de> for HashMap<K, V, S>
where
    K: Hash + Eq + Deserialize<'de> + Send + 'static,
    V: Deserialize<'de> + Send + 'static,
    S: BuildHasher + Default,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// Of equal elements the first stays. A length that the input claims to have is not believed beyond a megabyte.
impl<'de, T, S> Deserialize<'de> for HashSet<T, S>
where
    T: Hash + Eq + Deserialize<'de> + Send + 'static,
    S: BuildHasher + Default,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Elements(PhantomData))
    }
}

struct Entries<K, V, S>(PhantomData<HashMap<K, V, S>>);

impl<'de, K, V, S> Visitor<'de> for Entries<K, V, S>
where
    K: Hash + Eq + Deserialize<'de> + Send + 'static,
    V: Deserialize<'de> + Send + 'static,
    S: BuildHasher + Default,
{
    type Value = HashMap<K, V, S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let map = HashMap::with_capacity_and_hasher(believed(entries.size_hint()), S::default());
        while let Some((key, value)) = entries.next_entry()? {
            map.pin().insert(key, value);
        }
        Ok(map)
    }
}

struct Elements<T, S>(PhantomData<HashSet<T, S>>);

impl<'de, T, S> Visitor<'de> for Elements<T, S>
where
    T: Hash + Eq + Deserialize<'de> + Send + 'static,
    S: BuildHasher + Default,
{
    type Value = HashSet<T, S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let set = HashSet::with_capacity_and_hasher(believed(elements.size_hint()), S::default());
        while let Some(element) = elements.next_element()? {
            set.pin().insert(element);
        }
        Ok(set)
    }
}

fn believed(length: Option<usize>) -> usize {
    length.unwrap_or(0).min(MAX_PREALLOCATION / SLOT)
}
