//! The features `arbitrary` and `proptest`: maps and sets out of nothing.
#![cfg(all(not(loom), any(feature = "arbitrary", feature = "proptest")))]

mod common;

use common::hashing::Hashing;

#[cfg(feature = "arbitrary")]
mod by_arbitrary {
    use super::*;
    use ::arbitrary::{Arbitrary, Unstructured};
    use common::{Rng, assert_same};
    use loxley::{HashMap, HashSet};
    use std::collections::{HashMap as StdMap, HashSet as StdSet};

    /// The same bytes make the same entries as of std's types.
    #[test]
    fn as_std() {
        let mut rng = Rng::new(1);
        for length in 0..200 {
            let bytes: Vec<u8> = (0..length).map(|_| rng.next() as u8).collect();
            let input = || Unstructured::new(&bytes);
            let map = HashMap::<u16, bool, Hashing>::arbitrary(&mut input()).unwrap();
            assert_same(&map, &StdMap::arbitrary(&mut input()).unwrap());
            let map = HashMap::<u16, bool, Hashing>::arbitrary_take_rest(input()).unwrap();
            assert_same(&map, &StdMap::arbitrary_take_rest(input()).unwrap());
            let sets = (HashSet::<u8>::arbitrary(&mut input()), StdSet::<u8>::arbitrary(&mut input()));
            assert_eq!(StdSet::from_iter(sets.0.unwrap()), sets.1.unwrap());
            let sets = (HashSet::<u8>::arbitrary_take_rest(input()), StdSet::<u8>::arbitrary_take_rest(input()));
            assert_eq!(StdSet::from_iter(sets.0.unwrap()), sets.1.unwrap());
        }
        assert_eq!(HashMap::<u8, u8>::size_hint(0), StdMap::<u8, u8>::size_hint(0));
    }
}

#[cfg(feature = "proptest")]
mod by_proptest {
    use super::*;
    use loxley::strategy::{hash_map, hash_set};
    use loxley::{HashMap, HashSet};
    use proptest::prelude::*;
    use proptest::test_runner::{TestError, TestRunner};

    #[test]
    fn sizes_and_ranges() {
        proptest!(|(
            map in hash_map(0..100_u64, "[a-c]+", 3..10),
            set in hash_set(5..50_u8, ..=4),
            any in any::<HashMap<u8, Option<char>, Hashing>>(),
            any_set: HashSet<String, Hashing>,
        )| {
            prop_assert!((3..10).contains(&map.len()));
            prop_assert!(map.pin().iter().all(|(key, value)| *key < 100 && !value.is_empty()));
            prop_assert!(set.len() <= 4 && set.pin().iter().all(|element| (5..50).contains(element)));
            prop_assert_eq!(any.pin().iter().count(), any.len());
            prop_assert_eq!(any_set.pin().iter().count(), any_set.len());
        });
    }

    /// A counterexample comes down to the entries that it needs.
    #[test]
    fn shrinks() {
        let mut runner = TestRunner::deterministic();
        let maps = hash_map(0..1000_u64, any::<bool>(), 0..50);
        let failed = runner.run(&maps, |map| {
            prop_assert!(map.pin().keys().all(|key| *key < 500));
            Ok(())
        });
        let Err(TestError::Fail(_, least)) = failed else { panic!("{failed:?}") };
        assert_eq!(least, HashMap::from([(500, false)]));
    }
}
