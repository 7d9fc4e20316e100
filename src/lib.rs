//! A concurrent hash map without locks: `std::collections::HashMap`, shared.
//!
//! ```
//! let map = loxley::HashMap::new();
//! let dictionary = map.pin();
//! dictionary.insert("key1", "value1");
//! dictionary.insert("key2", "value2");
//!
//! if let Some(value) = dictionary.get("key1") {
//!     println!("{value}"); // value1
//! }
//! # assert_eq!(dictionary.get("key1"), Some(&"value1"));
//! # assert_eq!(dictionary.get("key2"), Some(&"value2"));
//! ```
//!
//! # Contents
//! * [Usage](#usage): views, keys, values, `&mut`, sets
//! * [Consistency](#consistency): what each operation promises ([table](docs::operations))
//! * [Progress](#progress): what happens to other threads when one stops
//! * [Lifetimes and guards](#lifetimes-and-guards), [async](docs::guards#async)
//! * [Memory](#memory): when it comes back
//! * [Features](#features): what is optional
//! * [When not to use it](#when-not-to-use-it), [limitations](docs::limitations)
//! * [Migrating](docs::migrating) from dashmap, papaya, `RwLock<HashMap>` or std, side by side
//! * [Performance](docs::performance), and [how it works](docs::algorithm)
//!
//! # Usage
//! A [`HashMap`] is shared by reference (`&map`, `Arc<map>`), and written to through it. [`pin`](HashMap::pin) gives a
//! [view](Pinned) with the methods of std's map. What the view returns is borrowed from it: plain references, no wrappers.
//!
//! ```
//! use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
//!
//! let visits: loxley::HashMap<String, AtomicU64> = loxley::HashMap::new();
//! std::thread::scope(|s| {
//!     for _ in 0..4 {
//!         s.spawn(|| {
//!             let visits = visits.pin();
//!             visits.get_or_insert_with("index.html".into(), AtomicU64::default).fetch_add(1, Relaxed);
//!         });
//!     }
//! });
//! assert_eq!(visits.pin().get("index.html").unwrap().load(Relaxed), 4);
//! ```
//!
//! Lookups take any form of a key that is [`Equivalent`] to it: borrowed (`&str` for `String`), or of your own making, such as
//! the parts of a key that would have to be cloned to put it together. Its `Hash` must agree with the key's:
//!
//! ```
//! #[derive(PartialEq, Eq, Hash)]
//! struct Account {
//!     tenant: String,
//!     user: u64,
//! }
//!
//! #[derive(Hash)] // the same fields in the same order: the same hash
//! struct AccountRef<'a> {
//!     tenant: &'a str,
//!     user: u64,
//! }
//!
//! impl loxley::Equivalent<Account> for AccountRef<'_> {
//!     fn equivalent(&self, key: &Account) -> bool {
//!         self.tenant == key.tenant && self.user == key.user
//!     }
//! }
//!
//! let balances = loxley::HashMap::new();
//! balances.pin().insert(Account { tenant: "acme".into(), user: 7 }, 100);
//! assert_eq!(balances.pin().get(&AccountRef { tenant: "acme", user: 7 }), Some(&100));
//! ```
//!
//! Values are immutable once they are in the map: [`insert`](Pinned::insert) and [`update`](Pinned::update) replace
//! them. Values that change often are best atomics, as above. What depends on the value that a key has, or on whether it has
//! one, is one atomic step with [`compute`](Pinned::compute), [`update_or_insert`](Pinned::update_or_insert),
//! [`replace_if`](Pinned::replace_if), [`compare_exchange`](Pinned::compare_exchange), [`remove_if`](Pinned::remove_if) or an
//! [`entry`](Pinned::entry).
//!
//! With `&mut map` no view is needed: values change in place ([`get_mut`](HashMap::get_mut),
//! [`entry_mut`](HashMap::entry_mut), [`iter_mut`](HashMap::iter_mut)), and what is removed comes back by value
//! ([`remove_mut`](HashMap::remove_mut), [`drain`](HashMap::drain), [`extract_if`](HashMap::extract_if), `into_iter`).
//!
//! A [`HashSet`] is a map without values. [`scan`](Pinned::scan) iterates in pages that nothing needs to be held between.
//!
//! # Consistency
//! Operations on single keys are *linearizable*: each takes effect at one moment between its call and its
//! return, and all threads agree on the order. That includes insertions against removals, updates and lookups of the same
//! key, and what a thread learns through one key about another.
//!
//! Iteration, [`retain`](Pinned::retain) and [`clear`](Pinned::clear) are *weakly consistent*: a key that is in the map
//! during the whole iteration is yielded exactly once, however often the map grows or shrinks meanwhile; a key that comes or
//! goes may be yielded or not; no key is yielded twice. [`len`](Pinned::len) is exact when nobody writes.
//!
//! [`docs::operations`] has a table of all methods: where each takes effect, which closures may run again, and what is not atomic.
//!
//! # Progress
//! Lookups are *wait-free* (in each table that they pass through; a lookup that is overtaken by resizes passes through more
//! than one): they end after a bounded number of steps whatever others do, and they write nothing. Everything else is
//! *lock-free*, growing and shrinking included: a thread that is stopped anywhere, even for ever, keeps no other from
//! finishing. So there is nothing to deadlock with: call any method while you hold references
//! from any other, on any thread, from within closures, `Hash`, `Eq` and `Drop`
//! ([an example](docs::migrating#from-dashmap)). (The allocator and the collector have locks of their own, if any.)
//!
//! No operation does work that grows with the map, except those that say so ([`clear`](Pinned::clear),
//! [`retain`](Pinned::retain), [`reserve`](Pinned::reserve), [`shrink_to`](Pinned::shrink_to) and their kin, iteration) and
//! those that meet a `shrink_to` of another thread. When the map grows, each insertion or removal moves a few buckets; only
//! if insertions fill the new table before the old one has been moved, which takes many threads that are stopped in the
//! middle of it, does one move all that is left.
//!
//! # Lifetimes and guards
//! A view holds a [`Guard`], which keeps alive what is read through it: references are good as long as the view,
//! whatever is removed meanwhile. It costs a few nanoseconds; make one for a request or a batch of operations, not
//! for a program's lifetime, for it holds back memory. Other threads may use both by reference. Neither is `Send`;
//! for a task that holds one across `.await`, [`pin_owned`](HashMap::pin_owned) makes one that is. See
//! [`docs::guards`] for loops, nesting, guards for several maps, and async. The view's operations exist on the map
//! itself with an explicit guard.
//!
//! # Memory
//! Entries that are removed or replaced are freed by [`crossbeam_epoch`], when no guard is left that was made before; perhaps
//! later and on another thread, so writing methods ask for `Send + 'static`. Garbage is bounded in bytes as long as guards are
//! short. Tables are freed promptly when the map has grown or shrunk, and dropping the map drops what is in it at once: see
//! [`docs::memory`].
//!
//! [`Pinned::stats`] tells what a map consists of, and [`HashMap::builder`] makes one with a lower load or a smaller share of
//! migrations for each operation.
//!
//! # Features
//! None is on by default.
//! * `arbitrary`: `Arbitrary` for maps and sets, for fuzzers.
//! * `proptest`: strategies for maps and sets, for property tests.
//! * `serde`: `Serialize` and `Deserialize` for maps and sets, `Serialize` for their views too.
//! * `rayon`: parallel iterators over views, maps and sets; collecting into maps and sets, and extending them, from many threads.
//!
//! # When not to use it
//! * On one thread, or where writers are rare enough for a `RwLock`: std's map has its entries in the table, not in nodes.
//! * When values change in place all the time and are not atomic: each change makes a new node. Use a map of mutexes.
//! * When several keys must change together: there are no transactions, only [ways around](docs::operations#what-is-not-atomic).
//! * When keys or values that are written borrow from something short-lived.
//! * On 32-bit targets: slots are packed 64-bit words.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("loxley packs an address and 19 bits of state into one word: it supports 64-bit targets only");

#[cfg(feature = "arbitrary")]
mod arbitrary;
mod batch;
mod builder;
mod by_ref;
mod compute;
mod conditional;
pub mod docs;
mod entry;
mod hashed;
mod iter;
mod map;
#[cfg(doctest)]
mod must_not_compile;
mod owned;
mod owned_guard;
#[cfg(feature = "rayon")]
#[cfg_attr(docsrs, doc(cfg(feature = "rayon")))]
pub mod parallel;
mod pinned;
mod raw;
mod reclaim;
mod reserve;
mod scan;
#[cfg(feature = "serde")]
mod serde;
pub mod set;
mod stats;
#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub mod strategy;
mod sync;
mod traits;
mod update;

pub use ahash::RandomState;
pub use equivalent::Equivalent;

pub use self::batch::GetMany;
pub use self::builder::{Build, Builder};
pub use self::compute::{Computed, Decision};
pub use self::conditional::ReplaceError;
pub use self::entry::{Entry, Modify, OccupiedEntry, VacantEntry};
pub use self::hashed::Hashed;
pub use self::iter::{Iter, Keys, Values};
pub use self::map::{HashMap, OccupiedError};
pub use self::owned::{
    Drain, EntryMut, ExtractIf, IntoIter, IntoKeys, IntoValues, IterMut, OccupiedEntryMut, VacantEntryMut,
    ValuesMut,
};
pub use self::owned_guard::Owned;
pub use self::pinned::Pinned;
pub use self::reclaim::Guard;
pub use self::reserve::{TryReserveError, TryReserveErrorKind};
pub use self::scan::Page;
pub use self::set::{HashSet, PinnedSet};
pub use self::stats::{Migration, Stats};

#[cfg(any(loom, shuttle, loxley_hooks))]
#[doc(hidden)]
pub use self::raw::hooks;

/// Its examples are tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
