//! Maps and sets for property tests, with the feature `proptest`.
//!
//! They are made, and shrink, as std's are; maps and sets also have the trait [`Arbitrary`].
//!
//! ```
//! use proptest::prelude::*;
//!
//! proptest!(|(map in loxley::strategy::hash_map(0..100_u32, any::<bool>(), 1..20))| {
//!     prop_assert!((1..20).contains(&map.len()));
//! });
//! proptest!(|(set: loxley::HashSet<String>)| {
//!     prop_assert!(set.pin().iter().all(|element| set.pin().contains(element)));
//! });
//! ```

use std::collections;
use std::hash::{BuildHasher, Hash};

use ahash::RandomState;
use proptest::arbitrary::{Arbitrary, any_with};
use proptest::collection::{self, SizeRange};
use proptest::strategy::{Map, Strategy};

use crate::map::HashMap;
use crate::set::HashSet;

/// The strategy of [`hash_map`]. `K` and `V` are those of keys and values.
pub type HashMapStrategy<K, V, S = RandomState> = Map<
    collection::HashMapStrategy<K, V>,
    fn(
        collections::HashMap<<K as Strategy>::Value, <V as Strategy>::Value>,
    ) -> HashMap<<K as Strategy>::Value, <V as Strategy>::Value, S>,
>;

/// The strategy of [`hash_set`]. `T` is that of elements.
pub type HashSetStrategy<T, S = RandomState> = Map<
    collection::HashSetStrategy<T>,
    fn(collections::HashSet<<T as Strategy>::Value>) -> HashSet<<T as Strategy>::Value, S>,
>;

/// Maps of `size` entries, with keys and values of these strategies: as [`proptest::collection::hash_map`].
///
/// ```
/// use proptest::prelude::*;
///
/// proptest!(|(map in loxley::strategy::hash_map("[a-z]{3}", 0..10, 5))| {
///     prop_assert_eq!(map.len(), 5);
/// });
/// ```
pub fn hash_map<K, V>(key: K, value: V, size: impl Into<SizeRange>) -> HashMapStrategy<K, V>
where
    K: Strategy<Value: Hash + Eq + Send + 'static>,
    V: Strategy<Value: Send + 'static>,
{
    hash_map_of(key, value, size.into())
}

fn hash_map_of<K, V, S>(key: K, value: V, size: SizeRange) -> HashMapStrategy<K, V, S>
where
    K: Strategy<Value: Hash + Eq + Send + 'static>,
    V: Strategy<Value: Send + 'static>,
    S: BuildHasher + Default,
{
    collection::hash_map(key, value, size).prop_map(|entries| entries.into_iter().collect())
}

/// Sets of `size` elements of this strategy: as [`proptest::collection::hash_set`].
///
/// ```
/// use proptest::prelude::*;
///
/// proptest!(|(set in loxley::strategy::hash_set(0..100_u32, ..10))| {
///     prop_assert!(set.len() < 10);
/// });
/// ```
pub fn hash_set<T>(element: T, size: impl Into<SizeRange>) -> HashSetStrategy<T>
where
    T: Strategy<Value: Hash + Eq + Send + 'static>,
{
    hash_set_of(element, size.into())
}

fn hash_set_of<T, S>(element: T, size: SizeRange) -> HashSetStrategy<T, S>
where
    T: Strategy<Value: Hash + Eq + Send + 'static>,
    S: BuildHasher + Default,
{
    collection::hash_set(element, size).prop_map(|elements| elements.into_iter().collect())
}

/// The parameters are the size and those of keys and values.
impl<K, V, S> Arbitrary for HashMap<K, V, S>
where
    K: Hash + Eq + Arbitrary + Send + 'static,
    V: Arbitrary + Send + 'static,
    S: BuildHasher + Default,
{
    type Parameters = (SizeRange, K::Parameters, V::Parameters);
    type Strategy = HashMapStrategy<K::Strategy, V::Strategy, S>;

    fn arbitrary_with((size, key, value): Self::Parameters) -> Self::Strategy {
        hash_map_of(any_with::<K>(key), any_with::<V>(value), size)
    }
}

/// The parameters are the size and those of elements.
impl<T, S> Arbitrary for HashSet<T, S>
where
    T: Hash + Eq + Arbitrary + Send + 'static,
    S: BuildHasher + Default,
{
    type Parameters = (SizeRange, T::Parameters);
    type Strategy = HashSetStrategy<T::Strategy, S>;

    fn arbitrary_with((size, element): Self::Parameters) -> Self::Strategy {
        hash_set_of(any_with::<T>(element), size)
    }
}
