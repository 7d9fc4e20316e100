//! The fuzz targets (`fuzz/`), each replaying its corpus, the inputs that cargo-fuzz found worth keeping. So they stay
//! compiled, and the corpus stays tried, where there is no fuzzer.
#![cfg(not(loom))]

mod common;
#[path = "../fuzz/bodies/concurrent_ops.rs"]
mod concurrent_ops;
#[path = "../fuzz/bodies/map_ops.rs"]
mod map_ops;
#[path = "../fuzz/bodies/panics.rs"]
mod panics;
#[path = "../fuzz/bodies/script.rs"]
mod script;

use arbitrary::{Arbitrary, Unstructured};
use std::path::Path;

/// Runs every input of the target's corpus.
fn replay<S: for<'a> Arbitrary<'a>>(target: &str, run: impl Fn(S)) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    // A few under Miri, which is a thousand times slower.
    let (stride, mut inputs) = (if cfg!(miri) { 10 } else { 1 }, 0);
    for entry in corpus.read_dir().expect("the corpus is in the repository").step_by(stride) {
        let path = entry.unwrap().path();
        println!("{}", path.display()); // names the culprit of a failure
        let bytes = std::fs::read(path).unwrap();
        run(S::arbitrary_take_rest(Unstructured::new(&bytes)).expect("only inputs that can be decoded are kept"));
        inputs += 1;
    }
    assert!(inputs * stride >= 10, "{inputs} inputs");
}

#[test]
fn map_ops() {
    replay("map_ops", map_ops::Scenario::run);
}

#[test]
fn concurrent_ops() {
    replay("concurrent_ops", concurrent_ops::Scenario::run);
}

#[test]
fn panics() {
    replay("panics", panics::Scenario::run);
}
