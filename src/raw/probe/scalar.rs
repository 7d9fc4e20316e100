//! The probe by one load a slot. Masks have one bit for each slot.

use super::super::bucket::{Bucket, Slot};
use super::super::guards::{Guarded, without};
use super::super::node::Node;
use super::super::word::{SLOTS, State, Word, displacement_bits};

pub(super) const ONE_SLOT: u32 = 1;

#[inline(always)]
pub(super) fn index_of_bit(bit: u32) -> usize {
    bit as usize
}

/// # Safety
/// The bit is that of a slot.
#[inline(always)]
pub(super) unsafe fn slot_of_bit<K, V>(bucket: &Bucket<K, V>, bit: u32) -> &Slot<K, V> {
    bucket.slot(index_of_bit(bit))
}

/// A bucket's slots, as they were loaded, once each.
fn words<K, V>(bucket: &Bucket<K, V>) -> [Word<Node<K, V>>; SLOTS] {
    std::array::from_fn(|i| bucket.slot(i).load())
}

fn mask<N>(words: [Word<N>; SLOTS], test: impl Fn(Word<N>) -> bool) -> u32 {
    words.into_iter().enumerate().fold(0, |mask, (i, word)| mask | u32::from(test(word)) << i)
}

fn select<K, V>(bucket: &Bucket<K, V>, test: impl Fn(Word<Node<K, V>>) -> bool) -> u32 {
    mask(words(bucket), test)
}

#[inline(always)]
pub(super) fn tagged<K, V>(bucket: &Bucket<K, V>, tag: u16) -> u32 {
    select(bucket, |word| word.tag() == tag)
}

#[inline(always)]
pub(super) fn empty<K, V>(bucket: &Bucket<K, V>) -> u32 {
    select(bucket, |word| word.is_empty())
}

#[inline(always)]
pub(super) fn vacant<K, V>(bucket: &Bucket<K, V>) -> u32 {
    select(bucket, is_vacant)
}

#[inline(always)]
pub(super) fn in_transit<K, V>(bucket: &Bucket<K, V>) -> u32 {
    select(bucket, is_in_transit)
}

#[inline(always)]
pub(super) fn of_home<K, V>(bucket: &Bucket<K, V>, displacement: usize) -> u32 {
    let (mask, bits) = displacement_bits(displacement);
    select(bucket, |word| word.tag() & mask == bits || is_in_transit(word))
}

#[inline(always)]
pub(super) fn look<K, V>(bucket: &Bucket<K, V>, tag: u16) -> (u32, u32) {
    let words = words(bucket);
    (mask(words, |word| word.tag() == tag), mask(words, |word| word.is_empty()))
}

#[inline(always)]
pub(super) fn tombstones<K, V>(bucket: &Bucket<K, V>, tag: u16) -> Option<u32> {
    let words = words(bucket);
    let is_tomb = |word: Word<_>| word.state() == State::Tomb;
    let settled = |&word: &Word<_>| {
        is_tomb(word)
            || is_live_or_so(word, Guarded::tomb_pending) && word.tag() != tag
            || word.is_empty() && without(Guarded::tomb_empty)
    };
    words.iter().all(settled).then(|| mask(words, is_tomb))
}

#[inline(always)]
pub(super) fn look_displaced<K, V>(bucket: &Bucket<K, V>, tag: u16) -> (u32, bool) {
    let words = words(bucket);
    let settled = |word: Word<_>| is_vacant(word) || is_live_or_so(word, Guarded::tomb_displaced);
    (mask(words, |word| word.tag() == tag), words.into_iter().all(settled))
}

/// LIVE. Without the guard, PENDING will do.
fn is_live_or_so<N>(word: Word<N>, guard: Guarded) -> bool {
    word.is_live() || word.state() == State::Pending && without(guard)
}

fn is_vacant<N>(word: Word<N>) -> bool {
    matches!(word.state(), State::Empty | State::Sealed | State::Tomb)
}

fn is_in_transit<N>(word: Word<N>) -> bool {
    matches!(word.state(), State::Frozen | State::Copy | State::Moved | State::Cross)
}
