//! Computation: one step from what a key has to what user code decides that it shall have.
//!
//! Search the key; let the closure decide on what was found; carry that out with one compare-and-swap that succeeds only
//! if the key still has what the closure saw. If it has something else by now, the closure decides again. The
//! linearization points:
//!
//! * inserted: the exchange that publishes the node, as in [`insert`](super::insert), which finds the key absent. That is
//!   what the closure saw; whether the key was there in between is of no account;
//! * replaced, removed: the exchange of the LIVE word that the search found. It succeeds only if that is still the entry that the
//!   closure saw: no word recurs while our guard lives;
//! * aborted, or nothing to remove: as in a lookup, the load of the LIVE word that the search returned, or a moment in the
//!   search that found none.
//!
//! While the closure runs, nothing of this operation is in the table: no PENDING, no count, no word that others would
//! have to wait for or help with. So it may take as long as it likes, use the map, and panic.

use std::hash::{BuildHasher, Hash};
use std::ptr;

use equivalent::Equivalent;

use super::core::Op;
use super::insert::{Attempt, Inserted, Mode};
use super::node::{Node, OwnedNode};
use super::remove::Found;
use crate::compute::{Computed, Decision};

/// What a key is given as: by value, or in a form that one can be made of.
pub(crate) trait Given<K> {
    type Form: Equivalent<K> + ?Sized;

    /// What to look for.
    fn form(&self) -> &Self::Form;

    /// May be user code, and panic.
    fn into_key(self) -> K;
}

pub(crate) struct ByValue<K>(pub(crate) K);

impl<K: Eq> Given<K> for ByValue<K> {
    type Form = K;

    fn form(&self) -> &K {
        &self.0
    }

    fn into_key(self) -> K {
        self.0
    }
}

pub(crate) struct ByRef<'q, Q: ?Sized>(pub(crate) &'q Q);

impl<'q, K, Q> Given<K> for ByRef<'q, Q>
where
    K: From<&'q Q>,
    Q: Equivalent<K> + ?Sized,
{
    type Form = Q;

    fn form(&self) -> &Q {
        self.0
    }

    fn into_key(self) -> K {
        self.0.into()
    }
}

impl<'g, K, V, S> Op<'g, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Does to `key` what `decide` says. It is called with the key's entry, and with the value that it decided to insert the
    /// last time, if that came to nothing. It is called again only when the key has another entry than then.
    pub(crate) fn compute<A>(
        self,
        hash: u64,
        key: impl Given<K>,
        mut decide: impl FnMut(Option<&'g Node<K, V>>, Option<V>) -> Decision<V, A>,
    ) -> Computed<'g, K, V, A> {
        let mut draft = Draft::Given(key);
        let mut unused = None;
        let mut found = draft.seek(self, hash);
        loop {
            let base = entry_of(&found);
            // As long as what the closure saw is what there is (an entry that was moved is the same still), its decision stands.
            draft = match decide(base, unused.take()) {
                Decision::Abort(result) => {
                    // First, in case its drop panics: unwinding drops a local, but not what has been returned.
                    drop(draft);
                    return Computed::Aborted(result);
                }
                Decision::Remove => loop {
                    let Some(there) = &found else { return Computed::Absent };
                    if self.unlink(hash, there) {
                        let (key, value) = there.entry.node().pair();
                        return Computed::Removed { key, value };
                    }
                    found = draft.seek(self, hash);
                    if !same(entry_of(&found), base) {
                        break draft;
                    }
                },
                Decision::Insert(value) => {
                    let mut attempt = draft.with_value(self, hash, value);
                    loop {
                        attempt = match &found {
                            None => match self.resume(attempt, Mode::Keep) {
                                Inserted::New(node) | Inserted::Replaced { new: node, .. } => {
                                    let (key, value) = node.pair();
                                    return Computed::Inserted { key, value };
                                }
                                Inserted::Kept(_, attempt) => attempt,
                            },
                            Some(Found { table, filling, entry, .. }) => {
                                if attempt.replace(*table, entry) {
                                    let (old, new) = attempt.end_by_replacing(*table, *filling, entry);
                                    return Computed::Replaced { old: old.pair(), new: new.pair() };
                                }
                                attempt
                            }
                        };
                        found = self.seek_entry(hash, attempt.key());
                        if !same(entry_of(&found), base) {
                            break;
                        }
                    }
                    attempt.uncount();
                    unused = Some(attempt.take_value());
                    Draft::Node(attempt)
                }
            };
        }
    }
}

fn entry_of<'g, K, V>(found: &Option<Found<'g, K, V>>) -> Option<&'g Node<K, V>> {
    found.as_ref().map(|found| found.entry.node())
}

/// Whether both are the same entry. Addresses do not come back: our guard keeps the nodes that we have seen.
fn same<K, V>(a: Option<&Node<K, V>>, b: Option<&Node<K, V>>) -> bool {
    a.map(ptr::from_ref) == b.map(ptr::from_ref)
}

/// The key of a computation: made, and put into a node, as soon as there is a value to insert.
enum Draft<'g, K, V, S, G>
where
    K: Send + 'static,
    V: Send + 'static,
{
    Given(G),
    /// Without a value.
    Node(Attempt<'g, K, V, S>),
}

impl<'g, K, V, S, G> Draft<'g, K, V, S, G>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
    G: Given<K>,
{
    fn seek(&self, op: Op<'g, K, V, S>, hash: u64) -> Option<Found<'g, K, V>> {
        match self {
            Self::Given(key) => op.seek_entry(hash, key.form()),
            Self::Node(attempt) => op.seek_entry(hash, attempt.key()),
        }
    }

    fn with_value(self, op: Op<'g, K, V, S>, hash: u64, value: V) -> Attempt<'g, K, V, S> {
        match self {
            Self::Given(key) => Attempt::new(op, hash, OwnedNode::new(key.into_key(), value)),
            Self::Node(mut attempt) => {
                attempt.put_value(value);
                attempt
            }
        }
    }
}
