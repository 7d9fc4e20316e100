//! The parts of a table that have a protocol of their own: the counter of entries, and the tree of migrated groups.
#![cfg(all(loom, loxley_slots = "1"))]

use std::ops::Range;
use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use loxley::hooks::{Count, Groups, collect, model};

/// A counter with cells, `common` in the common counter and `cell` in one of the cells.
fn count(common: isize, cell: isize) -> Arc<Count> {
    let count = Count::new();
    count.add(common);
    count.spread();
    count.add(cell);
    Arc::new(count)
}

/// The cells are taken out of use while one thread counts an insertion and another adds up.
fn gathered_against_an_insertion(common: isize, cell: isize) {
    model(2, move || {
        let count = count(common, cell);
        let entries = (common + cell) as usize;
        let gather = count.clone();
        let gather = thread::spawn(move || gather.gather());
        let insert = count.clone();
        let insert = thread::spawn(move || {
            insert.add(1);
            assert!(insert.sum() > entries, "the sum lacks an insertion");
        });
        assert!(count.sum() >= entries, "the sum lacks entries");
        gather.join().unwrap();
        insert.join().unwrap();
        assert_eq!(count.sum(), entries + 1);
        collect();
    });
}

#[test]
fn a_positive_cell_is_closed() {
    gathered_against_an_insertion(0, 2);
}

#[test]
fn a_negative_cell_is_closed() {
    gathered_against_an_insertion(3, -1);
}

#[test]
fn two_close_the_cells() {
    model(3, || {
        let count = count(1, 2);
        let gather = count.clone();
        let gather = thread::spawn(move || gather.gather());
        count.gather();
        gather.join().unwrap();
        assert_eq!(count.sum(), 3);
        collect();
    });
}

/// An addition that comes to a closed cell leaves its mark there, which whoever comes to close it second must not count.
#[test]
fn two_close_the_cells_against_an_insertion() {
    model(2, || {
        let count = count(1, 2);
        let threads = [0, 1].map(|_| {
            let count = count.clone();
            thread::spawn(move || count.gather())
        });
        count.add(1);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(count.sum(), 4);
        collect();
    });
}

#[test]
fn spread_against_an_insertion() {
    model(3, || {
        let count = Arc::new(Count::new());
        count.add(1);
        let insert = count.clone();
        let insert = thread::spawn(move || insert.add(1));
        count.spread();
        assert!(count.sum() >= 1);
        insert.join().unwrap();
        assert_eq!(count.sum(), 2);
        collect();
    });
}

/// An insertion is counted and finds no announcement: then it was made later, and the sum that is made after it has the
/// insertion. What gives the counter cells happens in one of the threads, or before.
fn counted_before_an_announcement(spread: [bool; 3]) {
    model(3, move || {
        let shared = Arc::new((Count::new(), AtomicBool::new(false)));
        let spread_if = |yes: bool, count: &Count| {
            if yes {
                count.spread();
            }
        };
        // Loom does not forget the value that an atomic was made with, see `src/sync.rs`.
        shared.1.store(false, Ordering::SeqCst);
        spread_if(spread[0], &shared.0);
        let insert = shared.clone();
        let insert = thread::spawn(move || {
            let (count, announced) = &*insert;
            spread_if(spread[1], count);
            count.add(1);
            // Ordered as `next` of a table is.
            announced.load(Ordering::SeqCst)
        });
        let (count, announced) = &*shared;
        spread_if(spread[2], count);
        announced.compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst).unwrap();
        let sum = count.sum();
        let was_announced = insert.join().unwrap();
        assert!(was_announced || sum == 1, "the sum lacks an insertion");
        collect();
    });
}

#[test]
fn counted_in_the_common_counter_before_an_announcement() {
    counted_before_an_announcement([false, false, false]);
}

#[test]
fn counted_in_a_cell_before_an_announcement() {
    counted_before_an_announcement([true, false, false]);
}

#[test]
fn counted_in_a_new_cell_before_an_announcement() {
    counted_before_an_announcement([false, true, false]);
}

#[test]
fn counted_beside_new_cells_before_an_announcement() {
    counted_before_an_announcement([false, false, true]);
}

/// What was done before each group was marked is seen by whoever finds that all are, however they find out.
fn complete(log2: u32, marked: &'static [Range<usize>], last: [usize; 2]) {
    model(3, move || {
        let groups = Arc::new((Groups::new(log2), [UnsafeCell::new(0), UnsafeCell::new(0)]));
        marked.iter().for_each(|marked| groups.0.mark(marked.clone()));
        let look = |(groups, cells): &(Groups, [UnsafeCell<i32>; 2])| {
            if groups.is_complete() || groups.next_unmarked().is_none() {
                // SAFETY: loom checks it; that is the test.
                cells.iter().for_each(|cell| cell.with(|cell| assert_eq!(unsafe { *cell }, 1)));
            }
        };
        let threads = [0, 1].map(|i| {
            let groups = groups.clone();
            thread::spawn(move || {
                // SAFETY: as above.
                groups.1[i].with_mut(|cell| unsafe { *cell = 1 });
                groups.0.mark(last[i]..last[i] + 1);
                look(&groups);
            })
        });
        look(&groups);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(groups.0.is_complete());
    });
}

#[test]
fn a_few_groups_are_complete() {
    complete(1, &[], [0, 1]);
}

/// Two words of groups, and a word above them.
#[test]
fn many_groups_are_complete() {
    complete(7, &[1..64, 64..127], [0, 127]);
}

/// One of the threads reports the word to the one above, for both.
#[test]
fn the_last_groups_of_one_word() {
    complete(7, &[2..64, 64..128], [0, 1]);
}
