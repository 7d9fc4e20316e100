//! Two keys that must change together, in a map whose operations are atomic for one key each.
//!
//! ```text
//! cargo run --release --example transfer
//! ```
//!
//! - [`naive`]: two atomic operations are not one. What goes wrong.
//! - [`together`]: what changes together lives under one key, as one value or as a snapshot that is replaced whole. The first
//!   thing to try.
//! - [`outbox`]: the keys stay apart. The first step writes down the second, and anybody can complete it, once.
//! - [`index`]: two maps, of which one is the truth and the other a hint that is checked.

mod index;
mod naive;
mod outbox;
mod together;

fn main() {
    naive::demonstrate();
    together::demonstrate();
    outbox::demonstrate();
    index::demonstrate();
}

/// Calls `work` on two threads, with the numbers of a sequence that looks random.
fn on_two_threads(steps: u64, work: impl Fn(u64) + Sync) {
    std::thread::scope(|s| {
        for thread in 0..2 {
            let work = &work;
            s.spawn(move || {
                let mut state: u64 = thread + 1;
                for _ in 0..steps {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    work(state >> 33);
                }
            });
        }
    });
}
