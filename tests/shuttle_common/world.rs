//! A map, what threads do to it, and what they write down of that.

use std::collections::BTreeMap;

use loxley::{Computed, Decision, Guard, hooks};

use super::entry::{Key, Map, Name, Value};
use super::op::Op;
use crate::common::linearizability::{Clock, Effect, Log};

/// What the threads share.
pub(super) struct World {
    pub(super) map: Map,
    pub(super) clock: Clock,
    /// All keys that anybody inserts.
    pub(super) names: Vec<u8>,
}

/// One thread's view of it.
pub(super) struct Actor<'w> {
    world: &'w World,
    number: u64,
    written: u64,
    pub(super) log: Log<'w, u8>,
}

impl<'w> Actor<'w> {
    pub(super) fn new(number: usize, world: &'w World) -> Self {
        Self { world, number: number as u64, written: 0, log: Log::new(number, &world.clock) }
    }

    /// A value that nobody else writes.
    fn new_number(&mut self) -> u64 {
        self.written += 1;
        self.number * 1000 + self.written
    }

    /// Performs the operations one by one.
    pub(super) fn run(mut self, program: &[Op]) -> Log<'w, u8> {
        for &op in program {
            self.perform(op, &self.world.map.guard());
        }
        self.log
    }

    /// The same under one guard, and looks at all that was found once more in the end.
    pub(super) fn run_pinned(mut self, program: &[Op]) -> Log<'w, u8> {
        let guard = &self.world.map.guard();
        let found: Vec<_> = program.iter().filter_map(|&op| self.perform(op, guard)).collect();
        for (value, number) in found {
            assert_eq!(value.number(), number as u32, "a value changed under a reference");
        }
        self.log
    }

    /// The value that was found or written, if there is one.
    fn perform<'g>(&mut self, op: Op, guard: &'g Guard) -> Option<(&'g Value, u64)>
    where
        'w: 'g,
    {
        let map = &self.world.map;
        let (one, other) = (self.new_number(), self.new_number());
        let new = |number: u64| Value::new(number as u32);
        let read = |value: Option<&Value>| value.map(|value| u64::from(value.number()));
        let mut seen = None;
        let mut modify = |old: &Value| {
            seen = Some(u64::from(old.number()));
            new(other)
        };
        let start = self.world.clock.now();
        let (key, found, effect) = match op {
            Op::Get(key) => {
                let found = map.get(Name::of(&key), guard);
                (key, found, Effect::get(read(found)))
            }
            Op::Put(key) => {
                let old = map.insert(Key::new(key), new(one), guard);
                (key, old, Effect::insert(one, read(old)))
            }
            Op::Try(key) => match map.try_insert(Key::new(key), new(one), guard) {
                Ok(value) => {
                    assert_eq!(read(Some(value)), Some(one), "an insertion returned another's value");
                    (key, Some(value), Effect::insert(one, None))
                }
                Err(error) => {
                    assert_eq!(
                        read(Some(&error.not_inserted)),
                        Some(one),
                        "an insertion gave back another's value"
                    );
                    (key, Some(error.current), Effect::get(read(Some(error.current))))
                }
            },
            Op::GetOrPut(key) => {
                let value = map.get_or_insert_with(Key::new(key), || new(one), guard);
                (key, Some(value), Effect::get_or_insert_with(one, u64::from(value.number())))
            }
            Op::Update(key) => {
                let value = map.update(Key::new(key), modify, guard);
                assert!(value.is_none_or(|value| read(Some(value)) == Some(other)), "another's value");
                (key, value, Effect::update(other, value.and(seen)))
            }
            Op::Upsert(key) => {
                let value = map.update_or_insert(Key::new(key), modify, new(one), guard);
                (key, Some(value), upsert(value, one, other, seen))
            }
            Op::Entry(key) => {
                let value = map.entry(Key::new(key), guard).and_modify(&mut modify).or_insert_with(|| new(one));
                (key, Some(value), upsert(value, one, other, seen))
            }
            Op::Replace(key) => {
                let old = map.replace(Key::new(key), new(one), guard);
                (key, old, Effect::update(one, read(old)))
            }
            Op::Toggle(key) => {
                let toggle = |current: Option<_>| match current {
                    Some(_) => Decision::<_, ()>::Remove,
                    None => Decision::Insert(new(one)),
                };
                match map.compute(Key::new(key), toggle, guard) {
                    Computed::Removed { value, .. } => (key, Some(value), Effect::remove(read(Some(value)))),
                    Computed::Inserted { value, .. } => {
                        assert_eq!(read(Some(value)), Some(one), "an insertion returned another's value");
                        (key, Some(value), Effect::insert(one, None))
                    }
                    _ => unreachable!("inserted what was there, or removed what was not"),
                }
            }
            Op::Remove(key) => {
                let old = map.remove(Name::of(&key), guard);
                (key, old, Effect::remove(read(old)))
            }
            Op::Iterate => {
                self.iterate(guard);
                return None;
            }
            Op::Reserve(additional) => {
                map.reserve(additional, guard);
                return None;
            }
            Op::Shrink => {
                map.shrink_to_fit(guard);
                return None;
            }
            Op::Evict(key) => {
                hooks::evict(map, Name::of(&key));
                return None;
            }
        };
        self.log.note(key, start, self.world.clock.now(), effect);
        Some((found?, read(found)?))
    }

    /// A lookup of each key, at any moment between the beginning and the end. Returns how many were yielded.
    pub(super) fn iterate(&mut self, guard: &Guard) -> usize {
        let start = self.world.clock.now();
        let mut yielded = BTreeMap::new();
        for (key, value) in self.world.map.iter(guard) {
            let twice = yielded.insert(key.name(), u64::from(value.number())).is_some();
            assert!(!twice, "key {:#x} was yielded twice", key.name());
        }
        let end = self.world.clock.now();
        for &name in &self.world.names {
            self.log.note(name, start, end, Effect::get(yielded.get(&name).copied()));
        }
        yielded.len()
    }
}

/// The effect of a call that writes `inserted` if it saw nothing and `modified` otherwise; what its closure saw last is `seen`.
fn upsert(value: &Value, inserted: u64, modified: u64, seen: Option<u64>) -> Effect {
    let value = u64::from(value.number());
    if value == modified {
        return Effect::insert(modified, seen);
    }
    assert_eq!(value, inserted, "another's value");
    Effect::insert(inserted, None)
}
