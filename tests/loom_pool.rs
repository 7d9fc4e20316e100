//! The pool: no piece is given to two, no page is freed that somebody has a piece of or looks at, and all pages are freed in the end.
//!
//! Pages have two pieces here or three, and one that is free makes a page worth taking.
#![cfg(all(loom, loxley_slots = "1"))]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::thread;
use loxley::hooks::{Shelf, freed_pages, model};

thread_local! {
    // All of loom's threads are one thread of the system.
    static PIECES: RefCell<BTreeMap<usize, Piece>> = const { RefCell::new(BTreeMap::new()) };
}

#[derive(Default)]
struct Piece {
    is_in_use: bool,
    /// Loom complains of a use of it that does not come after an earlier one.
    memory: UnsafeCell<()>,
}

/// Uses a piece, from now on or for the last time.
fn set_in_use(address: usize, is_in_use: bool) {
    PIECES.with_borrow_mut(|pieces| {
        let piece = pieces.entry(address).or_default();
        assert_ne!(piece.is_in_use, is_in_use, "a piece is given to two");
        piece.is_in_use = is_in_use;
        piece.memory.with_mut(|_| ());
    });
}

/// Everything has been given back, and loom's objects go with their execution.
fn forget_all() {
    assert!(PIECES.take().values().all(|piece| !piece.is_in_use), "a test that keeps pieces");
}

/// Addresses, so that threads of loom's may have them.
fn take(shelf: &Shelf) -> Vec<usize> {
    let pieces: Vec<usize> = shelf.take().into_iter().map(|piece| piece.expose_provenance()).collect();
    assert!(!pieces.is_empty(), "a page that is not worth taking");
    pieces.iter().for_each(|piece| set_in_use(*piece, true));
    pieces
}

fn give(shelf: &Shelf, pieces: &[usize]) {
    for piece in pieces {
        set_in_use(*piece, false);
        // SAFETY: from `take`, and not given back before.
        unsafe { shelf.give(std::ptr::with_exposed_provenance_mut(*piece)) };
    }
}

fn give_in_bulk(shelf: &Shelf, pieces: &[usize]) {
    pieces.iter().for_each(|piece| set_in_use(*piece, false));
    let pieces: Vec<_> = pieces.iter().map(|piece| std::ptr::with_exposed_provenance_mut(*piece)).collect();
    // SAFETY: as above.
    unsafe { shelf.give_in_bulk(&pieces) };
}

/// Two threads that have pieces of one page: one each, or the second two.
fn two_threads(work: [fn(&Shelf, &[usize]); 2]) {
    two_threads_and_pages_of(2, 3, work);
    two_threads_and_pages_of(3, 2, work);
}

fn two_threads_and_pages_of(pieces: usize, preemptions: usize, work: [fn(&Shelf, &[usize]); 2]) {
    model(preemptions, move || {
        let shelf = Arc::new(Shelf::new(pieces));
        let all = take(&shelf);
        assert_eq!(all.len(), pieces);
        let (mine, others) = all.split_at(1);
        let (theirs, its) = (shelf.clone(), others.to_vec());
        let other = thread::spawn(move || work[1](&theirs, &its));
        work[0](&shelf, mine);
        other.join().unwrap();
        shelf.tidy();
        // Everything is there once more: what is taken now is whole pages.
        let again = take(&shelf);
        assert!(again.len() >= 2, "pieces are lost");
        give(&shelf, &again);
        drop(shelf);
        freed_pages();
        forget_all();
    });
}

/// The last piece comes back while the page is being listed.
#[test]
fn the_last_pieces_come_back() {
    two_threads([give, give]);
}

/// Somebody takes what has come back, meanwhile.
#[test]
fn pieces_come_back_and_are_taken() {
    two_threads([give, |shelf, pieces| {
        give(shelf, pieces);
        let (some, more) = (take(shelf), take(shelf));
        give(shelf, &some);
        give(shelf, &more);
    }]);
}

#[test]
fn both_take_more() {
    let work: fn(&Shelf, &[usize]) = |shelf, pieces| {
        give(shelf, pieces);
        let more = take(shelf);
        give(shelf, &more);
    };
    two_threads([work, work]);
}

/// The page is whole, and two want to free it.
#[test]
fn tidying_against_the_last_piece() {
    two_threads([
        |shelf, pieces| {
            shelf.tidy();
            give(shelf, pieces);
        },
        |shelf, pieces| {
            give(shelf, pieces);
            shelf.tidy();
        },
    ]);
}

/// Two free a segment without pages, and one of them makes another in its place.
#[test]
fn tidying_against_a_new_segment() {
    tidying_without_pages_against(|shelf| {
        shelf.tidy();
        let more = take(shelf);
        give(shelf, &more);
        Vec::new()
    });
}

/// A page is made while others look whether its segment has none.
#[test]
fn tidying_against_a_new_page() {
    tidying_without_pages_against(|shelf| {
        let pieces = take(shelf);
        give(shelf, &pieces[1..]);
        pieces[..1].to_vec()
    });
}

/// `work` makes a page, and returns what it has of it in the end.
fn tidying_without_pages_against(work: fn(&Shelf) -> Vec<usize>) {
    model(3, move || {
        let shelf = Arc::new(Shelf::new(2));
        let first = take(&shelf);
        give(&shelf, &first);
        let theirs = shelf.clone();
        let other = thread::spawn(move || work(&theirs));
        shelf.tidy();
        let kept = other.join().unwrap();
        give(&shelf, &kept);
        drop(shelf);
        assert_eq!(freed_pages(), 2, "a page is lost");
        forget_all();
    });
}

/// A map is dropped that has a whole page, or a part of it, while others are not through with having given it back.
#[test]
fn in_bulk_against_the_last_pieces() {
    two_threads([give, |shelf, pieces| {
        give(shelf, pieces);
        let (some, more) = (take(shelf), take(shelf));
        give_in_bulk(shelf, &[some, more].concat());
    }]);
}

/// The same, and somebody else wants the page's number.
#[test]
fn in_bulk_against_a_new_page() {
    two_threads([give_in_bulk, |shelf, pieces| {
        give_in_bulk(shelf, pieces);
        let more = take(shelf);
        give_in_bulk(shelf, &more);
    }]);
}

/// Tidying holds all numbers of a word for a moment, and who wants a page goes on to the next one.
#[test]
fn a_word_that_tidying_holds() {
    model(3, || {
        let shelf = Arc::new(Shelf::new(2));
        let (a, b) = (take(&shelf), take(&shelf));
        give(&shelf, &[a[1], b[1]]);
        let theirs = shelf.clone();
        let other = thread::spawn(move || theirs.tidy());
        let more = take(&shelf);
        give(&shelf, &more);
        other.join().unwrap();
        let (x, y) = (take(&shelf), take(&shelf));
        let again = [x, y].concat();
        assert!([a[1], b[1]].iter().all(|free| again.contains(free)), "free pieces are not found");
        give(&shelf, &again);
        give(&shelf, &[a[0], b[0]]);
        drop(shelf);
        freed_pages();
        forget_all();
    });
}

/// Pages of two words are listed at once, below the hint.
#[test]
fn two_words_are_listed() {
    listed_below_the_hint([0, 2], |shelf, [low, high]| {
        let theirs = shelf.clone();
        let other = thread::spawn(move || give(&theirs, &[low]));
        give(shelf, &[high]);
        other.join().unwrap();
        Vec::new()
    });
}

/// A page is listed in the word that a taker has just looked at.
#[test]
fn listed_behind_a_taker() {
    listed_below_the_hint([0, 4], |shelf, [low, high]| {
        give(shelf, &[high]);
        let theirs = shelf.clone();
        let other = thread::spawn(move || give(&theirs, &[low]));
        let taken = take(shelf);
        other.join().unwrap();
        taken
    });
}

/// Five pages, in three words. A piece each of two of them comes back, and is found in the end: it is in what `work` takes and
/// returns, or is taken then.
fn listed_below_the_hint(of: [usize; 2], work: fn(&Arc<Shelf>, [usize; 2]) -> Vec<usize>) {
    model(3, move || {
        let shelf = Arc::new(Shelf::new(2));
        let pages: Vec<_> = (0..5).map(|_| take(&shelf)).collect();
        let back = of.map(|page| pages[page][0]);
        let taken = work(&shelf, back);
        let taken = [taken, take(&shelf), take(&shelf)].concat();
        assert!(back.iter().all(|piece| taken.contains(piece)), "free pieces are not found");
        give(&shelf, &taken);
        pages.concat().iter().filter(|piece| !back.contains(piece)).for_each(|piece| give(&shelf, &[*piece]));
        drop(shelf);
        freed_pages();
        forget_all();
    });
}

/// Each makes a page; the segment of their numbers is made once.
#[test]
fn both_make_the_first_page() {
    model(3, || {
        let shelf = Arc::new(Shelf::new(2));
        let theirs = shelf.clone();
        let work = |shelf: &Shelf| {
            let pieces = take(shelf);
            give(shelf, &pieces);
        };
        let other = thread::spawn(move || work(&theirs));
        work(&shelf);
        other.join().unwrap();
        drop(shelf);
        assert!(freed_pages() >= 1);
        forget_all();
    });
}
