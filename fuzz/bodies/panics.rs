//! Any sequence of operations, some of which panic at some call of user code: for each key such an operation has happened or
//! it has not, the map can be used as before, and every instance of a key or value is dropped once.

use std::collections::HashMap as StdMap;
use std::sync::OnceLock;

use arbitrary::{Arbitrary, Result, Unstructured};
use loxley::{Decision, HashMap};

use crate::common::hashing::Hashing;
use crate::common::ledger::Ledger;
use crate::common::ops::{Op, decide};
use crate::common::touchy::{Site, Touchy, arm, called, disarm};
use crate::common::{finish_resizing, injected};
use crate::script::{Decoder, Setup, Step, begin_resize, check};

#[derive(Debug)]
pub(crate) struct Scenario {
    setup: Setup,
    /// With the call that panics.
    steps: Vec<(Step, Option<(Site, usize)>)>,
    /// How many entries' drops go well when the map is dropped.
    drops: usize,
}

impl<'a> Arbitrary<'a> for Scenario {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let drops = usize::from(u8::arbitrary(input)?);
        let mut decoder = Decoder::new(input, BUDGET)?;
        let mut steps = Vec::new();
        while let Some(step) = decoder.next() {
            let Ok(fuse) = u8::arbitrary(decoder.input) else { break };
            let site = match fuse % 8 {
                0 => Some(Site::Hash),
                1 => Some(Site::Eq),
                2 => Some(Site::Clone),
                3 => Some(Site::Drop),
                4 => Some(Site::Closure),
                _ => None,
            };
            steps.push((step, site.map(|site| (site, usize::from(fuse / 8)))));
        }
        Ok(Self { setup: decoder.setup, steps, drops })
    }
}

const BUDGET: u64 = 4_000;

/// For as many instances as the budget allows: two an operation, and two an entry for each clone.
const INSTANCES: usize = 100_000;

type Map = HashMap<Touchy, Touchy, Hashing>;
type Contents = StdMap<u64, u64>;

impl Scenario {
    pub(crate) fn run(self) {
        static LEDGER: OnceLock<&Ledger> = OnceLock::new();
        let ledger = *LEDGER.get_or_init(|| Ledger::new(INSTANCES));
        let Setup { hashing, presized } = self.setup;
        let mut map = Map::with_capacity_and_hasher(presized, hashing);
        let mut before = Contents::new();
        for (i, (step, fuse)) in self.steps.into_iter().enumerate() {
            let mut after = before.clone();
            if let Step::Operate(op) = step {
                op.on_std(&mut after);
            }
            if let Some((site, calls_before)) = fuse {
                arm(site, calls_before);
            }
            let panicked = injected(|| match step {
                Step::Operate(op) => operate(op, &map, ledger),
                Step::ReplaceByClone => map = map.clone(),
                Step::BeginResize(more) => begin_resize(&map, more),
            });
            let blown = disarm() && fuse.is_some();
            // A panic of a removed entry's drop may be caught by the collector; no other may be swallowed.
            let swallowed = blown && fuse.is_some_and(|(site, _)| site == Site::Drop);
            assert!(panicked == blown || swallowed, "step {i}, {step:?}: the panic did not come out");
            if blown {
                let now = contents(&map);
                for key in before.keys().chain(after.keys()).chain(now.keys()) {
                    let value = now.get(key);
                    assert!(
                        value == before.get(key) || value == after.get(key),
                        "step {i}, {step:?}: {key} -> {value:?}"
                    );
                }
                after = now;
            }
            assert_eq!(map.len(), after.len(), "step {i}, {step:?}");
            before = after;
        }
        assert_eq!(contents(&map), before);
        // A panic of `Hash` may have left a group frozen in part.
        finish_resizing(&map);
        check(&map);
        assert_eq!(contents(&map), before);
        arm(Site::Drop, self.drops);
        let panicked = injected(|| drop(map));
        disarm();
        assert_eq!(panicked, self.drops < 2 * before.len());
        ledger.assert_balanced();
        ledger.reuse();
    }
}

/// All entries, each of which a lookup finds too.
fn contents(map: &Map) -> Contents {
    let pinned = map.pin();
    let contents: Contents = pinned.iter().map(|(key, value)| (key.0.check(), value.0.check())).collect();
    assert_eq!(contents.len(), map.len());
    for (key, value) in &contents {
        assert_eq!(pinned.get(key).map(|found| found.0.check()), Some(*value));
    }
    contents
}

fn operate(op: Op, map: &Map, ledger: &'static Ledger) {
    let touchy = |value| Touchy(ledger.item(value));
    let made = |value| {
        called(Site::Closure);
        touchy(value)
    };
    let map = map.pin();
    match op {
        Op::Insert(key, value) => _ = map.insert(touchy(key), touchy(value)),
        Op::TryInsert(key, value) => drop(map.try_insert(touchy(key), touchy(value))),
        Op::Update(key, add) => _ = map.update(touchy(key), |old| made(old.0.check().wrapping_add(add))),
        Op::GetOrInsertWith(key, value) => _ = map.get_or_insert_with(touchy(key), || made(value)),
        Op::UpdateOrInsert(key, value) => {
            let entry = map.entry(touchy(key));
            entry.and_modify(|old| made(old.0.check() ^ value)).or_insert_with(|| made(value));
        }
        Op::Compute(key, number) => {
            map.compute(touchy(key), |current| {
                called(Site::Closure);
                match decide(number, current.map(|(_, value)| value.0.check())) {
                    Decision::Insert(value) => Decision::Insert(touchy(value)),
                    Decision::Remove => Decision::Remove,
                    Decision::Abort(number) => Decision::Abort(number),
                }
            });
        }
        Op::ReplaceIf(key, number) => {
            drop(map.replace_if(touchy(key), touchy(number), |_, value| {
                called(Site::Closure);
                value.0.check() % 2 == number % 2
            }));
        }
        Op::RemoveIf(key, modulus) => {
            map.remove_if(&touchy(key), |_, value| {
                called(Site::Closure);
                value.0.check() % modulus == 0
            });
        }
        Op::Remove(key) => _ = map.remove(&touchy(key)),
        Op::RemoveEntry(key) => _ = map.remove_entry(&touchy(key)),
        Op::Get(key) => _ = map.get(&touchy(key)),
        Op::GetKeyValue(key) => _ = map.get_key_value(&touchy(key)),
        Op::ContainsKey(key) => _ = map.contains_key(&touchy(key)),
        Op::InsertRun(run, value) => run.keys().for_each(|key| _ = map.insert(touchy(key), touchy(value))),
        Op::RemoveRun(run) => run.keys().for_each(|key| _ = map.remove(&touchy(key))),
        Op::Extend(run, value) => map.map().extend(run.keys().map(|key| (touchy(key), touchy(value)))),
        Op::Retain { .. } => map.retain(|key, value| {
            called(Site::Closure);
            op.keeps(key.0.check(), value.0.check())
        }),
        Op::Iter => assert_eq!(map.iter().count(), map.len()),
        Op::IterClone => assert!(map.map().clone() == *map.map()),
        Op::Reserve(additional) => map.reserve(additional),
        Op::ShrinkTo(least) => map.shrink_to(least),
        Op::Clear => map.clear(),
    }
}
