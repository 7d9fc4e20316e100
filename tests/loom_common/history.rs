//! What threads do to a map, what a map without concurrency would answer, and whether a history could be one of that.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

/// An operation, on the key of this name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Op {
    Get(u8),
    /// `insert`.
    Put(u8),
    /// `try_insert`.
    Try(u8),
    /// `get_or_insert_with`.
    GetOrPut(u8),
    /// `update`: appends two digits to the value.
    Update(u8),
    /// `update_or_insert`.
    Upsert(u8),
    /// `replace`.
    Replace(u8),
    /// `compute`: inserts what is absent, removes what is there.
    Toggle(u8),
    /// `compute`: inserts what is absent, returns what is there.
    Adopt(u8),
    /// `compute`: changes nothing.
    Look(u8),
    Remove(u8),
    Iterate,
    /// Links a table of so many buckets (log2), as the first step of growing.
    Begin(u32),
    Shrink,
    /// See [`loxley::hooks::evict`].
    Evict(u8),
    /// See [`loxley::hooks::place`].
    Place(usize),
    /// See [`loxley::hooks::carry`].
    Carry(usize),
    /// See [`loxley::hooks::migrate`].
    Migrate(usize),
    /// `reserve`.
    Reserve(usize),
}
use Op::*;

/// What an operation returned.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Answer {
    Done,
    Value(Option<u32>),
    Entries(Vec<(u8, u32)>),
}

/// The contents of a map.
pub(crate) type Contents = BTreeMap<u8, u32>;

/// A call and the moments of its beginning and its end. `number` is the value that it writes, if it does.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    pub(crate) thread: usize,
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) op: Op,
    pub(crate) number: u32,
    pub(crate) answer: Answer,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { thread, start, end, op, number, answer } = self;
        write!(f, "thread {thread}, {start} to {end}: {op:x?} with {number} gave {answer:?}")
    }
}

/// The value that operation `i` of thread `thread` writes.
pub(crate) fn number(thread: usize, i: usize) -> u32 {
    (thread * 10 + i) as u32
}

pub(crate) fn updated(old: u32, number: u32) -> u32 {
    old * 100 + number
}

/// What `op` does to a map on its own.
pub(crate) fn step(map: &mut Contents, op: Op, number: u32) -> Answer {
    Answer::Value(match op {
        Get(key) | Look(key) => map.get(&key).copied(),
        Put(key) => map.insert(key, number),
        Try(key) => {
            let old = map.get(&key).copied();
            map.entry(key).or_insert(number);
            old
        }
        GetOrPut(key) | Adopt(key) => Some(*map.entry(key).or_insert(number)),
        Update(key) => map.get_mut(&key).map(|value| {
            *value = updated(*value, number);
            *value
        }),
        Upsert(key) => {
            let new = map.get(&key).map_or(number, |&old| updated(old, number));
            map.insert(key, new);
            Some(new)
        }
        Replace(key) => map.get_mut(&key).map(|value| std::mem::replace(value, number)),
        Toggle(key) => {
            let old = map.remove(&key);
            if old.is_none() {
                map.insert(key, number);
            }
            old
        }
        Remove(key) => map.remove(&key),
        Iterate => return Answer::Entries(map.iter().map(|(&key, &value)| (key, value)).collect()),
        Begin(_) | Shrink | Evict(_) | Place(_) | Carry(_) | Migrate(_) | Reserve(_) => return Answer::Done,
    })
}

/// An iteration looks at each key once, at any moment between its call and its return.
fn expand(calls: &[Call], keys: &BTreeSet<u8>) -> Vec<Call> {
    let each = |call: &Call| match &call.answer {
        Answer::Entries(entries) => {
            let entries: Contents = entries.iter().copied().collect();
            let look = |&key: &u8| Call {
                op: Get(key),
                answer: Answer::Value(entries.get(&key).copied()),
                ..call.clone()
            };
            keys.iter().map(look).collect()
        }
        _ => vec![call.clone()],
    };
    calls.iter().flat_map(each).collect()
}

/// Whether the calls can be put in an order that respects real time, and in which a map without concurrency gives the same
/// answers and comes from `initial` to `last`.
pub(crate) fn is_linearizable(calls: &[Call], initial: &Contents, last: &Contents) -> bool {
    let keys = initial.keys().chain(last.keys()).copied().chain(calls.iter().filter_map(|call| key_of(call.op)));
    let calls = expand(calls, &keys.collect());
    let mut seen = HashSet::new();
    let mut stack = vec![(0_u64, initial.clone())];
    while let Some((done, state)) = stack.pop() {
        let open = |i: &usize| done >> i & 1 == 0;
        let Some(first_end) = (0..calls.len()).filter(open).map(|i| calls[i].end).min() else {
            if state == *last {
                return true;
            }
            continue;
        };
        for i in (0..calls.len()).filter(open).filter(|&i| calls[i].start < first_end) {
            let mut state = state.clone();
            if step(&mut state, calls[i].op, calls[i].number) == calls[i].answer {
                let next = (done | 1 << i, state);
                if seen.insert(next.clone()) {
                    stack.push(next);
                }
            }
        }
    }
    false
}

fn key_of(op: Op) -> Option<u8> {
    match op {
        Get(key) | Put(key) | Try(key) | GetOrPut(key) | Update(key) | Upsert(key) | Replace(key)
        | Toggle(key) | Adopt(key) | Look(key) | Remove(key) => Some(key),
        Iterate | Begin(_) | Shrink | Evict(_) | Place(_) | Carry(_) | Migrate(_) | Reserve(_) => None,
    }
}

/// The answers of each thread, and what the map holds in the end.
pub(crate) type Outcome = (Vec<Vec<Answer>>, Contents);

/// The outcomes of `programs` when every operation runs without interruption, in all orders in which a thread is left at most
/// `switches` times while it has operations to go.
pub(crate) fn outcomes(programs: &[&[Op]], initial: &Contents, switches: usize) -> BTreeSet<Outcome> {
    let mut all = BTreeSet::new();
    let start = (vec![Vec::new(); programs.len()], initial.clone());
    let mut stack = vec![(start, None::<usize>, switches)];
    while let Some(((answers, state), current, left)) = stack.pop() {
        let open = |&t: &usize| answers[t].len() < programs[t].len();
        if (0..programs.len()).filter(open).count() == 0 {
            all.insert((answers, state));
            continue;
        }
        for t in (0..programs.len()).filter(open) {
            let is_switch = current.is_some_and(|current| current != t && open(&current));
            let Some(left) = left.checked_sub(usize::from(is_switch)) else { continue };
            let (mut answers, mut state) = (answers.clone(), state.clone());
            let i = answers[t].len();
            answers[t].push(step(&mut state, programs[t][i], number(t + 1, i)));
            stack.push(((answers, state), Some(t), left));
        }
    }
    all
}
