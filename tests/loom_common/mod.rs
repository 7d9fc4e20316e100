//! What the loom tests share. A test is a [`Scenario`]: an initial table and a program for each thread, in the manner of the
//! configurations of the protocol's model. [`Scenario::run`] explores its interleavings and checks of each one that
//! * its results are linearizable, in real time, and so is what the map holds afterwards;
//! * the map's invariants hold afterwards (`src/raw/check.rs`);
//! * every key and every value is dropped exactly once, and none is looked at after that.
//!
//! And in the end, that the exploration was worth its name: every outcome that the operations have when each runs without
//! interruption, in an order with few enough switches, must have been seen.

// Every test file compiles its own copy and uses a part.
#![allow(dead_code, unused_imports)]

mod entry;
mod history;
mod quarantine;
mod scenario;

pub(crate) use self::entry::Homes;
pub(crate) use self::history::Op::{self, *};
pub(crate) use self::scenario::Scenario;
