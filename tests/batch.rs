//! Batches: the same results as one by one.

mod common;

use std::cell::Cell;

use common::ledger::Ledger;
use loxley::HashMap;

/// Numbers of keys around the size of a batch and its multiples.
const COUNTS: [u64; 11] = [0, 1, 2, 15, 16, 17, 31, 32, 33, 64, 100];

#[test]
fn lookups_come_in_order() {
    let map: HashMap<u64, u64> = (0..1000).step_by(2).map(|key| (key, key + 7)).collect();
    let view = map.pin();
    for count in COUNTS {
        let keys: Vec<u64> = (0..count).map(|i| i * 37 % 1000).collect();
        let values: Vec<_> = view.get_many(&keys).collect();
        assert_eq!(values, keys.iter().map(|key| view.get(key)).collect::<Vec<_>>());
    }
}

/// Keys by reference, in any form and from any iterator, as `get_disjoint_mut` takes them in an array.
#[test]
fn keys_in_every_form() {
    let map: HashMap<String, u8> = [("a".to_string(), 1), ("b".to_string(), 2)].into();
    let view = map.pin();
    let expected = [Some(&1), None, Some(&2)];
    let (texts, owned) = (["a", "x", "b"], ["a", "x", "b"].map(str::to_string));
    assert!(view.get_many(texts).eq(expected));
    assert!(view.get_many(&owned).eq(expected));
    assert!(view.get_many(owned.iter().map(String::as_str)).eq(expected));
    assert!(view.get_many("a x b".split(' ')).eq(expected));
    assert!(view.get_many(vec![&owned[0], &owned[1], &owned[2]]).eq(expected));
    let numbers: HashMap<u64, u8> = [(1, 1), (3, 2)].into();
    assert!(numbers.pin().get_many([&1, &2, &3]).eq(expected));
    assert!(numbers.pin().get_many(&[1, 2, 3]).eq(expected));
}

/// An iterator that has more to yield after its end is not asked for it.
#[test]
fn iterators_that_go_on_after_their_end() {
    for count in COUNTS {
        let again = || {
            let mut next = 0;
            std::iter::from_fn(move || {
                next += 1;
                (next % (count + 1) > 0).then_some(next)
            })
        };
        let expected: Vec<u64> = again().collect();
        assert_eq!(expected.len() as u64, count);
        let collected: HashMap<u64, u64> = again().map(|key| (key, key)).collect();
        let set: loxley::HashSet<u64> = again().collect();
        let map = HashMap::new();
        assert_eq!(map.pin().insert_many(again().map(|key| (key, key))) as u64, count);
        assert_eq!(loxley::HashSet::new().pin().insert_many(again()) as u64, count);
        assert_eq!((collected.len() as u64, set.len() as u64), (count, count));
        let numbers: Vec<u64> = (0..1000).collect();
        assert!(map.pin().get_many(again().map(|key| &numbers[key as usize])).eq(expected.iter().map(Some)));
    }
}

#[test]
fn lengths_are_exact() {
    let map: HashMap<u64, u64> = [(1, 2)].into();
    let view = map.pin();
    for count in COUNTS {
        let keys: Vec<u64> = (0..count).collect();
        let mut values = view.get_many(&keys);
        for left in (0..keys.len()).rev() {
            assert_eq!(values.len(), left + 1);
            assert!(values.next().is_some());
        }
        assert_eq!((values.len(), values.next()), (0, None));
    }
}

/// The keys' iterator may use the map, and change it: lookups come after the keys were taken.
#[test]
fn keys_that_are_removed_on_the_way() {
    let map: HashMap<u64, u64> = (0..500).map(|key| (key, key)).collect();
    let view = map.pin();
    let keys = view.keys().inspect(|&key| assert_eq!(view.remove(key), Some(key)));
    assert!(view.get_many(keys).all(|value| value.is_none()));
    assert!(map.is_empty());
}

#[test]
fn insertions_count_new_keys() {
    for count in COUNTS {
        let map = HashMap::new();
        let view = map.pin();
        assert_eq!(view.insert_many((0..count).map(|key| (key, 0))), count as usize);
        assert_eq!(view.insert_many((0..2 * count).map(|key| (key, 1))), count as usize);
        assert_eq!(view.insert_many((0..count).chain(0..count).map(|key| (key, key))), 0);
        assert!((0..count).all(|key| view.get(&key) == Some(&key)));
        assert!((count..2 * count).all(|key| view.get(&key) == Some(&1)));
        assert_eq!(map.len(), 2 * count as usize);
    }
}

/// Not so `extend`: what its iterator has yielded is there at once, and nothing is held back meanwhile.
#[test]
fn extension_is_entry_by_entry() {
    let map = HashMap::new();
    let entries = (0..100).map(|key: u64| {
        assert!(key < 50, "on purpose");
        assert_eq!(map.len() as u64, key);
        (key, key)
    });
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (&map).extend(entries)));
    assert!(panic.is_err());
    assert_eq!(map.len(), 50);
}

/// What comes before a panic is in the map, but for the batch that was being gathered; nothing is lost or dropped twice.
#[test]
fn an_iterator_that_panics() {
    let ledger = Ledger::new(100);
    let map = HashMap::new();
    let made = Cell::new(0);
    let entries = (0..100_u32).map(|key| {
        assert!(key < 50, "on purpose");
        made.set(made.get() + 1);
        (key, ledger.item(key.into()))
    });
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| map.pin().insert_many(entries)));
    assert!(panic.is_err());
    assert_eq!((made.get(), map.len()), (50, 48));
    assert!((0..48).all(|key| map.pin().contains_key(&key)));
    drop(map);
    ledger.assert_balanced();
}
