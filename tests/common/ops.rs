//! Operations on a map and on std's, with answers that can be compared: for tests that draw sequences of them, whatever
//! they draw them from.

use std::collections::HashMap as StdMap;

use super::hashing::Hashing;
use super::mix;
use loxley::{Computed, Decision, HashMap};

pub(crate) type Map = HashMap<u64, u64, Hashing>;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Insert(u64, u64),
    TryInsert(u64, u64),
    Update(u64, u64),
    GetOrInsertWith(u64, u64),
    /// With the entry API, and a known hash.
    UpdateOrInsert(u64, u64),
    /// What is decided depends on the number and the current value.
    Compute(u64, u64),
    ReplaceIf(u64, u64),
    RemoveIf(u64, u64),
    Remove(u64),
    RemoveEntry(u64),
    Get(u64),
    GetKeyValue(u64),
    ContainsKey(u64),
    /// Many operations in one step, so that sequences short enough to shrink still cross thresholds.
    InsertRun(Run, u64),
    RemoveRun(Run),
    Extend(Run, u64),
    Retain {
        modulus: u64,
        keep_below: u64,
    },
    /// By `iter`, `keys` and `values`.
    Iter,
    /// Of a clone, which is then changed.
    IterClone,
    Reserve(usize),
    ShrinkTo(usize),
    Clear,
}

/// The keys of `count` consecutive numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) first: u64,
    pub(crate) count: u64,
    pub(crate) spread: bool,
}

impl Run {
    pub(crate) fn keys(self) -> impl Iterator<Item = u64> {
        (self.first..self.first + self.count).map(move |i| key(i, self.spread))
    }
}

/// Spread over all 64 bits, or small: to the hashers that look at some bits only these are different worlds.
pub(crate) const fn key(i: u64, spread: bool) -> u64 {
    if spread { mix(i) } else { i }
}

/// What an operation answered, in a form that both maps can give.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Nothing,
    Value(Option<u64>),
    Entry(Option<(u64, u64)>),
    Inserted(Result<u64, (u64, u64)>),
    Yes(bool),
    Count(usize),
    Entries(Vec<(u64, u64)>),
}

/// What `compute` is told.
pub(crate) fn decide(number: u64, current: Option<u64>) -> Decision<u64, u64> {
    match (number % 3, current) {
        (0, _) => Decision::Insert(current.unwrap_or(1) ^ number),
        (1, _) => Decision::Remove,
        _ => Decision::Abort(number),
    }
}

fn copied((key, value): (&u64, &u64)) -> (u64, u64) {
    (*key, *value)
}

fn sorted<'a>(entries: impl Iterator<Item = (&'a u64, &'a u64)>) -> Answer {
    let mut entries: Vec<_> = entries.map(copied).collect();
    entries.sort_unstable();
    Answer::Entries(entries)
}

impl Op {
    /// What `retain` is told about an entry; other operations keep all.
    pub(crate) const fn keeps(self, key: u64, value: u64) -> bool {
        match self {
            Self::Retain { modulus, keep_below } => (key ^ value) % modulus < keep_below,
            _ => true,
        }
    }

    pub(crate) fn on_std(self, map: &mut StdMap<u64, u64>) -> Answer {
        match self {
            Self::Insert(key, value) => Answer::Value(map.insert(key, value)),
            Self::TryInsert(key, value) => Answer::Inserted(match map.get(&key) {
                Some(current) => Err((*current, value)),
                None => {
                    map.insert(key, value);
                    Ok(value)
                }
            }),
            Self::Update(key, add) => Answer::Value(map.get_mut(&key).map(|value| {
                *value = value.wrapping_add(add);
                *value
            })),
            Self::GetOrInsertWith(key, value) => Answer::Value(Some(*map.entry(key).or_insert(value))),
            Self::UpdateOrInsert(key, number) => {
                Answer::Value(Some(*map.entry(key).and_modify(|value| *value ^= number).or_insert(number)))
            }
            Self::Compute(key, number) => match decide(number, map.get(&key).copied()) {
                Decision::Insert(value) => Answer::Value(map.insert(key, value)),
                Decision::Remove => Answer::Value(map.remove(&key)),
                Decision::Abort(number) => Answer::Value(Some(number)),
            },
            Self::ReplaceIf(key, number) => match map.get_mut(&key) {
                Some(value) if *value % 2 == number % 2 => Answer::Inserted(Ok(std::mem::replace(value, number))),
                current => Answer::Inserted(Err((current.map_or(0, |value| *value), number))),
            },
            Self::RemoveIf(key, modulus) => match map.get(&key) {
                Some(value) if value % modulus == 0 => Answer::Entry(map.remove_entry(&key)),
                _ => Answer::Entry(None),
            },
            Self::Remove(key) => Answer::Value(map.remove(&key)),
            Self::RemoveEntry(key) => Answer::Entry(map.remove_entry(&key)),
            Self::Get(key) => Answer::Value(map.get(&key).copied()),
            Self::GetKeyValue(key) => Answer::Entry(map.get_key_value(&key).map(copied)),
            Self::ContainsKey(key) => Answer::Yes(map.contains_key(&key)),
            Self::InsertRun(run, value) => {
                Answer::Count(run.keys().filter(|key| map.insert(*key, value).is_none()).count())
            }
            Self::RemoveRun(run) => Answer::Count(run.keys().filter_map(|key| map.remove(&key)).count()),
            Self::Extend(run, value) => {
                map.extend(run.keys().map(|key| (key, value)));
                Answer::Nothing
            }
            Self::Retain { .. } => {
                map.retain(|key, value| self.keeps(*key, *value));
                Answer::Count(map.len())
            }
            Self::Iter | Self::IterClone => sorted(map.iter()),
            Self::Reserve(_) | Self::ShrinkTo(_) => Answer::Nothing,
            Self::Clear => {
                map.clear();
                Answer::Nothing
            }
        }
    }

    pub(crate) fn on_loxley(self, map: &Map) -> Answer {
        let map = map.pin();
        match self {
            Self::Insert(key, value) => Answer::Value(map.insert(key, value).copied()),
            Self::TryInsert(key, value) => Answer::Inserted(
                map.try_insert(key, value).copied().map_err(|error| (*error.current, error.not_inserted)),
            ),
            Self::Update(key, add) => Answer::Value(map.update(key, |value| value.wrapping_add(add)).copied()),
            Self::GetOrInsertWith(key, value) => Answer::Value(Some(*map.get_or_insert_with(key, || value))),
            Self::UpdateOrInsert(key, number) => {
                let entry = map.hashed(map.hash_of(&key)).entry(key);
                Answer::Value(Some(*entry.and_modify(|value| value ^ number).or_insert(number)))
            }
            Self::Compute(key, number) => {
                match map.compute(key, |current| decide(number, current.map(|(_, value)| *value))) {
                    Computed::Inserted { .. } | Computed::Absent => Answer::Value(None),
                    Computed::Replaced { old: (_, value), .. } | Computed::Removed { value, .. } => {
                        Answer::Value(Some(*value))
                    }
                    Computed::Aborted(number) => Answer::Value(Some(number)),
                }
            }
            Self::ReplaceIf(key, number) => {
                let exchanged = map.replace_if(key, number, |_, value| value % 2 == number % 2).copied();
                Answer::Inserted(
                    exchanged.map_err(|error| (error.current.copied().unwrap_or(0), error.not_inserted)),
                )
            }
            Self::RemoveIf(key, modulus) => {
                Answer::Entry(map.remove_if(&key, |_, value| value % modulus == 0).map(copied))
            }
            Self::Remove(key) => Answer::Value(map.remove(&key).copied()),
            Self::RemoveEntry(key) => Answer::Entry(map.remove_entry(&key).map(copied)),
            Self::Get(key) => Answer::Value(map.get(&key).copied()),
            Self::GetKeyValue(key) => Answer::Entry(map.get_key_value(&key).map(copied)),
            Self::ContainsKey(key) => Answer::Yes(map.contains_key(&key)),
            Self::InsertRun(run, value) => {
                Answer::Count(run.keys().filter(|key| map.insert(*key, value).is_none()).count())
            }
            Self::RemoveRun(run) => Answer::Count(run.keys().filter_map(|key| map.remove(&key)).count()),
            Self::Extend(run, value) => {
                map.map().extend(run.keys().map(|key| (key, value)));
                Answer::Nothing
            }
            Self::Retain { .. } => {
                map.retain(|key, value| self.keeps(*key, *value));
                Answer::Count(map.iter().count())
            }
            Self::Iter => {
                assert!(map.keys().eq(map.iter().map(|(key, _)| key)));
                assert!(map.values().eq(map.iter().map(|(_, value)| value)));
                sorted(map.iter())
            }
            Self::IterClone => {
                let (original, clone) = (map.map(), map.map().clone());
                assert!(clone == *original);
                let entries = sorted(clone.pin().iter());
                if let Some((key, value)) = map.iter().next() {
                    clone.pin().insert(*key, !value);
                    assert!(clone != *original, "a value differs");
                    clone.pin().remove(key);
                    assert!(clone != *original, "a key is missing");
                }
                entries
            }
            Self::Reserve(additional) => {
                map.reserve(additional);
                assert!(map.capacity() >= map.len() + additional, "reserved {additional}");
                Answer::Nothing
            }
            Self::ShrinkTo(least) => {
                let before = map.capacity();
                map.shrink_to(least);
                assert!(map.capacity() >= least.min(before));
                Answer::Nothing
            }
            Self::Clear => {
                map.clear();
                Answer::Nothing
            }
        }
    }
}
