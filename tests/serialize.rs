//! The feature `serde`: what is written, also under churn, and how much hostile input is believed.
#![cfg(all(not(loom), feature = "serde"))]

mod common;

use common::hashing::Hashing;
use common::{Rng, StopOnDrop, scaled};
use loxley::{HashMap, HashSet};
use serde_test::{Token, assert_de_tokens, assert_de_tokens_error, assert_tokens};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

type Map = HashMap<String, u64, Hashing>;

#[test]
fn there_and_back() {
    let n = scaled(2000, 300) as u64;
    let map: Map = (0..n).map(|i| (i.to_string(), i)).collect();
    let text = serde_json::to_string(&map).unwrap();
    assert_eq!(serde_json::to_string(&map.pin()).unwrap().len(), text.len());
    let plain: BTreeMap<String, u64> = serde_json::from_str(&text).unwrap();
    assert_eq!(plain, (0..n).map(|i| (i.to_string(), i)).collect());
    assert_eq!(serde_json::from_str::<Map>(&text).unwrap(), map);

    let set: HashSet<u64> = (0..n).collect();
    let text = serde_json::to_string(&set.pin()).unwrap();
    assert_eq!(serde_json::from_str::<BTreeSet<u64>>(&text).unwrap(), (0..n).collect());
    assert_eq!(serde_json::from_str::<HashSet<u64>>(&text).unwrap(), set);
    assert_eq!(serde_json::from_str::<Map>(r#"{"a": 1, "a": 2}"#).unwrap().pin().get("a"), Some(&2));
    assert!(serde_json::from_str::<Map>("[1]").unwrap_err().to_string().contains("expected a map"));
    assert!(serde_json::from_str::<HashSet<u64>>("{}").unwrap_err().to_string().contains("expected a sequence"));
}

#[test]
fn lengths_are_written_in_front() {
    let map: HashMap<u8, char> = HashMap::from([(1, 'a')]);
    assert_tokens(&map, &[Token::Map { len: Some(1) }, Token::U8(1), Token::Char('a'), Token::MapEnd]);
    let set: HashSet<u8> = HashSet::from([1]);
    assert_tokens(&set, &[Token::Seq { len: Some(1) }, Token::U8(1), Token::SeqEnd]);
}

/// While others insert and remove: the length in front is the number of entries that follow, the keys that stay are there,
/// and none is there twice.
#[test]
fn lengths_under_churn() {
    let map: HashMap<u64, u64> = (0..100).map(|key| (key, key)).collect();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut rng = Rng::new(1);
            while !stop.load(Relaxed) {
                let key = 100 + rng.below(5000);
                map.pin().insert(key, key);
                map.pin().remove(&(100 + rng.below(5000)));
            }
        });
        let _stop = StopOnDrop(&stop);
        for _ in 0..scaled(300, 50) {
            let value = serde_json::to_value(map.pin()).unwrap();
            let entries = value.as_object().unwrap();
            assert!((0..100).all(|key: u64| entries[&key.to_string()] == key));
            assert!(serde::Serialize::serialize(&map, counting::Counting).unwrap() >= 100);
        }
    });
}

/// Nobody allocates for 2^64 - 1 entries because the input says so.
#[test]
fn hostile_lengths() {
    let tokens = [Token::Map { len: Some(usize::MAX) }, Token::Str("a"), Token::U64(1)];
    assert_de_tokens(&Map::from_iter([("a".to_owned(), 1)]), &[&tokens[..], &[Token::MapEnd]].concat());
    assert_de_tokens_error::<HashMap<u64, u64>>(
        &[Token::Map { len: Some(usize::MAX) }, Token::Str("a")],
        "invalid type: string \"a\", expected u64",
    );
    assert_de_tokens(
        &HashSet::<u8>::from([1]),
        &[Token::Seq { len: Some(usize::MAX) }, Token::U8(1), Token::SeqEnd],
    );
}

/// A serializer that takes maps only, compares the length in front with the entries, and returns it.
mod counting {
    use serde::ser::{Error as _, Impossible, Serialize, SerializeMap, Serializer};

    type Error = serde_json::Error;
    type No = Impossible<usize, Error>;

    pub(super) struct Counting;

    pub(super) struct Map {
        announced: usize,
        keys: usize,
        values: usize,
    }

    impl SerializeMap for Map {
        type Ok = usize;
        type Error = Error;
        fn serialize_key<T: ?Sized + Serialize>(&mut self, _: &T) -> Result<(), Error> {
            self.keys += 1;
            Ok(())
        }
        fn serialize_value<T: ?Sized + Serialize>(&mut self, _: &T) -> Result<(), Error> {
            self.values += 1;
            Ok(())
        }
        fn end(self) -> Result<usize, Error> {
            assert_eq!((self.keys, self.values), (self.announced, self.announced));
            Ok(self.keys)
        }
    }

    macro_rules! refused {
        ($($method:ident($($type:ty),*) -> $ok:ty;)*) => {
            $(fn $method(self, $(_: $type),*) -> Result<$ok, Error> { Err(Error::custom("not a map")) })*
        };
    }

    impl Serializer for Counting {
        type Ok = usize;
        type Error = Error;
        type SerializeSeq = No;
        type SerializeTuple = No;
        type SerializeTupleStruct = No;
        type SerializeTupleVariant = No;
        type SerializeMap = Map;
        type SerializeStruct = No;
        type SerializeStructVariant = No;

        fn serialize_map(self, len: Option<usize>) -> Result<Map, Error> {
            Ok(Map { announced: len.expect("some formats need it"), keys: 0, values: 0 })
        }
        refused! {
            serialize_bool(bool) -> usize;
            serialize_i8(i8) -> usize;
            serialize_i16(i16) -> usize;
            serialize_i32(i32) -> usize;
            serialize_i64(i64) -> usize;
            serialize_u8(u8) -> usize;
            serialize_u16(u16) -> usize;
            serialize_u32(u32) -> usize;
            serialize_u64(u64) -> usize;
            serialize_f32(f32) -> usize;
            serialize_f64(f64) -> usize;
            serialize_char(char) -> usize;
            serialize_str(&str) -> usize;
            serialize_bytes(&[u8]) -> usize;
            serialize_none() -> usize;
            serialize_unit() -> usize;
            serialize_unit_struct(&'static str) -> usize;
            serialize_unit_variant(&'static str, u32, &'static str) -> usize;
            serialize_seq(Option<usize>) -> No;
            serialize_tuple(usize) -> No;
            serialize_tuple_struct(&'static str, usize) -> No;
            serialize_tuple_variant(&'static str, u32, &'static str, usize) -> No;
            serialize_struct(&'static str, usize) -> No;
            serialize_struct_variant(&'static str, u32, &'static str, usize) -> No;
        }
        fn serialize_some<T: ?Sized + Serialize>(self, _: &T) -> Result<usize, Error> {
            Err(Error::custom("not a map"))
        }
        fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, _: &T) -> Result<usize, Error> {
            Err(Error::custom("not a map"))
        }
        fn serialize_newtype_variant<T: ?Sized + Serialize>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<usize, Error> {
            Err(Error::custom("not a map"))
        }
    }
}
