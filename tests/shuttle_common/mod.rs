//! What the shuttle tests share. A test is a [`Storm`]: a kind of table and of programs. [`Storm::run`] draws programs for three
//! or four threads and schedules for them at random, and checks of each that
//! * what each key saw is linearizable, iterations and what the map holds afterwards included;
//! * the map's invariants hold afterwards (`src/raw/check.rs`);
//! * every key and every value is dropped exactly once, none is looked at after that, all memory is freed once, and no atomic
//!   in freed memory is accessed. What is retired is freed as soon as no guard protects it.
//!
//! What loom's tests explore exhaustively is small; this is the other way round. Orderings are all sequentially consistent here.

// Some tests are for one width of buckets.
#![allow(dead_code, unused_imports)]

mod explore;
mod op;
mod storm;
mod world;

#[path = "../loom_common/entry.rs"]
mod entry;
#[path = "../loom_common/quarantine.rs"]
mod quarantine;

pub(crate) use self::op::Op::*;
pub(crate) use self::storm::{Kind, Storm};
