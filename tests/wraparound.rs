//! Versions of meta words and stamps of tombstones pass their largest values, in tables with displaced entries. A file of its
//! own: the supply of stamps is the process's.
#![cfg(all(loxley_hooks, not(loom)))]

mod common;

use common::hashing::Hashing;
use common::linearizability::{Clock, Effect, Log, check};
use common::{Rng, mix};
use loxley::{HashMap, hooks};
use std::sync::Barrier;
use std::thread;

const THREADS: u64 = 4;

fn operate(map: &HashMap<u64, u64, Hashing>, log: &mut Log<'_, u64>, rng: &mut Rng, value: u64) {
    let key = rng.below(12);
    let map = map.pin();
    log.call(key, || match rng.below(5) {
        0 => Effect::get(map.get(&key).copied()),
        1 | 2 => Effect::insert(value, map.insert(key, value).copied()),
        _ => Effect::remove(map.remove(&key).copied()),
    });
}

#[test]
fn versions_and_stamps() {
    for hashing in [Hashing::Ahash, Hashing::Values(2), Hashing::Constant] {
        let map = HashMap::with_hasher(hashing);
        let clock = Clock::default();
        let mut calls = Vec::new();
        for round in 0..200 {
            map.pin().reserve(40);
            hooks::wind_up(&map);
            let barrier = Barrier::new(THREADS as usize);
            let run = |id| {
                hooks::wind_up_thread(id);
                let mut rng = Rng::new(mix(round) ^ id);
                let mut jitter = Rng::new(mix(id));
                hooks::on_access(move |_| {
                    if jitter.one_in(64) {
                        thread::yield_now();
                    }
                });
                let mut log = Log::new(id as usize, &clock);
                barrier.wait();
                (0..60).for_each(|i| operate(&map, &mut log, &mut rng, (round * THREADS + id) << 8 | i));
                log
            };
            let logs: Vec<_> = thread::scope(|scope| {
                let threads: Vec<_> = (0..THREADS)
                    .map(|id| {
                        let run = &run;
                        scope.spawn(move || run(id))
                    })
                    .collect();
                threads.into_iter().map(|thread| thread.join().expect("a thread failed")).collect()
            });
            calls.extend(logs.into_iter().flatten());
            hooks::check(&map);
        }
        if let Err(violation) = check(calls) {
            panic!("{hashing:?}: {violation}");
        }
    }
}
