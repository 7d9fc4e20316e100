//! Maps and sets with settings of their own.

use std::fmt;

use ahash::RandomState;

use crate::map::HashMap;
use crate::raw::{MAX_HELP, Tuning};
use crate::set::HashSet;

/// Makes a map or a set. From [`HashMap::builder`] and [`HashSet::builder`].
///
/// ```
/// use loxley::HashMap;
///
/// let map: HashMap<u64, String, _> = HashMap::builder()
///     .capacity(10_000)
///     .hasher(std::hash::RandomState::new())
///     .max_load(0.5)
///     .copy_budget(64)
///     .build();
/// assert!(map.capacity() >= 10_000);
/// ```
///
/// # Shrinking
/// Nobody's removal makes a table shrink. For before that begins, a large map must be looked through, bucket by bucket, for
/// crowds that a smaller table could not hold, and no removal should have to do that. A thread that does nothing else may: with
/// [`shrink_below`](Self::shrink_below), [`help_resize`](crate::Pinned::help_resize) begins to shrink the map when it is due.
///
/// ```
/// use loxley::HashMap;
///
/// fn maintain(map: &HashMap<u64, u64>) {
///     while map.pin().help_resize() {} // others go on
/// }
///
/// let map = HashMap::builder().capacity(100).shrink_below(0.125).build();
/// (0..10_000).for_each(|i| _ = map.pin().insert(i, i));
/// map.pin().retain(|key, _| key % 5 == 0);
/// let large = map.capacity();
/// maintain(&map);
/// assert_eq!(map.capacity(), large); // still filled to an eighth or more
/// map.pin().clear();
/// maintain(&map);
/// assert!((100..200).contains(&map.capacity())); // what it was made with
/// ```
#[must_use = "a builder does nothing before `build` is called"]
pub struct Builder<C: Build> {
    capacity: usize,
    hasher: C::Hasher,
    tuning: Tuning,
}

/// What a [`Builder`] makes: a [`HashMap`] or a [`HashSet`].
pub trait Build: sealed::Make {
    /// The same with another hasher.
    type With<S>: Build<Hasher = S>;
}

mod sealed {
    use crate::raw::Tuning;

    pub trait Make: Sized {
        type Hasher;
        fn make(tuning: Tuning, capacity: usize, hasher: Self::Hasher) -> Self;
    }
}

impl<K, V, S> Build for HashMap<K, V, S> {
    type With<T> = HashMap<K, V, T>;
}

impl<K, V, S> sealed::Make for HashMap<K, V, S> {
    type Hasher = S;

    fn make(tuning: Tuning, capacity: usize, hasher: S) -> Self {
        Self::with_tuning(tuning, capacity, hasher)
    }
}

impl<T, S> Build for HashSet<T, S> {
    type With<R> = HashSet<T, R>;
}

impl<T, S> sealed::Make for HashSet<T, S> {
    type Hasher = S;

    fn make(tuning: Tuning, capacity: usize, hasher: S) -> Self {
        Self { map: HashMap::with_tuning(tuning, capacity, hasher) }
    }
}

impl<K, V> HashMap<K, V> {
    /// For a map with settings other than the usual ones.
    ///
    /// ```
    /// let map: loxley::HashMap<u8, u8> = loxley::HashMap::builder().max_load(0.6).build();
    /// ```
    pub fn builder() -> Builder<Self> {
        Builder::new(RandomState::new())
    }
}

impl<T> HashSet<T> {
    /// For a set with settings other than the usual ones.
    ///
    /// ```
    /// let set: loxley::HashSet<u8> = loxley::HashSet::builder().max_load(0.6).build();
    /// ```
    pub fn builder() -> Builder<Self> {
        Builder::new(RandomState::new())
    }
}

impl<C: Build> Builder<C> {
    fn new(hasher: C::Hasher) -> Self {
        Self { capacity: 0, hasher, tuning: Tuning::DEFAULT }
    }

    /// How many entries it shall hold before it grows. 0 by default; then nothing is allocated. A map that shrinks of itself keeps
    /// as much.
    ///
    /// ```
    /// let map: loxley::HashMap<u8, u8> = loxley::HashMap::builder().capacity(100).build();
    /// assert!(map.capacity() >= 100);
    /// ```
    pub fn capacity(self, capacity: usize) -> Self {
        Self { capacity, ..self }
    }

    /// The hasher. `ahash` with random keys by default.
    ///
    /// ```
    /// use std::hash::RandomState;
    /// let map: loxley::HashMap<u8, u8, RandomState> = loxley::HashMap::builder().hasher(RandomState::new()).build();
    /// ```
    pub fn hasher<S>(self, hasher: S) -> Builder<C::With<S>> {
        Builder { capacity: self.capacity, hasher, tuning: self.tuning }
    }

    /// The part of the slots that may be in use before a table is replaced by one of twice the size: from 0.25 to 5/7 (about
    /// 0.714), which is the default. After a growth half of that is.
    ///
    /// The lower, the fewer entries are away from home, and the fewer lookups read a second cache line. At the default those are
    /// a tenth of the hits and a fifth of the misses where the table is full; [`Stats::displacements`](crate::Stats::displacements)
    /// tells. Above it a migration could come to a point where a slot is missing.
    ///
    /// # Panics
    /// If it is not in this range.
    ///
    /// ```
    /// let filled = |max_load| {
    ///     let map = loxley::HashMap::builder().max_load(max_load).build();
    ///     (0..10_000).for_each(|i| _ = map.pin().insert(i, i));
    ///     map.pin().stats().load
    /// };
    /// assert!(filled(0.3) <= 0.3 && filled(5.0 / 7.0) > 0.3);
    /// ```
    #[track_caller]
    pub fn max_load(self, load: f64) -> Self {
        let tuning = self.tuning.with_max_load(load);
        Self {
            tuning: tuning.unwrap_or_else(|| panic!("a load from 0.25 to 5/7 is possible, not {load}")),
            ..self
        }
    }

    /// How many groups of buckets an insertion or removal migrates while the map grows or shrinks, on top of the one that it needs
    /// itself: from 1 to 64, rounded up to a power of two. 16 by default. (When it grows, a group is one bucket of the old table.)
    ///
    /// The fewer, the shorter is the longest insertion, and the longer the migration, in which all operations have two
    /// tables to look at. Even with 1 a migration is over long before the new table is full. Maps with fewer than 128 buckets
    /// migrate one at a time.
    ///
    /// # Panics
    /// If it is not in this range.
    ///
    /// ```
    /// let map: loxley::HashMap<u8, u8> = loxley::HashMap::builder().copy_budget(1).build();
    /// ```
    #[doc(alias("ResizeMode"))]
    #[track_caller]
    pub fn copy_budget(self, groups: usize) -> Self {
        let tuning = self.tuning.with_help(groups);
        Self { tuning: tuning.unwrap_or_else(|| panic!("from 1 to {MAX_HELP} groups, not {groups}")), ..self }
    }

    /// Lets [`help_resize`](crate::Pinned::help_resize) begin to shrink the map when it holds fewer entries than this part of its
    /// capacity: more than 0, and 0.25 at most. Without this it never does.
    ///
    /// The new capacity is twice the number of entries or more, and not less than the [`capacity`](Self::capacity) that the map was
    /// made with. So when the map has shrunk, as many entries as it holds must come before it grows; and when it has grown it
    /// is half full, and half of them must go before it shrinks. Growth and shrinking do not alternate: each costs an insertion or
    /// removal expected O(1) on average. But what [`reserve`](crate::Pinned::reserve) has made room for is not kept while
    /// it is not used.
    ///
    /// The call of `help_resize` that finds a shrink due is O(capacity), for it looks at all buckets. It writes nothing
    /// meanwhile; no other operation is held up by it or does the like. The rest is done in small parts, by
    /// `help_resize` and by insertions and removals, as when the map grows. A map that is to become very much smaller does so in
    /// steps, each to a quarter, lest parts be large. All of this is lock-free. Where a hash is unfit for its keys, so that they
    /// crowd about a few homes and no smaller table would do, the map stays as large as it is, and is not looked through
    /// again before half of its entries have gone.
    ///
    /// [`shrink_to`](crate::Pinned::shrink_to) may be called as well, and goes below that capacity.
    ///
    /// # Panics
    /// If it is not in this range.
    ///
    /// ```
    /// let map = loxley::HashMap::builder().shrink_below(0.25).build();
    /// (0..1000).for_each(|i| _ = map.pin().insert(i, i));
    /// let full = map.capacity();
    /// map.pin().retain(|key, _| *key < 100);
    /// assert_eq!(map.capacity(), full); // not yet
    /// while map.pin().help_resize() {}
    /// assert!(map.capacity() < full && map.capacity() >= 200);
    /// ```
    #[track_caller]
    pub fn shrink_below(self, part: f64) -> Self {
        let tuning = self.tuning.with_shrink_below(part);
        Self {
            tuning: tuning.unwrap_or_else(|| panic!("a part above 0 and up to 0.25 is possible, not {part}")),
            ..self
        }
    }

    /// Makes it. O(capacity), as that is allocated.
    ///
    /// # Panics
    /// If the capacity overflows.
    ///
    /// ```
    /// let set: loxley::HashSet<u8> = loxley::HashSet::builder().build();
    /// assert_eq!(set.capacity(), 0);
    /// ```
    pub fn build(self) -> C {
        C::make(self.tuning.with_least_capacity(self.capacity), self.capacity, self.hasher)
    }
}

impl<C: Build> fmt::Debug for Builder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("capacity", &self.capacity)
            .field("tuning", &self.tuning)
            .finish_non_exhaustive()
    }
}
