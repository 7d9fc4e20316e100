//! The invariants of a map at rest, for tests.
//!
//! At rest means: no operation is under way. A migration may be; then each home's entries are those of the table that
//! answers for it.

use std::hash::{BuildHasher, Hash};

use super::core::Op;
use super::migrate::Resize;
use super::node::Node;
use super::table::{Next, Table};
use super::word::{SLOTS, State, Word, readable_tag};

/// An entry, as one slot of a table has it.
struct Entry<'g, K, V> {
    hash: u64,
    node: &'g Node<K, V>,
    /// Whether its table answers for its home.
    counts: bool,
}

impl<'g, K: Hash + Eq, V, S: BuildHasher> Op<'g, K, V, S> {
    /// * No slot is left in a transitional state, and EMPTY slots are a suffix of their bucket.
    /// * Every entry has the right tag, is within the bound of its home, and is at home where that has an EMPTY slot.
    /// * What a migration has frozen or handed over is frozen or handed over as a whole.
    /// * Every key has one slot that counts, a lookup finds that one, and there are as many as the counter says.
    ///
    /// # Panics
    /// If one of these does not hold.
    pub(super) fn check(self) {
        let Some(root) = self.core().root(self.guard) else {
            assert_eq!(self.core().len(self.guard), 0, "entries without a table");
            return;
        };
        let mut entries = match root.next() {
            Next::Nothing => self.check_table(root, |_| true),
            Next::Deciding { .. } => panic!("a successor was announced and nobody made it"),
            Next::Table(to) => self.check_migration(Resize { from: root, to }),
        };
        entries.retain(|entry| entry.counts);
        entries.sort_by_key(|entry| entry.hash);
        for same_hash in entries.chunk_by(|a, b| a.hash == b.hash) {
            for (i, entry) in same_hash.iter().enumerate() {
                let key = entry.node.key();
                assert!(same_hash[..i].iter().all(|other| other.node.key() != key), "a key has two slots");
                let found = self.core().find(entry.hash, key, self.guard);
                assert!(found.is_some_and(|node| std::ptr::eq(node, entry.node)), "a lookup misses an entry");
            }
        }
        assert_eq!(self.core().len(self.guard), entries.len(), "the count is wrong");
    }

    fn check_migration(self, resize: Resize<'g, K, V>) -> Vec<Entry<'g, K, V>> {
        assert!(!resize.to.has_next(), "a table that is being filled has a successor");
        let migrated = |hash| resize.is_migrated(resize.group_of_hash(hash));
        let mut entries = self.check_table(resize.from, |hash| !migrated(hash));
        let new = self.check_table(resize.to, migrated);
        for copy in new.iter().filter(|entry| !entry.counts) {
            let original = entries.iter().any(|entry| entry.counts && std::ptr::eq(entry.node, copy.node));
            assert!(original, "an entry is in the new table only, and its home is not migrated");
        }
        entries.extend(new);
        entries
    }

    /// Checks a table by itself. `answers` says for which hashes it does.
    fn check_table(self, table: Table<'g, K, V>, answers: impl Fn(u64) -> bool) -> Vec<Entry<'g, K, V>> {
        let mut entries = Vec::new();
        for (index, i, word) in table.words() {
            match word.state() {
                State::Empty => {
                    let rest = &table.bucket(index).slots()[i..];
                    assert!(
                        rest.iter().all(|slot| slot.load().is_empty()),
                        "EMPTY before others in bucket {index}"
                    );
                }
                State::Sealed => {
                    assert!(table.home_bucket(index).meta().is_frozen(), "SEALED in bucket {index}, not frozen");
                }
                State::Tomb => {}
                State::Live | State::Frozen | State::Cross => {
                    entries.push(self.check_entry(table, index, word, &answers));
                }
                State::Pending | State::Copy | State::Moved => panic!("left over in bucket {index}: {word:?}"),
            }
        }
        entries
    }

    fn check_entry(
        self,
        table: Table<'g, K, V>,
        index: usize,
        word: Word<Node<K, V>>,
        answers: impl Fn(u64) -> bool,
    ) -> Entry<'g, K, V> {
        // SAFETY: in the map, or in the limbo of the table that is the root as long as our guard lives.
        let node = unsafe { &*word.node() };
        let hash = self.hash(node.key());
        let home = table.home(hash);
        let displacement = index.wrapping_sub(home) & table.mask();
        let (bucket, meta) = (table.home_bucket(home), table.home_bucket(home).meta());
        let frozen = matches!(word.state(), State::Frozen | State::Cross);
        assert_eq!(frozen, meta.is_frozen(), "home {home} is frozen in part: {word:?}, {:x}", meta.bits());
        assert!(
            displacement <= meta.bound(),
            "{displacement} from home {home}: beyond the bound {}",
            meta.bound()
        );
        assert!(displacement == 0 || !bucket.has_empty(), "displaced from home {home}, which has an EMPTY slot");
        match word.state() {
            State::Live => {
                let tag = readable_tag(table.fingerprint(hash), displacement);
                assert_eq!(word.tag(), tag, "the tag of {word:?} is wrong");
            }
            State::Frozen => assert_eq!(word.displacement(), displacement, "{word:?} of home {home}"),
            _ => {}
        }
        Entry { hash, node, counts: answers(hash) }
    }

    /// See [`hooks::layout`](super::hooks::layout).
    pub(super) fn layout(self) -> String {
        let Some(root) = self.core().root(self.guard) else { return String::new() };
        let mut text = String::new();
        for (index, i, word) in root.words() {
            if i == 0 && index > 0 {
                text.push(' ');
            }
            text.push(match word.state() {
                State::Empty => '.',
                State::Tomb => 'x',
                State::Sealed => 's',
                State::Live | State::Frozen => {
                    // SAFETY: as in `check_entry`.
                    let home = root.home(self.hash(unsafe { &*word.node() }.key()));
                    let displacement = index.wrapping_sub(home) & root.mask();
                    char::from_digit(displacement as u32, 36).unwrap_or('+')
                }
                State::Pending | State::Copy | State::Moved | State::Cross => '?',
            });
        }
        debug_assert_eq!(text.len(), root.buckets() * (SLOTS + 1) - 1);
        text
    }
}
