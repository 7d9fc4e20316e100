//! The end of a map: every node and table that it still owns is freed, each once.
//!
//! No operation is under way any more, so slots are EMPTY, SEALED, TOMB, LIVE, FROZEN or CROSS. LIVE owns its node. FROZEN
//! and CROSS occur where a migration stopped half way, and there the next table may name the same node as LIVE already, or
//! it may have been removed there and wait in limbo.

use std::any::Any;
use std::collections::BTreeSet;

use super::core::Core;
use super::node::Node;
use super::table::{Next, Table};
use super::word::State;
use crate::sync::Ordering;

impl<K, V> Drop for Core<K, V> {
    /// A panic of an entry's destructor is resumed when everything else is freed.
    fn drop(&mut self) {
        // ORDERING: relaxed; the map is borrowed exclusively, so all that was done to it happened before.
        let root = self.root.load(Ordering::Relaxed);
        // SAFETY: null, or a table that nobody else can reach any more.
        let Some(root) = (unsafe { Table::from_raw(root) }) else { return };
        let mut end = End { first_panic: None };
        end.free_live(root, &BTreeSet::new());
        if let Next::Table(next) = root.next() {
            let shared = shared_nodes(root);
            end.free_live(next, &shared);
            // SAFETY: the exclusive owner's; the tables are not used through `root` while the limbo is borrowed.
            for node in unsafe { &mut (*root.as_ptr()).limbo }.take() {
                if !shared.contains(&node) {
                    end.free(node);
                }
            }
            shared.into_iter().for_each(|node| end.free(node));
            // SAFETY: it came from `allocate`, nobody else can reach it, and its nodes are freed.
            unsafe { Table::free(next.as_ptr()) };
        }
        // SAFETY: as above.
        unsafe { Table::free(root.as_ptr()) };
        if let Some(panic) = end.first_panic {
            if !std::thread::panicking() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// The nodes that the older of two tables names and the newer one may name too. FROZEN ones of migrated homes belong to the
/// newer one alone; the rest are few.
fn shared_nodes<K, V>(table: Table<'_, K, V>) -> BTreeSet<*mut Node<K, V>> {
    let shared = table.words().filter(|&(index, _, word)| match word.state() {
        State::Cross => true,
        State::Frozen => !table.bucket(index.wrapping_sub(word.displacement())).meta().is_migrated(),
        _ => false,
    });
    shared.map(|(_, _, word)| word.node()).collect()
}

/// How many buckets ahead of the one that is being freed the nodes are prefetched.
const AHEAD: usize = 2;

struct End {
    first_panic: Option<Box<dyn Any + Send>>,
}

impl End {
    fn free_live<K, V>(&mut self, table: Table<'_, K, V>, except: &BTreeSet<*mut Node<K, V>>) {
        for (index, i, word) in table.words() {
            if i == 0 {
                // The nodes lie anywhere, and one after the other each would be a cache miss.
                table.bucket(index + AHEAD).prefetch_nodes();
            }
            debug_assert!(!matches!(word.state(), State::Pending | State::Copy), "left over: {word:?}");
            if word.is_live() && !except.contains(&word.node()) {
                self.free(word.node());
            }
        }
    }

    fn free<K, V>(&mut self, node: *mut Node<K, V>) {
        // SAFETY: the map owned it, nobody else can reach it, and the caller has not freed it before.
        let freed = unsafe { Node::free(node) };
        if let (Err(panic), None) = (freed, &self.first_panic) {
            self.first_panic = Some(panic);
        }
    }
}
