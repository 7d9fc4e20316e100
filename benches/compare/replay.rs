//! How work is done on a map.

use std::hint::black_box;

use crate::contender::{Contender, View, sum};
use crate::keys::key;
use crate::kind::{Key, Value};
use crate::streams::{Op, Work};

impl<K: Key> Work<K> {
    /// Does once, untimed, what leaves the map as it is, to have it in the caches.
    pub(crate) fn warm_up<C: Contender<Key = K>>(&self, map: &C) {
        match self {
            Self::Get { keys, .. } => _ = black_box(get_all(map, keys)),
            Self::Chain { links, .. } => _ = black_box(follow(map, links)),
            Self::Iterate { .. } => _ = black_box(map.view().census()),
            Self::Insert { .. } | Self::Mixed { .. } | Self::Add { .. } => {}
        }
    }

    /// Does it all and returns a checksum of all results, which keeps the optimizer from removing
    /// any and must be the same for every contender.
    pub(crate) fn run<C: Contender<Key = K>>(&self, map: &C) -> u64 {
        match self {
            Self::Get { keys, passes } => repeat(*passes, || get_all(map, black_box(keys))),
            Self::Chain { links, passes } => repeat(*passes, || follow(map, black_box(links))),
            Self::Insert { keys } => in_views(map, keys, |view, key| view.put(key, C::Value::of(key.digest()))),
            Self::Mixed { ops, removed } => {
                let checksum = in_views(map, ops, apply);
                // Who leaves the dead to be buried later must not look faster than who buries them.
                map.settle(*removed);
                checksum
            }
            Self::Add { key, count } => add(map, key, *count),
            Self::Iterate { passes, .. } => repeat(*passes, || map.view().census().checksum()),
        }
    }
}

/// Inserts the keys with indexes below `count`.
pub(crate) fn fill<C: Contender>(map: &C, count: usize) {
    for start in (0..count).step_by(C::OPS_PER_VIEW) {
        let mut view = map.view();
        for index in start..count.min(start + C::OPS_PER_VIEW) {
            let key = C::Key::of(key(index as u64));
            view.put(&key, C::Value::of(key.digest()));
        }
    }
}

/// One operation of a mixed stream.
#[inline(always)]
pub(crate) fn apply<W: View>(view: &mut W, op: &Op<W::Key>) -> Option<u64> {
    match op {
        Op::Get(key) => view.find(key),
        Op::Insert(key) => view.put(key, W::Value::of(key.digest())),
        Op::Remove(key) => view.take(key),
        Op::Update(key) => view.bump(key),
    }
}

fn get_all<C: Contender>(map: &C, keys: &[C::Key]) -> u64 {
    keys.chunks(C::OPS_PER_VIEW).fold(0, |sum, keys| sum.wrapping_add(map.view().find_all(keys)))
}

/// Looks up one key after the other, where the place of each is only known from the result of the
/// one before: a processor cannot start two at once.
fn follow<C: Contender>(map: &C, links: &[(C::Key, u64)]) -> u64 {
    let mut surprise = 0;
    let mut total = 0u64;
    for chunk in (0..links.len()).step_by(C::OPS_PER_VIEW) {
        let mut view = map.view();
        for link in chunk..links.len().min(chunk + C::OPS_PER_VIEW) {
            // Always that very link, as no result is a surprise; which only the result tells.
            let (key, expected) = &links[link ^ surprise];
            let found = view.find(key).unwrap_or(1);
            surprise = (found ^ expected) as usize;
            total = total.wrapping_add(found);
        }
    }
    total
}

fn add<C: Contender>(map: &C, key: &C::Key, count: usize) -> u64 {
    let mut total = 0u64;
    for start in (0..count).step_by(C::OPS_PER_VIEW) {
        let mut view = map.view();
        let ops = C::OPS_PER_VIEW.min(count - start);
        let results = (0..ops).map(|_| view.read(black_box(key), Value::count));
        total = total.wrapping_add(sum(results));
    }
    total
}

/// Applies `operation` to all `items`, with a fresh view for every [`Contender::OPS_PER_VIEW`] of
/// them, and adds up the results.
#[inline(always)]
fn in_views<'map, C: Contender, T>(
    map: &'map C,
    items: &[T],
    operation: impl Fn(&mut C::View<'map>, &T) -> Option<u64>,
) -> u64 {
    items.chunks(C::OPS_PER_VIEW).fold(0, |total, items| {
        let mut view = map.view();
        total.wrapping_add(sum(items.iter().map(|item| operation(&mut view, item))))
    })
}

/// The sum of the results of `passes` calls.
fn repeat(passes: usize, pass: impl Fn() -> u64) -> u64 {
    (0..passes).fold(0, |total, _| total.wrapping_add(pass()))
}
