//! The pool: no piece is given to two, no page is freed that somebody has a piece of or looks at, and all pages are freed in the end.
//!
//! Pages have three pieces or two here (their headers take one now and then), and one that is free makes a page worth taking.
#![cfg(all(loom, loxley_slots = "1"))]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use loom::thread;
use loxley::hooks::{Shelf, freed_pages, model};

thread_local! {
    // All of loom's threads are one thread of the system.
    static IN_USE: RefCell<BTreeSet<usize>> = const { RefCell::new(BTreeSet::new()) };
}

/// Addresses, so that threads of loom's may have them.
fn take(shelf: &Shelf) -> Vec<usize> {
    let pieces: Vec<usize> = shelf.take().into_iter().map(|piece| piece.expose_provenance()).collect();
    assert!(!pieces.is_empty(), "a page that is not worth taking");
    for piece in &pieces {
        assert!(IN_USE.with_borrow_mut(|used| used.insert(*piece)), "a piece is given to two");
    }
    pieces
}

fn give(shelf: &Shelf, pieces: &[usize]) {
    for piece in pieces {
        assert!(IN_USE.with_borrow_mut(|used| used.remove(piece)));
        // SAFETY: from `take`, and not given back before.
        unsafe { shelf.give(std::ptr::with_exposed_provenance_mut(*piece)) };
    }
}

/// Two threads that have pieces of one page.
fn two_threads(work: [fn(&Shelf, &[usize]); 2]) {
    model(3, move || {
        IN_USE.with_borrow_mut(BTreeSet::clear);
        let shelf = Arc::new(Shelf::new());
        let pieces = take(&shelf);
        let (mine, others) = pieces.split_at(1);
        let (theirs, its) = (shelf.clone(), others.to_vec());
        let other = thread::spawn(move || work[1](&theirs, &its));
        work[0](&shelf, mine);
        other.join().unwrap();
        assert!(IN_USE.with_borrow(BTreeSet::is_empty), "a test that keeps pieces");
        shelf.tidy();
        // Everything is there once more: what is taken now is whole pages.
        let again = take(&shelf);
        assert!(again.len() >= 2, "pieces are lost");
        give(&shelf, &again);
        drop(shelf);
        freed_pages();
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

/// Each makes a page; the segment of their numbers is made once.
#[test]
fn both_make_the_first_page() {
    model(3, || {
        IN_USE.with_borrow_mut(BTreeSet::clear);
        let shelf = Arc::new(Shelf::new());
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
    });
}
