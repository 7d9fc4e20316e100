//! Any sequence of operations, compared with std's map step by step.

use std::collections::HashMap as StdMap;

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::common::assert_same;
use crate::common::ops::Map;
use crate::script::{Decoder, Setup, Step, begin_resize, check};

#[derive(Debug)]
pub(crate) struct Scenario {
    setup: Setup,
    steps: Vec<Step>,
}

impl<'a> Arbitrary<'a> for Scenario {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let decoder = Decoder::new(input, 20_000)?;
        Ok(Self { setup: decoder.setup, steps: decoder.collect() })
    }
}

impl Scenario {
    pub(crate) fn run(self) {
        let Setup { hashing, presized } = self.setup;
        let mut map = Map::with_capacity_and_hasher(presized, hashing);
        assert!(map.capacity() >= presized);
        let mut expected = StdMap::new();
        for (i, step) in self.steps.into_iter().enumerate() {
            match step {
                Step::Operate(op) => assert_eq!(op.on_loxley(&map), op.on_std(&mut expected), "step {i}: {op:?}"),
                Step::ReplaceByClone => map = map.clone(),
                Step::BeginResize(more) => begin_resize(&map, more),
            }
            assert_eq!(map.len(), expected.len(), "step {i}");
            assert_eq!(map.is_empty(), expected.is_empty(), "step {i}");
            assert!(map.capacity() >= map.len(), "step {i}: capacity {} < len {}", map.capacity(), map.len());
            if map.capacity() < 128 || i % 32 == 0 {
                check(&map);
            }
        }
        assert_same(&map, &expected);
        check(&map);
        map.pin().shrink_to_fit();
        assert_same(&map, &expected);
        check(&map);
    }
}
