//! What a map consists of at the moment, for statistics.

use super::core::Op;
use super::migrate::Resize;
use super::node::Node;
use super::table::{Next, Table};
use super::word::{SLOTS, State};
use crate::reclaim::garbage_bytes;
use crate::stats::{Migration, Stats};
use crate::sync::Ordering;

impl<K, V, S> Op<'_, K, V, S> {
    /// O(table). An entry is counted where its word is LIVE: so not at all while it is on its way from one slot to another (to
    /// the next table, until its group is migrated or at least placed), and perhaps twice if it gets there meanwhile.
    pub(crate) fn survey(self) -> Stats {
        let core = self.core();
        let entries = core.len(self.guard);
        let mut stats = Stats {
            entries,
            capacity: core.capacity(self.guard),
            load: 0.0,
            displacements: Vec::new(),
            tombstones: 0,
            table_bytes: 0,
            entry_bytes: entries * Node::<K, V>::layout().size(),
            garbage_bytes: garbage_bytes(),
            // ORDERING: relaxed; for statistics.
            growths: core.growths.load(Ordering::Relaxed),
            shrinks: core.shrinks.load(Ordering::Relaxed),
            migration: None,
        };
        let Some(root) = core.root(self.guard) else { return stats };
        stats.add_table(root);
        let mut newest = root;
        if let Next::Table(next) = root.next() {
            stats.add_table(next);
            newest = next;
            let total = Resize { from: root, to: next }.groups();
            stats.migration = Some(Migration { done: next.progress().marked(), total });
        }
        stats.load = entries as f64 / (SLOTS << newest.log2()) as f64;
        stats
    }
}

impl Stats {
    fn add_table<K, V>(&mut self, table: Table<'_, K, V>) {
        self.table_bytes += table.bytes();
        for (_, _, word) in table.words() {
            match word.state() {
                State::Live => {
                    let displacement = word.displacement();
                    if self.displacements.len() <= displacement {
                        self.displacements.resize(displacement + 1, 0);
                    }
                    self.displacements[displacement] += 1;
                }
                State::Tomb => self.tombstones += 1,
                _ => {}
            }
        }
    }
}
