//! Maps and sets for fuzzers, with the feature `arbitrary`.

use std::hash::{BuildHasher, Hash};

use ::arbitrary::{Arbitrary, Result, Unstructured};

use crate::map::HashMap;
use crate::set::HashSet;

/// As std's map. Of entries with one key the last stays.
impl<'a, K, V, S> Arbitrary<'a> for HashMap<K, V, S>
where
    K: Hash + Eq + Arbitrary<'a> + Send + 'static,
    V: Arbitrary<'a> + Send + 'static,
    S: BuildHasher + Default,
{
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.arbitrary_iter()?.collect()
    }

    fn arbitrary_take_rest(u: Unstructured<'a>) -> Result<Self> {
        u.arbitrary_take_rest_iter()?.collect()
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, None)
    }
}

/// As std's set.
impl<'a, T, S> Arbitrary<'a> for HashSet<T, S>
where
    T: Hash + Eq + Arbitrary<'a> + Send + 'static,
    S: BuildHasher + Default,
{
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.arbitrary_iter()?.collect()
    }

    fn arbitrary_take_rest(u: Unstructured<'a>) -> Result<Self> {
        u.arbitrary_take_rest_iter()?.collect()
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, None)
    }
}
