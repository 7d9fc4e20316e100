//! Threads that are stopped in the middle of an operation, and others that must not care.
#![allow(dead_code)]

mod actor;
mod gate;
mod stage;

pub(crate) use self::actor::Op::{self, *};
pub(crate) use self::stage::{LIMIT, Report, Scenario, Stop, Victim};
pub(crate) use loxley::hooks::Moment;

/// Slots of a bucket in this build.
pub(crate) const SLOTS: u8 = if cfg!(loxley_slots = "1") {
    1
} else if cfg!(loxley_slots = "2") {
    2
} else {
    7
};
