//! loxley alone, operation by operation: is this commit slower than the one before?
//!
//! ```text
//! cargo bench --bench regression -- --save-baseline before
//! cargo bench --bench regression -- --baseline before
//! ```

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput};
use loxley::{HashMap, RandomState};

/// Entries of the map: more than the second-level cache holds.
const ENTRIES: u64 = 100_000;
/// Operations between two looks at the clock.
const BATCH: u64 = 1_000;

/// The `index`-th key: SplitMix64, so that distinct indexes give distinct keys in no order.
const fn key(index: u64) -> u64 {
    let mut z = index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Always the same seed: a change of figures must come from a change of code.
fn empty() -> HashMap<u64, u64> {
    HashMap::with_hasher(RandomState::with_seeds(1, 2, 3, 4))
}

fn full() -> HashMap<u64, u64> {
    let map = empty();
    map.pin().reserve(ENTRIES as usize);
    fill(&map);
    map
}

fn fill(map: &HashMap<u64, u64>) {
    let view = map.pin();
    (0..ENTRIES).for_each(|index| _ = view.insert(key(index), index));
}

/// Walks through `range` in steps of [`BATCH`], over and over, for a map that is not always asked
/// for the same keys.
fn batches(range: std::ops::Range<u64>) -> impl FnMut() -> std::ops::Range<u64> {
    let mut next = range.start;
    move || {
        let start = next;
        next = if start + 2 * BATCH > range.end { range.start } else { start + BATCH };
        start..start + BATCH
    }
}

fn operations(criterion: &mut Criterion) {
    let map = full();
    let mut group = criterion.benchmark_group("100k");
    group.throughput(Throughput::Elements(BATCH));

    let mut present = batches(0..ENTRIES);
    let mut absent = batches(ENTRIES..2 * ENTRIES);
    group.bench_function("get-hit", |bencher| {
        bencher.iter(|| {
            let view = map.pin();
            present().for_each(|index| _ = black_box(view.get(&key(index))));
        });
    });
    group.bench_function("get-hit-pin-each", |bencher| {
        bencher.iter(|| present().for_each(|index| _ = black_box(map.pin().get(&key(index)))));
    });
    group.bench_function("get-miss", |bencher| {
        bencher.iter(|| {
            let view = map.pin();
            absent().for_each(|index| _ = black_box(view.get(&key(index))));
        });
    });
    group.bench_function("update", |bencher| {
        bencher.iter(|| {
            let view = map.pin();
            present().for_each(|index| _ = black_box(view.update(key(index), |value| value + 1)));
        });
    });
    group.bench_function("insert-remove", |bencher| {
        bencher.iter(|| {
            let view = map.pin();
            absent().for_each(|index| {
                black_box(view.insert(key(index), index));
                black_box(view.remove(&key(index)));
            });
        });
    });
    group.finish();
}

fn whole_map(criterion: &mut Criterion) {
    let map = full();
    let mut group = criterion.benchmark_group("100k");
    group.throughput(Throughput::Elements(ENTRIES));
    group.bench_function("iterate", |bencher| {
        bencher.iter(|| map.pin().iter().fold(0, |sum: u64, (key, value)| sum.wrapping_add(key ^ value)));
    });
    group.bench_function("grow", |bencher| {
        bencher.iter_batched(
            empty,
            |map| {
                fill(&map);
                map // given back, as dropping it is not to be timed
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    operations(&mut criterion);
    whole_map(&mut criterion);
    criterion.final_summary();
}
