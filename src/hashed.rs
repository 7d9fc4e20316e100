//! Hashes that the caller has already: computed once for several operations, or several maps.

use std::fmt;
use std::hash::{BuildHasher, Hash};

use ahash::RandomState;
use equivalent::Equivalent;

use crate::map::{HashMap, OccupiedError};
use crate::pinned::Pinned;
use crate::raw::{Inserted, Mode, Node, Op, OwnedNode, spread};
use crate::reclaim::Guard;

/// The operations of a map on keys whose hash is known. From [`Pinned::hashed`].
///
/// Its methods do what those of [`Pinned`] with the same name do, without hashing the key. (When a table is replaced, the
/// keys that move are hashed nevertheless.)
///
/// The hash must be that of each key, as [`hash_of`](Pinned::hash_of) returns it. With another one, keys that are in the map
/// may not be found, and may come to be there twice; there is no undefined behaviour.
pub struct Hashed<'g, K, V, S = RandomState> {
    pub(crate) op: Op<'g, K, V, S>,
    /// Spread already.
    pub(crate) hash: u64,
}

impl<K, V, S> Clone for Hashed<'_, K, V, S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V, S> Copy for Hashed<'_, K, V, S> {}

impl<K, V, S> fmt::Debug for Hashed<'_, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Hashed { .. }")
    }
}

impl<K, V, S> HashMap<K, V, S> {
    /// See [`Pinned::hash_of`].
    #[inline]
    pub fn hash_of<Q>(&self, key: &Q) -> u64
    where
        Q: Hash + Equivalent<K> + ?Sized,
        S: BuildHasher,
    {
        self.hasher().hash_one(key)
    }

    /// See [`Pinned::hashed`].
    #[inline]
    pub fn hashed<'g>(&'g self, hash: u64, guard: &'g Guard) -> Hashed<'g, K, V, S> {
        Hashed { op: self.op(guard), hash: spread(hash) }
    }

    /// The operations on this key.
    #[inline(always)]
    pub(crate) fn at<'g, Q>(&'g self, key: &Q, guard: &'g Guard) -> Hashed<'g, K, V, S>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        S: BuildHasher,
    {
        self.hashed(self.hash_of(key), guard)
    }
}

impl<K, V, S> Pinned<'_, K, V, S> {
    /// The hash of a key, for [`hashed`](Self::hashed): what the map's hasher makes of it, and nothing else. So it
    /// serves all maps whose hashers are equal, and can be computed without a map
    /// ([`hash_one`](BuildHasher::hash_one)).
    ///
    /// ```
    /// use std::hash::BuildHasher;
    ///
    /// let map = loxley::HashMap::<String, u8>::new();
    /// assert_eq!(map.pin().hash_of("key"), map.hasher().hash_one("key"));
    /// ```
    #[doc(alias("hash_usize"))]
    pub fn hash_of<Q>(&self, key: &Q) -> u64
    where
        Q: Hash + Equivalent<K> + ?Sized,
        S: BuildHasher,
    {
        self.map().hash_of(key)
    }

    /// The operations on keys of this hash, which is not computed again.
    ///
    /// ```
    /// use loxley::{HashMap, RandomState};
    ///
    /// let hasher = RandomState::new();
    /// let (hot, cold) = (HashMap::with_hasher(hasher.clone()), HashMap::with_hasher(hasher));
    /// let (hot, cold) = (hot.pin(), cold.pin());
    /// cold.insert("key", 1);
    ///
    /// // One hash for three operations on two maps.
    /// let hash = hot.hash_of("key");
    /// if hot.hashed(hash).get("key").is_none() {
    ///     if let Some(&value) = cold.hashed(hash).remove("key") {
    ///         hot.hashed(hash).insert("key", value);
    ///     }
    /// }
    /// assert_eq!(hot.get("key"), Some(&1));
    /// ```
    #[doc(alias("raw_entry"))]
    pub fn hashed(&self, hash: u64) -> Hashed<'_, K, V, S> {
        self.map().hashed(hash, self.guard())
    }
}

impl<'g, K: Hash + Eq, V, S: BuildHasher> Hashed<'g, K, V, S> {
    /// See [`Pinned::get`].
    #[inline]
    pub fn get<Q: Equivalent<K> + ?Sized>(self, key: &Q) -> Option<&'g V> {
        self.find(key).map(Node::value)
    }

    /// See [`Pinned::get_key_value`].
    #[inline]
    pub fn get_key_value<Q: Equivalent<K> + ?Sized>(self, key: &Q) -> Option<(&'g K, &'g V)> {
        self.find(key).map(Node::pair)
    }

    /// See [`Pinned::contains_key`].
    #[inline]
    pub fn contains_key<Q: Equivalent<K> + ?Sized>(self, key: &Q) -> bool {
        self.find(key).is_some()
    }

    #[inline(always)]
    pub(crate) fn prefetch(self) {
        self.op.prefetch(self.hash);
    }

    #[inline(always)]
    pub(crate) fn find<Q: Equivalent<K> + ?Sized>(self, key: &Q) -> Option<&'g Node<K, V>> {
        self.op.find(self.hash, key)
    }
}

impl<'g, K, V, S> Hashed<'g, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// See [`Pinned::insert`].
    #[inline]
    pub fn insert(self, key: K, value: V) -> Option<&'g V> {
        match self.insert_node(key, value, Mode::Replace) {
            Inserted::Replaced { old, .. } => Some(old.value()),
            Inserted::New(_) | Inserted::Kept(..) => None,
        }
    }

    /// See [`Pinned::try_insert`].
    pub fn try_insert(self, key: K, value: V) -> Result<&'g V, OccupiedError<'g, V>> {
        match self.insert_node(key, value, Mode::Keep) {
            Inserted::Kept(node, attempt) => {
                Err(OccupiedError { current: node.value(), not_inserted: attempt.take_back() })
            }
            Inserted::New(node) | Inserted::Replaced { new: node, .. } => Ok(node.value()),
        }
    }

    #[inline(always)]
    pub(crate) fn insert_node(self, key: K, value: V, mode: Mode) -> Inserted<'g, K, V, S> {
        self.prefetch();
        self.op.insert(self.hash, OwnedNode::new(key, value), mode)
    }

    /// See [`Pinned::remove`].
    #[inline]
    pub fn remove<Q: Equivalent<K> + ?Sized>(self, key: &Q) -> Option<&'g V> {
        self.op.remove_if(self.hash, key, |_| true).map(Node::value)
    }

    /// See [`Pinned::remove_entry`].
    pub fn remove_entry<Q: Equivalent<K> + ?Sized>(self, key: &Q) -> Option<(&'g K, &'g V)> {
        self.op.remove_if(self.hash, key, |_| true).map(Node::pair)
    }
}
