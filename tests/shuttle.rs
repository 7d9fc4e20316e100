//! Random programs of three and four threads in random schedules, with growth, shrinking, turnover and iteration.
#![cfg(all(shuttle, any(loxley_slots = "1", loxley_slots = "2")))]

mod common;
mod shuttle_common;

use shuttle_common::Kind::{Any, Of};
use shuttle_common::*;

/// Everything at once.
const ALL: Storm = Storm {
    log2: &[0, 1, 2, 3],
    keys: (2, 8),
    homes: 5,
    setup: (0, 8),
    growth: &[0, 0, 1],
    threads: (3, 4),
    ops: (2, 6),
    mix: &[
        Of(Get),
        Of(Get),
        Of(Put),
        Of(Put),
        Of(Put),
        Of(Try),
        Of(GetOrPut),
        Of(Update),
        Of(Upsert),
        Of(Replace),
        Of(Toggle),
        Of(Entry),
        Of(Remove),
        Of(Remove),
        Of(Remove),
        Any(&[Iterate, Iterate, Shrink, Reserve(3), Reserve(7)]),
        Any(&[Iterate, Iterate, Shrink, Reserve(0), Reserve(20)]),
    ],
};

#[test]
fn everything_at_once() {
    ALL.run();
}

/// Insertions and removals in a table that stays as it is: entries are displaced, moved, and bounds lowered.
#[test]
fn turnover() {
    Storm {
        log2: &[2, 3, 3],
        keys: (3, 6),
        homes: 3,
        setup: (2, 8),
        growth: &[0],
        ops: (1, 3),
        mix: &[Of(Put), Of(Put), Of(Put), Of(Remove), Of(Remove), Of(Get), Of(Try), Of(Update), Of(Toggle)],
        ..ALL
    }
    .run();
}

/// Few keys that are in each other's way, and are moved for no reason, which is right where a bucket with an entry is full.
#[cfg(loxley_slots = "1")]
#[test]
fn moves() {
    Storm {
        log2: &[2],
        keys: (2, 4),
        homes: 2,
        setup: (1, 4),
        growth: &[0],
        ops: (1, 2),
        mix: &[Of(Evict), Of(Evict), Of(Evict), Of(Remove), Of(Put), Of(Get), Any(&[Iterate])],
        ..ALL
    }
    .run();
}

/// Of one key most of the time, or two.
#[test]
fn fights() {
    Storm {
        log2: &[0, 1, 2],
        keys: (1, 3),
        homes: 2,
        setup: (0, 3),
        growth: &[0, 0, 1],
        ops: (1, 3),
        mix: &[Of(Put), Of(Put), Of(Remove), Of(Remove), Of(Toggle), Of(Update), Of(Entry), Of(Try), Of(Get)],
        ..ALL
    }
    .run();
}

/// All begins with a successor that nothing has been migrated to.
#[test]
fn growth() {
    Storm {
        log2: &[0, 1, 2, 3, 5],
        keys: (2, 6),
        setup: (2, 8),
        growth: &[1, 1, 2],
        ops: (1, 3),
        mix: &[Of(Put), Of(Put), Of(Remove), Of(Remove), Of(Update), Of(Get), Of(Get), Of(Upsert)],
        ..ALL
    }
    .run();
}

#[test]
fn shrinking() {
    Storm {
        log2: &[2, 3, 4],
        keys: (2, 5),
        setup: (1, 5),
        growth: &[0],
        ops: (1, 3),
        mix: &[Of(Put), Of(Put), Of(Remove), Of(Remove), Of(Update), Of(Get), Any(&[Shrink]), Any(&[Shrink])],
        ..ALL
    }
    .run();
}

/// The successor has hardly more slots than there are entries: more than one thread that stalls in a move keeps it full.
#[test]
fn tight_successor() {
    Storm {
        log2: &[1, 2],
        keys: (2, 5),
        setup: (2, 6),
        growth: &[-1],
        threads: (2, 3),
        ops: (1, 2),
        mix: &[Of(Remove), Of(Remove), Of(Update), Of(Get)],
        ..ALL
    }
    .run();
}

#[test]
fn iteration() {
    Storm {
        log2: &[1, 2, 3],
        keys: (2, 6),
        homes: 3,
        setup: (2, 6),
        ops: (1, 3),
        mix: &[
            Of(Put),
            Of(Put),
            Of(Remove),
            Of(Update),
            Any(&[Iterate]),
            Any(&[Iterate]),
            Any(&[Shrink, Reserve(7)]),
        ],
        ..ALL
    }
    .run();
}
