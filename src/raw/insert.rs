//! Insertion, and replacement by insertion.
//!
//! **Direct.** The home bucket has an EMPTY slot: one compare-and-swap of the first one, EMPTY → LIVE, is all; it is
//! also the linearization point. Two insertions of one key meet at the same slot, for EMPTY slots are taken in order.
//! Almost all insertions of new keys are of this kind, and are tried as such first
//! ([`insert_at_first_sight`](Op::insert)).
//!
//! **Through the meta word.** Otherwise the key may be in several buckets and free slots are anywhere, so the
//! home's meta word decides between insertions:
//!
//! 1. load meta; help the insertion that it names to its end; search the key up to its bound;
//! 2. free slot → PENDING(node): invisible to readers;
//! 3. meta → same, with a bound that covers the slot, `pend` naming it, and a new version. Fails if anything of this
//!    home has been inserted or moved since 1: then search again. Success is the point of no return;
//! 4. PENDING → LIVE: the linearization point. If it fails, somebody helped.
//!
//! Where the home bucket is full, and no entry looks like the key's, all this is done in a straight line first
//! ([`insert_in_full_home`](Attempt::insert_in_full_home)): the two common cases are that one of its slots is a
//! tombstone, in a table whose entries come and go, and that a neighbouring bucket has room, in one that grows. So is the
//! replacement of an entry, at home or displaced, that is the first to look like the key's.
//!
//! A thread that stalls before 3 leaves one slot unusable and holds up nobody; after 3, the next writer of this home that
//! would be held up does step 4 for it.
//!
//! P0: after the free slot's word was read and before PENDING, meta is compared with 1 once more, and must not name that
//! slot itself. A `pend` that is stale would otherwise make helpers publish a PENDING that has not been committed.
//!
//! A node that has been PENDING may be looked at by helpers, so from then on only the collector frees it.

use std::hash::{BuildHasher, Hash};
use std::mem::ManuallyDrop;
use std::ptr;

use super::bucket::{Bucket, Slot};
use super::core::Op;
use super::count::Part;
use super::fingerprint::Fingerprint;
use super::guards::{Guarded, without};
use super::meta::{Meta, Position};
use super::migrate::Resize;
use super::node::{Node, OwnedNode};
use super::place::{Eviction, Place};
use super::probe::{Look, Selected};
use super::remove::Found;
use super::resize::Current;
use super::seek::{Entry, Seek, first_of, tomb};
use super::table::Table;
use super::word::{State, Word, readable_tag};

/// What to do if the key is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Replace,
    Keep,
}

/// How an insertion ended.
pub(crate) enum Inserted<'g, K, V, S>
where
    K: Send + 'static,
    V: Send + 'static,
{
    /// The key was absent; this is its entry now.
    New(&'g Node<K, V>),
    /// The key had another entry, which is retired.
    Replaced { old: &'g Node<K, V>, new: &'g Node<K, V> },
    /// The key has this entry, and what was not inserted comes back.
    Kept(&'g Node<K, V>, Attempt<'g, K, V, S>),
}

/// How an attempt in one table ended.
enum Step<'g, K, V> {
    New,
    Replaced(Entry<'g, K, V>),
    Kept(&'g Node<K, V>),
    /// Start again at the root.
    Restart,
}

impl<'g, K, V, S> Op<'g, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    #[inline(always)]
    pub(crate) fn insert(self, hash: u64, node: OwnedNode<K, V>, mode: Mode) -> Inserted<'g, K, V, S> {
        match self.insert_at_first_sight(hash, node, mode) {
            Ok(inserted) => inserted,
            Err(node) => self.insert_in_any_case(hash, node, mode),
        }
    }

    /// What one look at the home bucket is enough for: the replacement of an entry that is the first to look like the
    /// key's, or if none does, a direct insertion. Otherwise the node comes back.
    #[inline(always)]
    fn insert_at_first_sight(
        self,
        hash: u64,
        node: OwnedNode<K, V>,
        mode: Mode,
    ) -> Result<Inserted<'g, K, V, S>, OwnedNode<K, V>> {
        let Some(table) = self.core().root(self.guard) else { return Err(node) };
        let bucket = table.bucket_of(hash);
        let fingerprint = table.fingerprint(hash);
        match bucket.look(readable_tag(fingerprint, 0)) {
            Look::Alike(alike) => match mode {
                Mode::Replace => self.replace_first(table, alike, fingerprint, node),
                Mode::Keep => Err(node),
            },
            Look::Vacant(i) => self.insert_directly(table, bucket.slot(i), fingerprint, node),
            Look::Full => Err(node),
        }
    }

    /// The replacement of the first entry of `alike`.
    #[inline(always)]
    fn replace_first(
        self,
        table: Table<'g, K, V>,
        alike: Selected<'g, K, V>,
        fingerprint: Fingerprint,
        node: OwnedNode<K, V>,
    ) -> Result<Inserted<'g, K, V, S>, OwnedNode<K, V>> {
        if let Some(entry) = first_of(alike, readable_tag(fingerprint, 0), 0, node.key()) {
            let live = Word::live(node.as_ptr(), fingerprint, 0);
            if !table.has_next() && entry.slot.exchange(entry.word, live) {
                // Before the collector has its turn, which may unwind with what others have given to it.
                let new = node.publish();
                // SAFETY: our exchange took it out of the table, the root, which nothing is filling.
                unsafe { self.retire(table, None, entry.word.node()) };
                // SAFETY: in the map a moment ago, both of them, and our guard is older than that.
                return Ok(unsafe { Inserted::Replaced { old: &*entry.word.node(), new: &*new } });
            }
        }
        Err(node)
    }

    /// The insertion of a key that the home bucket does not have by its looks, into its first EMPTY slot.
    ///
    /// Neither the meta word nor any key is read. The bucket had an EMPTY slot and has it still when the exchange
    /// succeeds, so it always had one. Hence nothing of this home is elsewhere, nor has it been moved, frozen or
    /// migrated (a migrator begins with sealing EMPTY slots); all that was ever inserted here took the first EMPTY
    /// slot; and all slots before this one were in use, or sealed, when they were looked at. A slot's word is loaded
    /// once for both questions: by two loads, it could be EMPTY when it is asked for the key and taken when it is
    /// asked whether it is EMPTY.
    #[inline(always)]
    fn insert_directly(
        self,
        table: Table<'g, K, V>,
        slot: &Slot<K, V>,
        fingerprint: Fingerprint,
        node: OwnedNode<K, V>,
    ) -> Result<Inserted<'g, K, V, S>, OwnedNode<K, V>> {
        // Counted before it looks for a successor, see `Attempt::count`.
        let too_early = without(Guarded::count_first).then(|| table.has_next());
        let part = self.core().count.add(1, self.guard);
        let has_next = too_early.unwrap_or_else(|| table.has_next());
        if !has_next && slot.exchange(Word::EMPTY, Word::live(node.as_ptr(), fingerprint, 0)) {
            let node = node.publish();
            self.core().grow_if_full(table, part, self.guard);
            // SAFETY: the node is in the map, or was a moment ago, and our guard is older than that.
            return Ok(Inserted::New(unsafe { &*node }));
        }
        self.core().count.add(-1, self.guard);
        Err(node)
    }

    #[inline(never)]
    fn insert_in_any_case(self, hash: u64, node: OwnedNode<K, V>, mode: Mode) -> Inserted<'g, K, V, S> {
        self.resume(Attempt::new(self, hash, node), mode)
    }

    pub(super) fn resume(self, mut attempt: Attempt<'g, K, V, S>, mode: Mode) -> Inserted<'g, K, V, S> {
        if let Some(table) = attempt.insert_in_full_home() {
            return Inserted::New(attempt.end(table));
        }
        attempt.restart();
        if mode == Mode::Replace {
            if let Some(Found { table, entry, .. }) = self.displaced_at_first_sight(attempt.hash, attempt.key()) {
                if attempt.replace(table, &entry) {
                    let (old, new) = attempt.end_by_replacing(table, None, &entry);
                    return Inserted::Replaced { old, new };
                }
            }
        }
        self.resume_anywhere(attempt, mode)
    }

    #[inline(never)]
    fn resume_anywhere(self, mut attempt: Attempt<'g, K, V, S>, mode: Mode) -> Inserted<'g, K, V, S> {
        loop {
            let Current { table, filling } = self.table_for_insertion(attempt.hash);
            match attempt.run(table, filling, mode) {
                Step::New => return Inserted::New(attempt.end(table)),
                Step::Replaced(entry) => {
                    let (old, new) = attempt.end_by_replacing(table, filling, &entry);
                    return Inserted::Replaced { old, new };
                }
                Step::Kept(current) => return Inserted::Kept(current, attempt),
                Step::Restart => attempt.restart(),
            }
        }
    }
}

/// An insertion under way. Dropped before its node is in the map, by a panic of user code or because the key was there,
/// it undoes what it has done.
pub(crate) struct Attempt<'g, K, V, S>
where
    K: Send + 'static,
    V: Send + 'static,
{
    op: Op<'g, K, V, S>,
    node: ManuallyDrop<OwnedNode<K, V>>,
    hash: u64,
    /// The slot that holds our PENDING, with that word.
    pending: Option<Pending<'g, K, V>>,
    /// Set when the entry has been counted.
    counted: Option<Part>,
    /// The node has been PENDING, so that others may look at it.
    seen: bool,
    /// The node's value has been taken out.
    empty: bool,
}

struct Pending<'g, K, V> {
    slot: &'g Slot<K, V>,
    word: Word<Node<K, V>>,
    at: Position,
}

impl<'g, K, V, S> Attempt<'g, K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher,
{
    fn run(&mut self, table: Table<'g, K, V>, filling: Option<Resize<'g, K, V>>, mode: Mode) -> Step<'g, K, V> {
        let home = table.home(self.hash);
        let bucket = table.home_bucket(home);
        loop {
            let meta = bucket.meta();
            if meta.is_frozen() && !without(Guarded::insert_frozen) {
                return Step::Restart;
            }
            self.op.help_pend(table, home, meta);
            match self.op.seek(table, self.hash, self.node.key(), 0..table.bound(meta) + 1) {
                Seek::Live(entry) => {
                    if !without(Guarded::withdraw_replacing) {
                        self.withdraw();
                    }
                    match mode {
                        Mode::Keep => return Step::Kept(entry.node()),
                        Mode::Replace if self.replace(table, &entry) => return Step::Replaced(entry),
                        Mode::Replace => continue,
                    }
                }
                Seek::Frozen => return Step::Restart,
                Seek::Vacant(i) => {
                    if !self.count(table, filling) {
                        return Step::Restart;
                    }
                    let live = self.live(table, 0);
                    if bucket.slot(i).exchange(Word::EMPTY, live) {
                        return Step::New;
                    }
                }
                Seek::Absent => {
                    if !self.count(table, filling) {
                        return Step::Restart;
                    }
                    if let Some(end) = self.commit(table, filling, home, meta, 0) {
                        return end;
                    }
                }
            }
        }
    }

    /// Steps 2 to 4, in a slot at displacement `first` or more. None: search again.
    fn commit(
        &mut self,
        table: Table<'g, K, V>,
        filling: Option<Resize<'g, K, V>>,
        home: usize,
        meta: Meta,
        first: usize,
    ) -> Option<Step<'g, K, V>> {
        let bucket = table.home_bucket(home);
        if self.pending.is_none() {
            match self.op.place(table, filling, home, first, Eviction::Allowed) {
                Place::Free { at, .. } if meta.pend() == Some(at) && !without(Guarded::p0_pend) => {
                    bucket.exchange_meta(meta, meta.without_pend());
                }
                Place::Free { slot, word, at } => {
                    self.take_slot(table, bucket, meta, Pending { slot, word, at });
                }
                Place::Again => return None,
                Place::Restart => return Some(Step::Restart),
                Place::Unplaced(group) => {
                    if let Some(resize) = filling {
                        self.op.make_placed(resize, group);
                    }
                    return Some(Step::Restart);
                }
                Place::Full => {
                    self.op.make_room(table, filling);
                    return Some(Step::Restart);
                }
            }
        }
        self.publish(bucket, meta).then_some(Step::New)
    }

    /// The straight line through steps 1 to 4: for a home bucket without an EMPTY slot, where it is certain at first sight
    /// that the key is absent. Returns the table, if the entry is in it now.
    ///
    /// It is certain when no bucket up to the bound has the key's tag, and all their slots are LIVE or vacant: a PENDING
    /// could be the insertion of the key that the meta word names, which is in one of them if it is not completed. Nor
    /// may the home bucket have an EMPTY slot, for the key could be inserted there directly, past the meta word. One
    /// load of each slot, after meta, answers all of that.
    #[inline(never)]
    fn insert_in_full_home(&mut self) -> Option<Table<'g, K, V>> {
        let table = self.op.core().root(self.op.guard)?;
        // Asked again by `count`. Counted here in vain, the entry would take its own room in the successor.
        if table.has_next() {
            return None;
        }
        let home = table.home(self.hash);
        let fingerprint = table.fingerprint(self.hash);
        let bucket = table.home_bucket(home);
        let meta = bucket.meta();
        let mut tombstones = bucket.tombstones(readable_tag(fingerprint, 0))?;
        // Without a tombstone there is no room in the home bucket; if meta names the only one, `commit` deals with it.
        let first = usize::from(tombstones.is_empty());
        let lacks = |displacement| {
            let tag = readable_tag(fingerprint, displacement);
            let (alike, settled) = table.bucket(home + displacement).look_displaced(tag);
            settled && alike.is_empty()
        };
        // That there is no successor, as of after meta, is what says that meta is not frozen.
        if !(1..=table.bound(meta)).all(lacks) || !self.count(table, None) {
            return None;
        }
        let named = meta.pend().filter(|_| !without(Guarded::p0_pend)).map(|at| at.slot);
        let is_free = |&(slot, word): &(usize, Word<_>)| word.state() == State::Tomb && named != Some(slot);
        let inserted = match tombstones.find(is_free) {
            Some((slot, word)) => {
                let free = Pending { slot: bucket.slot(slot), word, at: Position { displacement: 0, slot } };
                self.take_slot(table, bucket, meta, free) && self.publish(bucket, meta)
            }
            None => matches!(self.commit(table, None, home, meta, first), Some(Step::New)),
        };
        inserted.then_some(table)
    }

    /// Step 2, where `free` is a free slot as it was after `meta`, and not the one that `meta` names.
    #[inline(always)]
    fn take_slot(
        &mut self,
        table: Table<'g, K, V>,
        home: &Bucket<K, V>,
        meta: Meta,
        free: Pending<'g, K, V>,
    ) -> bool {
        if home.meta() != meta && !without(Guarded::p0_meta) {
            return false;
        }
        let Pending { slot, word, at } = free;
        let pending = Word::pending(self.node.as_ptr(), table.fingerprint(self.hash), at.displacement);
        // Before the exchange, after which others may look.
        self.seen = !without(Guarded::seen);
        let taken = slot.exchange(word, pending);
        if taken {
            self.pending = Some(Pending { slot, word: pending, at });
        }
        taken
    }

    /// Steps 3 and 4.
    #[inline(always)]
    fn publish(&mut self, home: &Bucket<K, V>, meta: Meta) -> bool {
        let Some(Pending { slot, word, at }) = self.pending.as_ref() else { return false };
        let committed = home.exchange_meta(meta, meta.with_pend(*at));
        if committed {
            slot.exchange(*word, word.published());
            self.pending = None;
        }
        committed
    }

    /// Puts the node in the place of an entry of its key; if that succeeds, the attempt is to be ended.
    pub(super) fn replace(&mut self, table: Table<'g, K, V>, entry: &Entry<'g, K, V>) -> bool {
        debug_assert!(!self.empty);
        entry.slot.exchange(entry.word, self.live(table, entry.displacement))
    }

    /// Ends an attempt whose node has replaced that of `entry`. Returns the old entry and the new one.
    pub(super) fn end_by_replacing(
        mut self,
        table: Table<'g, K, V>,
        filling: Option<Resize<'g, K, V>>,
        entry: &Entry<'g, K, V>,
    ) -> (&'g Node<K, V>, &'g Node<K, V>) {
        self.uncount();
        let this = ManuallyDrop::new(self);
        debug_assert!(this.pending.is_none());
        // SAFETY: our exchange took it out of the table.
        unsafe { this.op.retire(table, filling, entry.word.node()) };
        (entry.node(), this.published())
    }

    /// Ends an attempt whose node is a new entry of `table`. Returns that.
    fn end(self, table: Table<'g, K, V>) -> &'g Node<K, V> {
        let mut this = ManuallyDrop::new(self);
        debug_assert!(this.pending.is_none());
        if let Some(part) = this.counted.take() {
            this.op.core().grow_if_full(table, part, this.op.guard);
        }
        this.published()
    }

    fn live(&self, table: Table<'g, K, V>, displacement: usize) -> Word<Node<K, V>> {
        Word::live(self.node.as_ptr(), table.fingerprint(self.hash), displacement)
    }

    fn published(&self) -> &'g Node<K, V> {
        // SAFETY: the node is in the map, or was a moment ago, and our guard is older than that.
        unsafe { &*self.node.as_ptr() }
    }
}

impl<'g, K, V, S> Attempt<'g, K, V, S>
where
    K: Send + 'static,
    V: Send + 'static,
{
    pub(super) fn new(op: Op<'g, K, V, S>, hash: u64, node: OwnedNode<K, V>) -> Self {
        Self { op, node: ManuallyDrop::new(node), hash, pending: None, counted: None, seen: false, empty: false }
    }

    /// Counts the entry, unless that is done, and checks that the table takes insertions still.
    ///
    /// In this order: who announces a smaller successor adds up the count afterwards, so either the sum has this
    /// entry, or we see the announcement. For the capacity rule likewise, see [`Counter::sum`](super::count::Counter::sum).
    #[inline]
    fn count(&mut self, table: Table<'g, K, V>, filling: Option<Resize<'g, K, V>>) -> bool {
        let counter = &self.op.core().count;
        let too_early = without(Guarded::count_first).then(|| table.has_next());
        if self.counted.is_none() {
            self.counted = Some(counter.add(1, self.op.guard));
            let rule = !without(Guarded::capacity_counted);
            if rule && filling.is_some() && counter.sum(self.op.guard) > table.capacity() {
                return false;
            }
        }
        !too_early.unwrap_or_else(|| table.has_next())
    }

    pub(super) fn uncount(&mut self) {
        if self.counted.take().is_some() {
            self.op.core().count.add(-1, self.op.guard);
        }
    }

    /// Before a search that begins at the root, and may come to another table.
    fn restart(&mut self) {
        if !without(Guarded::withdraw_restarting) {
            self.withdraw();
        }
    }

    /// Takes our PENDING back: always before the node is published elsewhere, given back or retired.
    fn withdraw(&mut self) {
        if let Some(Pending { slot, word, .. }) = self.pending.take() {
            let ours = slot.exchange(word, tomb());
            debug_assert!(ours, "a PENDING that was not committed has been published");
        }
    }

    /// Ends the attempt without an insertion and returns the value.
    pub(crate) fn take_back(mut self) -> V {
        let value = self.take_value();
        // The key's destructor may panic, and then the value must still be dropped.
        drop(self);
        value
    }

    /// Takes the value out, while the node is nowhere in the table.
    pub(super) fn take_value(&mut self) -> V {
        debug_assert!(self.pending.is_none() && !self.empty);
        self.empty = true;
        // SAFETY: it is there, and `empty` keeps everyone from it until there is another. Withdrawn from every slot, the
        // node may still be looked at by others, but not its value.
        unsafe { ptr::read(self.node.value_ptr()) }
    }

    /// Puts a value into the node that its value was taken out of.
    pub(super) fn put_value(&mut self, value: V) {
        debug_assert!(self.pending.is_none() && self.empty);
        // SAFETY: as above; there is no value that would have to be dropped.
        unsafe { ptr::write(self.node.value_ptr(), value) };
        self.empty = false;
    }

    pub(super) fn key(&self) -> &K {
        self.node.key()
    }
}

impl<K, V, S> Drop for Attempt<'_, K, V, S>
where
    K: Send + 'static,
    V: Send + 'static,
{
    fn drop(&mut self) {
        self.withdraw();
        self.uncount();
        let empty = self.empty;
        // SAFETY: taken once: here, where the attempt ends.
        let node = unsafe { ManuallyDrop::take(&mut self.node) };
        if self.seen {
            // SAFETY: withdrawn from every slot, and without a value if that is gone.
            unsafe { self.op.retire_withdrawn(node.publish(), empty) };
        } else if empty {
            // SAFETY: its value has been taken out.
            unsafe { node.drop_without_value() };
        }
    }
}
