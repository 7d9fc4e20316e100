//! User code that panics at a chosen call.

use std::borrow::Borrow;
use std::cell::Cell;
use std::hash::{Hash, Hasher};

use super::ledger::Item;
use super::panic_on_purpose;

/// The kinds of user code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Site {
    Hash,
    Eq,
    Clone,
    Drop,
    Closure,
}

thread_local! {
    /// Which call will panic, on this thread. Others are safe: they may run this test's garbage.
    static FUSE: Cell<Option<(Site, usize)>> = const { Cell::new(None) };
}

pub(crate) fn arm(site: Site, calls_before: usize) {
    FUSE.set(Some((site, calls_before)));
}

/// True if the fuse had blown.
pub(crate) fn disarm() -> bool {
    FUSE.take().is_none()
}

/// A call of user code: where the fuse may blow.
pub(crate) fn called(site: Site) {
    match FUSE.get() {
        Some((armed, 0)) if armed == site => {
            FUSE.set(None);
            panic_on_purpose();
        }
        Some((armed, left)) if armed == site => FUSE.set(Some((site, left - 1))),
        _ => {}
    }
}

/// An [`Item`] whose user code reports its calls.
#[derive(Debug)]
pub(crate) struct Touchy(pub(crate) Item);

impl Hash for Touchy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        called(Site::Hash);
        self.0.hash(state);
    }
}

impl PartialEq for Touchy {
    fn eq(&self, other: &Self) -> bool {
        called(Site::Eq);
        self.0 == other.0
    }
}

impl Eq for Touchy {}

/// Lookups by number call no code of ours.
impl Borrow<u64> for Touchy {
    fn borrow(&self) -> &u64 {
        &self.0.value
    }
}

impl Clone for Touchy {
    fn clone(&self) -> Self {
        called(Site::Clone);
        Self(self.0.clone())
    }
}

impl Drop for Touchy {
    fn drop(&mut self) {
        called(Site::Drop); // the item in it is dropped nevertheless
    }
}
