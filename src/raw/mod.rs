//! The table and its protocol, without the std-like surface.
//!
//! Where to find what: words and meta words ([`word`], [`meta`]), a bucket and how it is probed ([`bucket`], [`probe`]),
//! a table ([`table`]); then the paths of the protocol, one file each: the reader ([`find`]), a writer's
//! search ([`seek`]), insertion ([`insert`]), the choice of a slot ([`place`]), the move of an entry ([`evict`]), removal and
//! replacement ([`remove`]), migration to another table ([`migrate`]), when tables are replaced ([`resize`]), iteration ([`walk`]),
//! reclamation ([`limbo`], [`retire`], [`drop`]).

mod bucket;
mod core;
mod count;
mod drop;
mod evict;
mod find;
mod guards;
mod insert;
mod limbo;
mod local;
mod meta;
mod migrate;
mod node;
mod place;
mod probe;
mod progress;
mod remove;
mod resize;
mod retire;
mod seek;
mod table;
mod walk;
mod word;

#[cfg(any(loom, loxley_hooks))]
mod check;
#[cfg(any(loom, loxley_hooks))]
pub mod hooks;

pub(crate) use self::core::{Core, Op};
pub(crate) use self::insert::{Inserted, Mode};
pub(crate) use self::node::{Node, OwnedNode};
pub(crate) use self::walk::Walk;
