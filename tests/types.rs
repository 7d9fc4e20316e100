//! Keys and values of every size and alignment, lookups by a borrowed form, the traits of the map, and
//! which threads it may go to.
#![cfg(not(loom))]

mod common;

use common::hashing::Hashing;
use common::{assert_same, mix, scaled};
use std::collections::HashMap as StdMap;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::panic::{RefUnwindSafe, UnwindSafe};

use loxley::{HashMap, HashSet};

/// Inserts, replaces, removes half and grows, with keys and values made from numbers.
fn round_trip<K, V>(n: u64, key: impl Fn(u64) -> K, value: impl Fn(u64) -> V)
where
    K: Hash + Eq + Clone + Debug + Send + 'static,
    V: PartialEq + Clone + Debug + Send + 'static,
{
    let map = HashMap::with_hasher(Hashing::Ahash);
    let mut twin = StdMap::new();
    let pinned = map.pin();
    for i in 0..n {
        assert_eq!(pinned.insert(key(i), value(i)), twin.insert(key(i), value(i)).as_ref());
    }
    assert_same(&map, &twin);
    for i in 0..n {
        assert_eq!(pinned.insert(key(i), value(i + 1)), twin.insert(key(i), value(i + 1)).as_ref());
        assert_eq!(pinned.update(key(i), |old| old.clone()), twin.get(&key(i)));
    }
    assert_same(&map, &twin);
    for i in (0..n).step_by(2) {
        assert_eq!(pinned.remove(&key(i)), twin.remove(&key(i)).as_ref());
    }
    assert_same(&map, &twin);
    pinned.shrink_to_fit();
    assert_same(&map, &twin);
}

#[test]
fn small_keys() {
    round_trip(256, |i| i as u8, |i| i as u8);
    round_trip(1 << scaled(16, 12), |i| i as u16, |i| i as u16);
    round_trip(1000, |i| mix(i) as i32, |i| i as u8);
    round_trip(2, |i| i == 1, |i| i);
    round_trip(500, |i| char::from_u32(i as u32).unwrap(), |i| i);
}

#[test]
fn zero_sized() {
    round_trip(1, |_| (), |_| ());
    round_trip(1, |_| (), |i| i);
    round_trip(5000, |i| i, |_| ());
    round_trip(300, |i| i as u8, |_| [0_u64; 0]);
}

#[test]
fn big() {
    round_trip(3000, |i| i, |i| [mix(i); 32]);
    round_trip(3000, |i| [mix(i); 32], |i| i);
    round_trip(1000, |i| [i as u8; 3], |i| [i as u8; 1023]);
}

#[test]
fn owned() {
    round_trip(3000, |i| i.to_string(), |i| vec![i; i as usize % 9]);
    round_trip(3000, |i| (i % 7, i.to_string()), Some);
    round_trip(1000, Box::new, std::sync::Arc::new);
}

#[test]
fn over_aligned() {
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(align(64))]
    struct Align64(u64);
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(align(128))]
    struct Align128(u64);
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(align(4096))]
    struct Page(u64);

    round_trip(1000, Align64, Align128);
    round_trip(1000, Align128, |i| i as u8);
    round_trip(1000, |i| i as u8, Align64);
    round_trip(100, |i| i, Page);

    let map = HashMap::new();
    let pinned = map.pin();
    for i in 0..1000 {
        pinned.insert(Align64(i), (i as u8, Align128(i)));
    }
    for (key, (_, value)) in &pinned {
        assert!(std::ptr::from_ref(key).addr() % 64 == 0);
        assert!(std::ptr::from_ref(value).addr() % 128 == 0);
        assert_eq!(key.0, value.0);
    }
}

#[test]
fn lookups_by_a_borrowed_form() {
    let map: HashMap<String, Vec<u8>> = (0..500).map(|i| (i.to_string(), vec![i as u8])).collect();
    let pinned = map.pin();
    assert_eq!(pinned.get("17"), Some(&vec![17]));
    assert_eq!(pinned.get_key_value("17"), Some((&"17".to_owned(), &vec![17])));
    assert!(pinned.contains_key("17") && !pinned.contains_key("seventeen"));
    assert_eq!(pinned.remove("17"), Some(&vec![17]));
    assert_eq!(pinned.remove_entry("18"), Some((&"18".to_owned(), &vec![18])));
    assert_eq!((pinned.get("17"), pinned.get("18"), pinned.len()), (None, None, 498));
    let guard = map.guard();
    assert_eq!(map.get("19", &guard), map.get(&"19".to_owned(), &guard));
    assert_eq!(map.remove("19", &guard), Some(&vec![19]));

    let bytes: HashMap<Box<[u8]>, u64> = HashMap::new();
    bytes.pin().insert(Box::from(*b"abc"), 3);
    assert_eq!(bytes.pin().get(&b"abc"[..]), Some(&3));
}

/// Equal keys need not be the same: the map holds the one that came with the value.
#[test]
fn the_key_comes_with_the_value() {
    #[derive(Clone, Copy, Debug)]
    struct Tagged(u64, char);
    impl PartialEq for Tagged {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for Tagged {}
    impl Hash for Tagged {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }
    let map: HashMap<Tagged, u64> = HashMap::new();
    let pinned = map.pin();
    let stored = || pinned.get_key_value(&Tagged(1, '?')).map(|(key, value)| (key.1, *value));
    pinned.insert(Tagged(1, 'a'), 1);
    assert_eq!(stored(), Some(('a', 1)));
    assert!(pinned.try_insert(Tagged(1, 'b'), 2).is_err());
    assert_eq!(pinned.get_or_insert_with(Tagged(1, 'c'), || 3), &1);
    assert_eq!(stored(), Some(('a', 1)), "nothing was replaced");
    pinned.insert(Tagged(1, 'd'), 4);
    assert_eq!(stored(), Some(('d', 4)));
    pinned.update(Tagged(1, 'e'), |value| value + 1);
    assert_eq!(stored(), Some(('e', 5)));
    assert_eq!(pinned.remove_entry(&Tagged(1, 'f')).map(|(key, _)| key.1), Some('e'));
    assert_eq!(stored(), None);
}

fn sample() -> [(u64, String); 4] {
    [1, 2, 3, 4].map(|i| (i, i.to_string()))
}

#[test]
fn made_from_entries() {
    let from_array = HashMap::from(sample());
    let collected: HashMap<u64, String> = sample().into_iter().collect();
    let mut extended = HashMap::default();
    extended.extend(sample());
    let shared = HashMap::new();
    (&shared).extend(sample());
    for map in [&from_array, &collected, &extended, &shared] {
        assert_same(map, &StdMap::from(sample()));
    }

    let last_wins = HashMap::from([(1, 'a'), (2, 'b'), (1, 'c')]);
    assert_same(&last_wins, &StdMap::from([(1, 'c'), (2, 'b')]));
    extended.extend([(1, "one".to_owned())]);
    assert_eq!(extended.pin().get(&1), Some(&"one".to_owned()));
    assert_same(&HashMap::from([]) as &HashMap<u8, u8>, &StdMap::new());

    let many = scaled(50_000, 5_000) as u64;
    let map: HashMap<u64, u64> = (0..many).map(|i| (i, i)).collect();
    assert_same(&map, &(0..many).map(|i| (i, i)).collect());
}

#[test]
fn there_and_back() {
    let std_map = StdMap::from(sample());
    let map: HashMap<u64, String, std::hash::RandomState> = std_map.clone().into();
    assert_same(&map, &std_map);
    assert!(map.capacity() >= 4);
    assert_eq!(StdMap::from(map), std_map);
    let map: HashMap<u64, String> = HashMap::new();
    map.pin().extend(sample());
    assert_same(&map, &std_map);
    assert_eq!(map.pin()[&3], "3");
    assert!(common::panic_of(|| map.pin()[&5].len()).is_some());
    let pinned = map.pin();
    let mut iter = pinned.iter();
    iter.next();
    assert_eq!(iter.clone().collect::<Vec<_>>(), iter.collect::<Vec<_>>());
    assert_eq!((pinned.keys().clone().count(), pinned.values().clone().count()), (4, 4));
}

#[test]
fn clones_are_equal_and_independent() {
    for n in [0, 1, 100, 3000] {
        let map: HashMap<u64, String> = (0..n).map(|i| (i, i.to_string())).collect();
        let clone = map.clone();
        assert_eq!(map, clone);
        assert_same(&clone, &(0..n).map(|i| (i, i.to_string())).collect());
        clone.pin().insert(n, "new".to_owned());
        assert_ne!(map, clone);
        assert_ne!(clone, map);
        map.pin().insert(n, "other".to_owned());
        assert_ne!(map, clone, "same keys, another value");
        clone.pin().update(n, |_| "other".to_owned());
        assert_eq!(map, clone);
        drop(map);
        assert_eq!(clone.len() as u64, n + 1);
    }
}

#[test]
fn equality_ignores_history_and_capacity() {
    let small: HashMap<u64, u64> = (0..10).map(|i| (i, i)).collect();
    let other_seed = HashMap::with_capacity(10_000);
    for i in (0..1000).rev() {
        other_seed.pin().insert(i, i);
    }
    other_seed.pin().retain(|key, _| *key < 10);
    assert_eq!(small, other_seed);
}

#[test]
fn debug_shows_the_entries() {
    let map: HashMap<u64, &str> = HashMap::from([(1, "one")]);
    assert_eq!(format!("{map:?}"), r#"{1: "one"}"#);
    assert_eq!(format!("{:?}", HashMap::<u8, u8>::new()), "{}");
}

#[test]
fn hashers() {
    static GLOBAL: HashMap<u64, u64, Hashing> = HashMap::with_hasher(Hashing::Identity);
    GLOBAL.pin().insert(1, 2);
    assert_eq!(GLOBAL.pin().get(&1), Some(&2));
    assert_eq!(GLOBAL.hasher(), &Hashing::Identity);
    let presized = HashMap::<u8, u8, _>::with_capacity_and_hasher(100, Hashing::TopByte);
    assert_eq!(presized.hasher(), &Hashing::TopByte);
    assert_eq!(HashMap::<u8, u8, Hashing>::default().hasher(), &Hashing::default());
    let clone = GLOBAL.clone();
    assert_eq!(clone.hasher(), &Hashing::Identity);
    let _: &loxley::RandomState = HashMap::<u8, u8>::new().hasher();
}

/// Only writers need `Send + 'static` of keys and values: readers retire nothing.
#[test]
fn empty_maps_of_borrowed_keys_can_be_read() {
    let text = String::from("borrowed");
    let map: HashMap<&str, std::rc::Rc<u8>> = HashMap::new();
    assert_eq!(map.pin().get(text.as_str()), None);
    assert_eq!(map.pin().iter().count(), 0);
}

/// Fails to compile where `$type` implements `$bound`: then two impls fit and the compiler cannot choose.
macro_rules! assert_not {
    ($type:ty: $bound:path) => {
        const _: fn() = || {
            trait Ambiguous<A> {
                fn choose() {}
            }
            struct Implemented;
            impl<T: ?Sized> Ambiguous<()> for T {}
            impl<T: ?Sized + $bound> Ambiguous<Implemented> for T {}
            <$type as Ambiguous<_>>::choose()
        };
    };
}

const fn assert_send<T: Send>() {}
const fn assert_sync<T: Sync>() {}

/// `Send`, but not `Sync`.
type OneAtATime = std::cell::Cell<u8>;
/// `Sync`, but not `Send`.
type Homebound = std::sync::MutexGuard<'static, u8>;
/// Neither.
type Local = std::rc::Rc<u8>;

const _: () = {
    assert_send::<HashMap<u8, u8>>();
    assert_sync::<HashMap<u8, u8>>();
    assert_send::<HashMap<OneAtATime, OneAtATime, OneAtATime>>();
    assert_send::<loxley::OccupiedError<'static, u8>>();
};
assert_not!(HashMap<OneAtATime, u8>: Sync);
assert_not!(HashMap<u8, OneAtATime>: Sync);
assert_not!(HashMap<u8, u8, OneAtATime>: Sync);
assert_not!(HashMap<Homebound, u8>: Send);
assert_not!(HashMap<u8, Homebound>: Send);
assert_not!(HashMap<u8, u8, Homebound>: Send);
assert_not!(HashMap<Homebound, u8>: Sync); // a reader's guard may drop it elsewhere
assert_not!(HashMap<u8, Homebound>: Sync);
assert_not!(HashMap<Local, u8>: Send);
assert_not!(HashMap<Local, u8>: Sync);
assert_not!(HashMap<u8, Local>: Send);
assert_not!(HashMap<u8, Local>: Sync);
assert_not!(loxley::Guard: Send);
assert_not!(loxley::Pinned<'static, u8, u8, Hashing>: Send);

const fn assert_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}

/// A view, an iterator and the like name no hasher where it is the default one.
const _: () = {
    assert_unwind_safe::<HashMap<u8, String>>();
    assert_unwind_safe::<HashSet<u8>>();
    assert_unwind_safe::<loxley::Pinned<'static, u8, String>>();
    assert_unwind_safe::<loxley::PinnedSet<'static, u8>>();
    assert_unwind_safe::<loxley::Guard>();
    assert_unwind_safe::<loxley::Iter<'static, u8, u8>>();
    assert_unwind_safe::<loxley::Entry<'static, u8, u8>>();
    assert_unwind_safe::<loxley::Hashed<'static, u8, u8>>();
    assert_unwind_safe::<loxley::IntoIter<u8, u8>>();
    assert_unwind_safe::<loxley::set::Union<'static, u8>>();
};
assert_not!(HashMap<OneAtATime, u8>: RefUnwindSafe);
assert_not!(HashMap<u8, OneAtATime>: RefUnwindSafe);
assert_not!(HashMap<u8, u8, OneAtATime>: RefUnwindSafe);
assert_not!(HashMap<&'static mut u8, u8>: UnwindSafe);
assert_not!(HashMap<u8, &'static mut u8>: UnwindSafe);
assert_not!(loxley::Pinned<'static, u8, OneAtATime>: UnwindSafe);

/// The other direction of the bounds above: a shared map really is used from many threads.
#[test]
fn maps_go_to_other_threads() {
    let map: HashMap<u64, String> = HashMap::new();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let map = &map;
            scope.spawn(move || map.pin().insert(thread, thread.to_string()).is_some());
        }
    });
    let map = std::thread::spawn(move || map).join().unwrap();
    assert_same(&map, &(0..4).map(|i| (i, i.to_string())).collect());
}
