//! Where an iteration by value is, or begins.

use std::marker::PhantomData;
use std::ptr;

use super::table::Header;

/// The address of a table, or null; covariant in `K` and `V`.
///
/// Tables are not, for threads that share one write to it. But whoever has the map to himself only takes entries out
/// of them, and an entry of `&'static str` may be taken out as one of `&'a str`.
pub(super) struct Root<K, V> {
    header: *mut (),
    entries: PhantomData<(K, V)>,
}

impl<K, V> Root<K, V> {
    pub(super) fn null() -> Self {
        Self::new(ptr::null_mut())
    }

    pub(super) fn new(header: *mut Header<K, V>) -> Self {
        Self { header: header.cast(), entries: PhantomData }
    }

    pub(super) fn as_ptr(&self) -> *mut Header<K, V> {
        self.header.cast()
    }
}

impl<K, V> Clone for Root<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for Root<K, V> {}
