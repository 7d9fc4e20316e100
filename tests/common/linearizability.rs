//! A checker: could what threads saw of a key have been seen if their calls had taken effect one at a time, each at a moment
//! between its beginning and its end?
//!
//! To a single key every operation of a map is a guarded assignment: it [saw](Saw) something and [left](Left) something.
//! [`Effect`] has a constructor for each method, and new ones need nothing from the checker. Values must be unique: no two
//! writes of a key write the same number, so that what was read says who wrote it. Linearizability is local, so a map's
//! history is right if each key's is.
//!
//! ```ignore
//! let clock = Clock::default();                       // shared by the threads
//! let mut log = Log::new(thread, &clock);             // one for each thread
//! log.call(key, || Effect::insert(7, map.insert(key, 7).copied()));
//! check(Vec::from_iter(logs.into_iter().flatten()))?; // each key was absent before
//! ```
//!
//! An iteration is a lookup of every key at some moment between its beginning and its end, yielded or not: a key that it does
//! not yield must have been absent once. It is written down so ([`Log::note`]), and that is its whole promise but
//! for "no key twice".
//!
//! The method is to follow time: at any moment a *configuration* is a state of the key and the set of the open calls
//! that have taken effect. A call that returns must have taken effect; if it has not in some configuration, all
//! ways are tried to let open calls take effect, it last. If no configuration is left, the call cannot be explained. Calls that
//! only look take effect as soon as they can, which loses nothing. So the set stays as small as the number of calls that
//! overlap, however long the history is.
//!
//! This module needs nothing but std.
#![allow(dead_code)] // whoever includes it uses a part

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells which of two moments came first, on all threads.
#[derive(Debug, Default)]
pub(crate) struct Clock(AtomicU64);

impl Clock {
    pub(crate) fn now(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// What a call saw of its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Saw {
    Absent,
    /// Some value, which it did not return.
    Present,
    Value(u64),
    /// Anything.
    Unknown,
}

/// What a call left of its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Left {
    /// What it saw.
    Same,
    Absent,
    Value(u64),
}

/// What a call did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Effect {
    pub(crate) saw: Saw,
    pub(crate) left: Left,
}

impl Effect {
    pub(crate) const fn get(found: Option<u64>) -> Self {
        Self { saw: Saw::exactly(found), left: Left::Same }
    }

    pub(crate) const fn contains_key(found: bool) -> Self {
        Self { saw: if found { Saw::Present } else { Saw::Absent }, left: Left::Same }
    }

    pub(crate) const fn insert(new: u64, old: Option<u64>) -> Self {
        Self { saw: Saw::exactly(old), left: Left::Value(new) }
    }

    /// The error is the value that was there.
    pub(crate) const fn try_insert(new: u64, result: Result<(), u64>) -> Self {
        match result {
            Ok(()) => Self::insert(new, None),
            Err(current) => Self::get(Some(current)),
        }
    }

    /// `old` is what the closure was given the last time, if anything was replaced.
    pub(crate) const fn update(new: u64, old: Option<u64>) -> Self {
        match old {
            Some(_) => Self::insert(new, old),
            None => Self::get(None),
        }
    }

    pub(crate) const fn remove(old: Option<u64>) -> Self {
        Self { saw: Saw::exactly(old), left: Left::Absent }
    }

    /// `new` is what the closure returns, if it is called.
    pub(crate) const fn get_or_insert_with(new: u64, result: u64) -> Self {
        if result == new { Self::insert(new, None) } else { Self::get(Some(result)) }
    }

    fn allowed_in(self, state: Option<u64>) -> bool {
        match self.saw {
            Saw::Unknown => true,
            Saw::Present => state.is_some(),
            Saw::Absent => state.is_none(),
            Saw::Value(value) => state == Some(value),
        }
    }

    fn applied_to(self, state: Option<u64>) -> Option<u64> {
        match self.left {
            Left::Same => state,
            Left::Absent => None,
            Left::Value(value) => Some(value),
        }
    }

    /// A lookup, or a removal of nothing: it makes no difference when it takes effect.
    fn is_look(self) -> bool {
        match self.left {
            Left::Same => true,
            Left::Absent => self.saw == Saw::Absent,
            Left::Value(_) => false,
        }
    }
}

impl Saw {
    const fn exactly(found: Option<u64>) -> Self {
        match found {
            Some(value) => Self::Value(value),
            None => Self::Absent,
        }
    }
}

/// A call on one key. One that ended before another began came first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Call {
    pub(crate) thread: usize,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) effect: Effect,
}

impl Call {
    /// The end of a call that has not returned: it may take effect at any time from its start, or never. Its effect
    /// sees what the operation asks for in order to write anything: insertion sees `Unknown`, update and removal see
    /// `Present`, insertion of absent keys sees `Absent`.
    pub(crate) const NEVER: u64 = u64::MAX;
}

/// What one thread did.
#[derive(Debug)]
pub(crate) struct Log<'c, K> {
    thread: usize,
    clock: &'c Clock,
    calls: Vec<(K, Call)>,
}

impl<'c, K> Log<'c, K> {
    pub(crate) fn new(thread: usize, clock: &'c Clock) -> Self {
        Self { thread, clock, calls: Vec::new() }
    }

    /// Runs `operation` and writes it down.
    pub(crate) fn call(&mut self, key: K, operation: impl FnOnce() -> Effect) {
        let start = self.clock.now();
        let effect = operation();
        self.note(key, start, self.clock.now(), effect);
    }

    /// Writes down what happened between `start` and `end`, at one moment.
    pub(crate) fn note(&mut self, key: K, start: u64, end: u64, effect: Effect) {
        self.calls.push((key, Call { thread: self.thread, start, end, effect }));
    }
}

impl<K> IntoIterator for Log<'_, K> {
    type Item = (K, Call);
    type IntoIter = std::vec::IntoIter<(K, Call)>;

    fn into_iter(self) -> Self::IntoIter {
        self.calls.into_iter()
    }
}

/// A call that no order explains.
#[derive(Debug)]
pub(crate) struct Violation {
    pub(crate) call: Call,
    /// The calls that were open when it returned.
    open: Vec<Call>,
    /// The states that the key may have had when the last call before it had returned.
    states: Vec<Option<u64>>,
    /// The calls that had returned last, in the order of their ends.
    before: Vec<Call>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, Call { thread, start, end, effect }: &Call| {
            write!(f, "\n    thread {thread}, {start} to ")?;
            if *end == Call::NEVER {
                f.write_str("?")?
            } else {
                write!(f, "{end}")?
            }
            write!(f, ": saw {:?}, left {:?}", effect.saw, effect.left)
        };
        f.write_str("no order of the calls explains")?;
        line(f, &self.call)?;
        write!(f, "\nin the states {:?}, with these calls open:", self.states)?;
        self.open.iter().try_for_each(|call| line(f, call))?;
        f.write_str("\nafter:")?;
        self.before.iter().try_for_each(|call| line(f, call))
    }
}

/// Checks the calls on all keys, each of them absent at first.
///
/// # Errors
/// The first key whose calls cannot be explained, as text.
pub(crate) fn check<K: Ord + fmt::Debug>(calls: impl IntoIterator<Item = (K, Call)>) -> Result<(), String> {
    let mut keys = BTreeMap::<K, Vec<Call>>::new();
    for (key, call) in calls {
        keys.entry(key).or_default().push(call);
    }
    for (key, calls) in keys {
        check_key(None, &calls).map_err(|violation| format!("key {key:?}: {violation}"))?;
    }
    Ok(())
}

/// The states that a key can be in when all these calls have returned; it was in state `initial` before.
///
/// # Errors
/// If no order explains the calls.
///
/// # Panics
/// If more than 64 calls are open at a time.
pub(crate) fn check_key(initial: Option<u64>, calls: &[Call]) -> Result<Vec<Option<u64>>, Box<Violation>> {
    const SHOWN: usize = 12;
    let mut sweep = Sweep { open: [None; 64], configurations: vec![Configuration { state: initial, done: 0 }] };
    let starts = calls.iter().map(|call| (call.start, false, call));
    let ends = calls.iter().filter(|call| call.end != Call::NEVER).map(|call| (call.end, true, call));
    let mut events: Vec<_> = starts.chain(ends).collect();
    // Beginnings first: calls that touch overlap.
    events.sort_by_key(|&(time, is_end, call)| (time, is_end, call.start));
    for (i, &(_, is_end, call)) in events.iter().enumerate() {
        if !is_end {
            sweep.begin(call);
        } else if !sweep.end(call) {
            let ended = events[..i].iter().filter(|&&(_, is_end, _)| is_end).map(|&(_, _, call)| *call);
            let mut before: Vec<_> = ended.collect();
            return Err(Box::new(Violation {
                call: *call,
                open: sweep.open.iter().flatten().filter(|&&open| open != call).map(|open| **open).collect(),
                states: sweep.states(),
                before: before.split_off(before.len().saturating_sub(SHOWN)),
            }));
        }
    }
    Ok(sweep.states())
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Configuration {
    state: Option<u64>,
    /// A bit for each open call that has taken effect.
    done: u64,
}

/// What may be the case at a moment of the history.
struct Sweep<'h> {
    open: [Option<&'h Call>; 64],
    configurations: Vec<Configuration>,
}

impl<'h> Sweep<'h> {
    fn begin(&mut self, call: &'h Call) {
        let free = self.open.iter().position(Option::is_none).expect("at most 64 calls open at a time");
        self.open[free] = Some(call);
        for configuration in &mut self.configurations {
            *configuration = look(&self.open, *configuration);
        }
    }

    /// False, and nothing is changed, if the call cannot have taken effect.
    fn end(&mut self, call: &Call) -> bool {
        let index = self.open.iter().position(|open| open.is_some_and(|open| std::ptr::eq(open, call)));
        let index = index.expect("a call begins before it ends");
        let has_happened = |configuration: Configuration| configuration.done >> index & 1 == 1;
        let reached = self.reach(has_happened).into_iter().filter(|&configuration| has_happened(configuration));
        let left: BTreeSet<_> = reached
            .map(|Configuration { state, done }| Configuration { state, done: done & !(1 << index) })
            .collect();
        if left.is_empty() {
            return false;
        }
        self.open[index] = None;
        self.configurations = left.into_iter().collect();
        true
    }

    /// All states now, whichever open calls still take effect.
    fn states(&self) -> Vec<Option<u64>> {
        let states = self.reach(|_| false).into_iter().map(|configuration| configuration.state);
        states.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The configurations now and those after some open calls have taken effect, none after a `last` one.
    fn reach(&self, last: impl Fn(Configuration) -> bool) -> BTreeSet<Configuration> {
        let mut seen: BTreeSet<_> = self.configurations.iter().copied().collect();
        let mut stack = self.configurations.clone();
        while let Some(configuration) = stack.pop() {
            if last(configuration) {
                continue;
            }
            for (i, call) in self.open.iter().enumerate() {
                let Some(Call { effect, .. }) = call.filter(|_| configuration.done >> i & 1 == 0) else {
                    continue;
                };
                if effect.allowed_in(configuration.state) {
                    let state = effect.applied_to(configuration.state);
                    let next = look(&self.open, Configuration { state, done: configuration.done | 1 << i });
                    if seen.insert(next) {
                        stack.push(next);
                    }
                }
            }
        }
        seen
    }
}

/// The open calls that look, and may in this state, have done so.
fn look(open: &[Option<&Call>; 64], mut configuration: Configuration) -> Configuration {
    for (i, call) in open.iter().enumerate() {
        if call.is_some_and(|call| call.effect.is_look() && call.effect.allowed_in(configuration.state)) {
            configuration.done |= 1 << i;
        }
    }
    configuration
}
