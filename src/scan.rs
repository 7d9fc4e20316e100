//! Iteration in pages, with a number for a cursor.

use std::fmt;
use std::hash::{BuildHasher, Hash};

use crate::map::HashMap;
use crate::pinned::Pinned;
use crate::raw::{Node, Walk};
use crate::reclaim::Guard;

/// Some entries of a map, and where to go on. From [`Pinned::scan`].
#[derive(Clone)]
pub struct Page<'g, K, V> {
    /// The entries, in no particular order.
    pub entries: Vec<(&'g K, &'g V)>,
    /// The cursor of the next page; None when the scan is over.
    pub next: Option<u64>,
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Page<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("entries", &self.entries).field("next", &self.next).finish()
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> HashMap<K, V, S> {
    /// See [`Pinned::scan`].
    pub fn scan<'g>(&'g self, cursor: u64, limit: usize, guard: &'g Guard) -> Page<'g, K, V> {
        let op = self.op(guard);
        let mut walk = Walk::new(cursor..=u64::MAX);
        let mut entries = Vec::new();
        while let Some(home) = walk.next_home(op) {
            entries.extend(home.map(Node::pair));
            if entries.len() >= limit {
                break;
            }
        }
        Page { entries, next: walk.position() }
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Pinned<'_, K, V, S> {
    /// Some entries of the map, and the cursor of the next page. The cursor of the first is 0.
    ///
    /// For iterations that pause: nothing is held between pages, no view and no memory, and cursors stay good for as long as the
    /// map's hasher does, whatever is done to the map meanwhile, growing and shrinking included.
    ///
    /// Of a scan from cursor 0 until there is no next one, the same holds as of [`iter`](Self::iter), all pages taken
    /// together: a key that is in the map from the first call to the end of the last is yielded exactly once, a key
    /// that comes or goes may be missed, none is yielded twice. To repeat a page, pass its cursor again.
    ///
    /// A page ends with the first bucket's worth of entries (those with one home) that brings it to `limit`. So it has at least
    /// `limit` entries if it is not the last, and it is longer by less than one bucket's worth: a few, if the hasher is
    /// good. O(`limit`) in a map that is not much larger than its contents: the buckets on the way cost time too.
    ///
    /// ```
    /// let map: loxley::HashMap<u32, u32> = (0..1000).map(|i| (i, i)).collect();
    /// let mut sum = 0;
    /// let mut cursor = Some(0);
    /// while let Some(position) = cursor {
    ///     let map = map.pin(); // a view for each page
    ///     let page = map.scan(position, 100);
    ///     sum += page.entries.iter().map(|(_, value)| *value).sum::<u32>();
    ///     cursor = page.next;
    /// }
    /// assert_eq!(sum, 999 * 1000 / 2);
    /// ```
    pub fn scan(&self, cursor: u64, limit: usize) -> Page<'_, K, V> {
        self.map().scan(cursor, limit, self.guard())
    }
}
