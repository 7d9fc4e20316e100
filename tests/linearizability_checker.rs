//! The checker of histories accepts what can be and rejects what cannot: by hand, and against brute force.
#![cfg(not(loom))]

mod common;

use common::Rng;
use common::linearizability::{Call, Clock, Effect, Left, Log, Saw, check, check_key};

/// Thread, start, end, effect.
type Line = (usize, u64, u64, Effect);

fn calls(lines: &[Line]) -> Vec<Call> {
    lines.iter().map(|&(thread, start, end, effect)| Call { thread, start, end, effect }).collect()
}

#[track_caller]
fn accepted(lines: &[Line], states: &[Option<u64>]) {
    match check_key(None, &calls(lines)) {
        Ok(found) => assert_eq!(found, states, "the states afterwards"),
        Err(violation) => panic!("{violation}"),
    }
}

/// The call that cannot be explained is that in line `culprit`.
#[track_caller]
fn rejected(lines: &[Line], culprit: usize) {
    let calls = calls(lines);
    let violation = check_key(None, &calls).expect_err("accepted");
    assert_eq!(violation.call, calls[culprit], "{violation}");
}

const fn insert(new: u64, old: Option<u64>) -> Effect {
    Effect::insert(new, old)
}

#[test]
fn calls_one_after_the_other() {
    accepted(&[], &[None]);
    accepted(
        &[
            (0, 0, 1, Effect::get(None)),
            (0, 2, 3, insert(1, None)),
            (1, 4, 5, Effect::try_insert(2, Err(1))),
            (1, 6, 7, Effect::update(3, Some(1))),
            (0, 8, 9, Effect::get_or_insert_with(4, 3)),
            (0, 10, 11, Effect::contains_key(true)),
            (0, 12, 13, Effect::remove(Some(3))),
            (1, 14, 15, Effect::contains_key(false)),
            (0, 16, 17, Effect::update(5, None)),
            (0, 18, 19, Effect::remove(None)),
            (1, 20, 21, Effect::get_or_insert_with(6, 6)),
        ],
        &[Some(6)],
    );
    for wrong in [
        Effect::get(None),
        Effect::get(Some(2)),
        Effect::contains_key(false),
        insert(3, None),
        Effect::try_insert(3, Ok(())),
        Effect::update(3, None),
        Effect::remove(None),
        Effect::get_or_insert_with(3, 3),
    ] {
        rejected(&[(0, 0, 1, insert(1, None)), (1, 2, 3, wrong)], 1);
    }
}

#[test]
fn a_lookup_during_a_write_may_see_either_value() {
    let write = [(0, 0, 1, insert(1, None)), (0, 10, 20, insert(2, Some(1)))];
    for seen in [1, 2] {
        accepted(&[write[0], write[1], (1, 12, 14, Effect::get(Some(seen)))], &[Some(2)]);
    }
    // The moment of one lookup is after that of another that ended before it.
    let one_then_other = |first, second| {
        [write[0], write[1], (1, 11, 12, Effect::get(Some(first))), (2, 13, 14, Effect::get(Some(second)))]
    };
    accepted(&one_then_other(1, 2), &[Some(2)]);
    rejected(&one_then_other(2, 1), 3);
    // Calls that touch overlap.
    accepted(&[write[0], write[1], (1, 20, 22, Effect::get(Some(1)))], &[Some(2)]);
    rejected(&[write[0], write[1], (1, 21, 22, Effect::get(Some(1)))], 2);
}

#[test]
fn what_maps_get_wrong() {
    let first = (0, 0, 1, insert(1, None));
    // A lookup misses the key while its value is replaced.
    rejected(&[first, (0, 10, 20, insert(2, Some(1))), (1, 12, 14, Effect::get(None))], 2);
    // Two winners of one insertion.
    rejected(&[(0, 0, 5, Effect::try_insert(1, Ok(()))), (1, 1, 4, Effect::try_insert(2, Ok(())))], 0);
    // A lost update.
    rejected(&[first, (0, 10, 20, Effect::update(2, Some(1))), (1, 11, 21, Effect::update(3, Some(1)))], 2);
    // Two removals of one entry.
    rejected(&[first, (0, 10, 20, Effect::remove(Some(1))), (1, 11, 21, Effect::remove(Some(1)))], 2);
    // An insertion returns a value that came later.
    rejected(&[first, (0, 10, 12, insert(2, Some(3))), (1, 14, 16, insert(3, Some(1)))], 1);
    // A removed entry comes back.
    rejected(&[first, (1, 2, 3, Effect::remove(Some(1))), (1, 4, 5, Effect::get(Some(1)))], 2);
    // A value that nobody wrote.
    rejected(&[first, (1, 0, 9, Effect::get(Some(7)))], 1);
}

/// Iterations, as lookups that take long.
#[test]
fn a_yielded_key_was_there_and_a_missing_one_was_not() {
    let coming_and_going =
        [(0, 0, 1, insert(1, None)), (0, 10, 11, Effect::remove(Some(1))), (0, 20, 21, insert(2, None))];
    let with = |effect| [&coming_and_going[..], &[(1, 5, 30, effect)]].concat();
    accepted(&with(Effect::get(Some(1))), &[Some(2)]);
    accepted(&with(Effect::get(Some(2))), &[Some(2)]);
    accepted(&with(Effect::get(None)), &[Some(2)]);
    rejected(&with(Effect::get(Some(3))), 3);
    let staying = [(0, 0, 1, insert(1, None)), (0, 10, 11, insert(2, Some(1))), (1, 5, 30, Effect::get(None))];
    rejected(&staying, 2);
}

#[test]
fn a_call_that_never_returns_happens_at_any_time_or_never() {
    let stuck = |effect| (0, 10, Call::NEVER, effect);
    let insertion = stuck(Effect { saw: Saw::Unknown, left: Left::Value(2) });
    let first = (1, 0, 1, insert(1, None));
    accepted(&[first, insertion], &[Some(1), Some(2)]);
    accepted(&[first, insertion, (1, 11, 12, Effect::get(Some(1)))], &[Some(1), Some(2)]);
    accepted(&[first, insertion, (1, 11, 12, Effect::get(Some(2)))], &[Some(2)]);
    rejected(&[first, (1, 8, 9, Effect::get(Some(2))), insertion], 1);
    let seen_and_then = |effect| [first, insertion, (1, 11, 12, Effect::get(Some(2))), (1, 13, 14, effect)];
    rejected(&seen_and_then(Effect::get(Some(1))), 3);
    rejected(&seen_and_then(Effect::get(None)), 3);
    let removal = stuck(Effect { saw: Saw::Present, left: Left::Absent });
    accepted(&[first, removal, (1, 11, 12, Effect::get(None)), (1, 13, 14, insert(3, None))], &[Some(3)]);
    rejected(&[first, removal, (1, 11, 12, insert(3, None)), (1, 13, 14, Effect::get(None))], 3);
}

#[test]
fn logs_of_several_keys() {
    let clock = Clock::default();
    let mut log = Log::new(0, &clock);
    let mut other = Log::new(1, &clock);
    for key in ["a", "b"] {
        log.call(key, || insert(1, None));
        other.call(key, || Effect::get(Some(1)));
    }
    let mut entries = Vec::from_iter(log.into_iter().chain(other));
    check(entries.iter().copied()).unwrap();
    entries[3].1.effect = Effect::get(None);
    let text = check(entries).unwrap_err();
    assert!(text.starts_with("key \"b\"") && text.contains("saw Absent"), "{text}");
}

/// The definition: some order of all calls that have returned, and of some that have not.
fn brute_force(state: Option<u64>, left: &[Call]) -> Vec<Option<u64>> {
    let mut states = Vec::new();
    if left.iter().all(|call| call.end == Call::NEVER) {
        states.push(state);
    }
    for (i, call) in left.iter().enumerate() {
        let allowed = match call.effect.saw {
            Saw::Absent => state.is_none(),
            Saw::Present => state.is_some(),
            Saw::Value(value) => state == Some(value),
            Saw::Unknown => true,
        };
        if allowed && left.iter().all(|other| call.start <= other.end) {
            let next = match call.effect.left {
                Left::Same => state,
                Left::Absent => None,
                Left::Value(value) => Some(value),
            };
            let rest = [&left[..i], &left[i + 1..]].concat();
            states.extend(brute_force(next, &rest));
        }
    }
    states.sort_unstable();
    states.dedup();
    states
}

/// Histories that are right, then with one answer changed, which may make them wrong.
#[test]
fn agrees_with_brute_force() {
    let mut rng = Rng::new(0x11FE);
    let mut verdicts = [0; 2];
    for _ in 0..20_000 {
        let (mut state, mut time) = (None, 0);
        let mut history = Vec::new();
        for i in 0..2 + rng.below(5) {
            let effect = match rng.below(6) {
                0 => Effect::get(state),
                1 => Effect::contains_key(state.is_some()),
                2 => Effect::remove(state),
                3 => Effect::update(i, state),
                4 => Effect::try_insert(i, state.map_or(Ok(()), Err)),
                _ => Effect::insert(i, state),
            };
            match effect.left {
                Left::Same => {}
                Left::Absent => state = None,
                Left::Value(value) => state = Some(value),
            }
            time += 4;
            let (before, after) = (rng.below(12), rng.below(12));
            let end = if rng.one_in(16) { Call::NEVER } else { time + after };
            history.push(Call { thread: 0, start: 100 + time - before, end, effect });
            if history[i as usize].end != Call::NEVER {
                history[i as usize].end += 100;
            }
        }
        for _ in 0..2 {
            let expected = brute_force(None, &history);
            match check_key(None, &history) {
                Ok(states) => assert_eq!(states, expected, "{history:?}"),
                Err(violation) => assert!(expected.is_empty(), "{violation}\nof {history:?}"),
            }
            verdicts[usize::from(expected.is_empty())] += 1;
            let victim = rng.below(history.len() as u64) as usize;
            let other = rng.below(history.len() as u64) as usize;
            history[victim].effect.saw = history[other].effect.saw;
        }
    }
    assert!(verdicts.iter().all(|&count| count > 2_000), "accepted, rejected: {verdicts:?}");
}
