//! The table and its protocol, without the std-like surface.
//!
//! Where to find what: words and meta words ([`word`], [`fingerprint`], [`meta`]), a bucket and how it is probed
//! ([`bucket`], [`probe`]), a table ([`table`]); then the paths of the protocol, one file each: the reader
//! ([`find`]), a writer's search ([`seek`]), insertion ([`insert`]), the choice of a slot ([`place`]), the move of an
//! entry ([`evict`]), removal ([`remove`]), a caller's decision on what a key has ([`compute`]), migration to another
//! table ([`migrate`], [`carry`]), when tables are replaced ([`resize`], [`shrink`], [`fit`], [`tuning`]), iteration
//! ([`walk`]), statistics ([`survey`]), reclamation ([`limbo`], [`retire`]), where nodes have their memory from
//! ([`node`], [`pool`]); and what the exclusive owner does ([`exclusive`], [`sweep`], [`root`], [`drop`]).

mod bucket;
mod carry;
mod compute;
mod core;
mod count;
mod drop;
mod evict;
mod exclusive;
mod find;
mod fingerprint;
mod fit;
mod guards;
mod insert;
mod limbo;
mod local;
mod meta;
mod migrate;
mod node;
mod place;
pub(crate) mod pool;
mod probe;
mod progress;
mod remove;
mod resize;
mod retire;
mod root;
mod seek;
mod shrink;
mod survey;
mod sweep;
mod table;
mod tuning;
mod walk;
mod word;

#[cfg(any(loom, shuttle, loxley_hooks))]
mod check;
#[cfg(any(loom, shuttle, loxley_hooks))]
pub mod hooks;

pub(crate) use self::compute::{ByRef, ByValue, Given};
pub(crate) use self::core::{Core, Op, RawMap, spread};
pub(crate) use self::drop::Entries;
pub(crate) use self::insert::{Inserted, Mode};
pub(crate) use self::node::{Node, OwnedNode};
pub(crate) use self::sweep::Sweep;
pub(crate) use self::tuning::{MAX_HELP, Tuning};
pub(crate) use self::walk::Walk;
