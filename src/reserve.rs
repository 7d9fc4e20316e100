//! Capacity on demand, where the demand may fail or has a lower limit.

use std::alloc::{Layout, handle_alloc_error};
use std::fmt;
use std::hash::{BuildHasher, Hash};

use crate::map::HashMap;
use crate::pinned::Pinned;
use crate::reclaim::Guard;

/// The map could not be given the capacity that [`try_reserve`](Pinned::try_reserve) was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TryReserveError {
    kind: TryReserveErrorKind,
}

/// Why a [`TryReserveError`] occurred.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryReserveErrorKind {
    /// A table of that capacity would have more bytes than `isize::MAX`, or than this map can address.
    CapacityOverflow,
    /// The allocator did not provide the memory for a table.
    #[non_exhaustive]
    AllocError {
        /// What the allocator was asked for.
        layout: Layout,
    },
}

impl TryReserveError {
    pub(crate) const CAPACITY_OVERFLOW: Self = Self { kind: TryReserveErrorKind::CapacityOverflow };

    pub(crate) fn alloc(layout: Layout) -> Self {
        Self { kind: TryReserveErrorKind::AllocError { layout } }
    }

    /// Why the error occurred.
    ///
    /// ```
    /// use loxley::{HashMap, TryReserveErrorKind};
    ///
    /// let map = HashMap::<u8, u8>::new();
    /// let error = map.pin().try_reserve(usize::MAX).unwrap_err();
    /// assert_eq!(error.kind(), &TryReserveErrorKind::CapacityOverflow);
    /// ```
    pub fn kind(&self) -> &TryReserveErrorKind {
        &self.kind
    }

    /// What an operation does that cannot fail otherwise.
    #[cold]
    pub(crate) fn give_up(self) -> ! {
        match self.kind {
            TryReserveErrorKind::CapacityOverflow => panic!("Hash table capacity overflow"),
            TryReserveErrorKind::AllocError { layout } => handle_alloc_error(layout),
        }
    }
}

impl fmt::Display for TryReserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            TryReserveErrorKind::CapacityOverflow => f.write_str("the capacity of the map would overflow"),
            TryReserveErrorKind::AllocError { layout } => {
                write!(f, "the allocator did not provide a table of {} bytes", layout.size())
            }
        }
    }
}

impl std::error::Error for TryReserveError {}

impl<K, V, S> Pinned<'_, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// Makes room for at least `additional` more entries, as [`reserve`](Self::reserve) does, unless there is no memory.
    ///
    /// What may fail is the allocation of tables. Entries are allocated when they are inserted, and what a migration
    /// needs besides (some hundred bytes) is allocated as everything else in a Rust program is.
    ///
    /// # Errors
    /// If the capacity overflows or the allocator does not provide a table. The entries are as they were; a large map is
    /// reached in steps, and some of them may have been made.
    ///
    /// ```
    /// let map = loxley::HashMap::<u64, u64>::new();
    /// let map = map.pin();
    /// assert!(map.try_reserve(usize::MAX).is_err());
    /// map.try_reserve(100)?;
    /// assert!(map.capacity() >= 100);
    /// # Ok::<(), loxley::TryReserveError>(())
    /// ```
    pub fn try_reserve(&self, additional: usize) -> Result<(), TryReserveError> {
        self.map().try_reserve(additional, self.guard())
    }

    /// Shrinks the map to the smallest capacity that holds its entries and is at least `min_capacity`. Does nothing if its
    /// capacity is smaller already. O(capacity); other threads go on, and help.
    ///
    /// ```
    /// let map = loxley::HashMap::<u8, u8>::with_capacity(1000);
    /// map.pin().shrink_to(100);
    /// assert!((100..1000).contains(&map.capacity()));
    /// map.pin().shrink_to(500);
    /// assert!(map.capacity() < 500);
    /// ```
    pub fn shrink_to(&self, min_capacity: usize) {
        self.map().shrink_to(min_capacity, self.guard());
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    /// See [`Pinned::try_reserve`].
    pub fn try_reserve(&self, additional: usize, guard: &Guard) -> Result<(), TryReserveError> {
        self.op(guard).reserve(additional)
    }

    /// See [`Pinned::shrink_to`].
    pub fn shrink_to(&self, min_capacity: usize, guard: &Guard) {
        self.op(guard).shrink_to(min_capacity);
    }
}
