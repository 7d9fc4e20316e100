//! `compute`: any change of one key's entry that depends on what it is.

use std::hash::{BuildHasher, Hash};

use crate::hashed::Hashed;
use crate::map::HashMap;
use crate::pinned::Pinned;
use crate::raw::{ByValue, Given, Node};
use crate::reclaim::Guard;

/// What a closure of [`compute`](Pinned::compute) decides to do.
#[doc(alias("Operation"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<V, A = ()> {
    /// Insert this value, or replace the one that there is.
    Insert(V),
    /// Remove the entry, if there is one.
    Remove,
    /// Leave everything as it is, and return this.
    Abort(A),
}

/// What [`compute`](Pinned::compute) has done.
#[doc(alias("Compute"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Computed<'g, K, V, A = ()> {
    /// The key was absent, and has this entry now.
    Inserted {
        /// The key.
        key: &'g K,
        /// Its value.
        value: &'g V,
    },
    /// The key had one entry, and has another now.
    Replaced {
        /// The entry that the closure saw.
        old: (&'g K, &'g V),
        /// The entry that it decided on.
        new: (&'g K, &'g V),
    },
    /// The key had this entry, and is absent now.
    Removed {
        /// The key.
        key: &'g K,
        /// Its value.
        value: &'g V,
    },
    /// The closure decided to remove what was not there.
    Absent,
    /// The closure decided to do nothing.
    Aborted(A),
}

impl<'map, K, V, S> Pinned<'map, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Does to the entry of `key` what `decide`, which sees it, says: insert or replace, remove, or nothing.
    ///
    /// Atomic: what is done is done to what `decide` saw, in one step. That is one compare-and-swap, which succeeds only if
    /// the key still has that entry, or is still absent; where nothing is done, it is the lookup. If the entry
    /// has changed meanwhile, `decide` is called again with what there is then: **it may run any number of times**, each time but
    /// the first because another operation on this key has succeeded. It is not called again because of changes elsewhere or
    /// because the map grows. The results of all calls but the last are dropped.
    ///
    /// Nothing is locked or reserved while `decide` runs. It may take long and use the map; if it changes this
    /// very key, it is called again (and if it does so each time, without end). The key is hashed once, at the beginning.
    ///
    /// For a computation that must not run twice, see [`replace_if`](Self::replace_if); for one that may need no key of its own,
    /// [`compute_ref`](Self::compute_ref).
    ///
    /// Where no decision is [`Abort`](Decision::Abort) the compiler does not know what that would return. A closure that says
    /// what it returns, `|entry| -> Decision<_> { .. }`, tells it; so does `Decision::<_, ()>::Remove`.
    ///
    /// # Panics
    /// As [`insert`](Self::insert), or if `decide` panics; then the map is as it was.
    ///
    /// ```
    /// use loxley::{Computed, Decision, HashMap};
    ///
    /// // Takes one of a stock, and the last one together with its entry.
    /// let stock: HashMap<&str, u32> = [("apples", 2)].into();
    /// let stock = stock.pin();
    /// let take = |key| {
    ///     stock.compute(key, |entry| match entry {
    ///         Some((_, 1)) => Decision::Remove,
    ///         Some((_, count)) => Decision::Insert(count - 1),
    ///         None => Decision::Abort("sold out"),
    ///     })
    /// };
    /// assert_eq!(take("apples"), Computed::Replaced { old: (&"apples", &2), new: (&"apples", &1) });
    /// assert_eq!(take("apples"), Computed::Removed { key: &"apples", value: &1 });
    /// assert_eq!(take("apples"), Computed::Aborted("sold out"));
    ///
    /// // The same without an answer.
    /// stock.compute("pears", |entry| -> Decision<_> {
    ///     match entry {
    ///         Some((_, count)) if *count > 1 => Decision::Insert(count - 1),
    ///         _ => Decision::Remove,
    ///     }
    /// });
    /// assert_eq!(stock.compute("pears", |_| Decision::<_, ()>::Remove), Computed::Absent);
    /// ```
    #[doc(alias("alter"))]
    pub fn compute<'g, A>(
        &'g self,
        key: K,
        decide: impl FnMut(Option<(&'g K, &'g V)>) -> Decision<V, A>,
    ) -> Computed<'g, K, V, A> {
        self.map().compute(key, decide, self.guard())
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// See [`Pinned::compute`].
    pub fn compute<'g, A>(
        &'g self,
        key: K,
        decide: impl FnMut(Option<(&'g K, &'g V)>) -> Decision<V, A>,
        guard: &'g Guard,
    ) -> Computed<'g, K, V, A> {
        self.at(&key, guard).compute(key, decide)
    }
}

impl<'g, K, V, S> Hashed<'g, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// See [`Pinned::compute`].
    pub fn compute<A>(
        self,
        key: K,
        decide: impl FnMut(Option<(&'g K, &'g V)>) -> Decision<V, A>,
    ) -> Computed<'g, K, V, A> {
        self.compute_given(ByValue(key), decide)
    }

    pub(crate) fn compute_given<A>(
        self,
        key: impl Given<K>,
        mut decide: impl FnMut(Option<(&'g K, &'g V)>) -> Decision<V, A>,
    ) -> Computed<'g, K, V, A> {
        self.op.compute(self.hash, key, |current, unused| {
            drop(unused);
            decide(current.map(Node::pair))
        })
    }
}
