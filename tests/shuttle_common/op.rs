//! What threads do to a map.

/// An operation, on the key of this name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Get(u8),
    /// `insert`.
    Put(u8),
    /// `try_insert`.
    Try(u8),
    /// `get_or_insert_with`.
    GetOrPut(u8),
    Update(u8),
    /// `update_or_insert`.
    Upsert(u8),
    Replace(u8),
    /// `compute`: inserts what is absent, removes what is there.
    Toggle(u8),
    /// `entry`: inserts what is absent, modifies what is there.
    Entry(u8),
    Remove(u8),
    Iterate,
    Reserve(usize),
    Shrink,
    /// See [`loxley::hooks::evict`].
    Evict(u8),
}
