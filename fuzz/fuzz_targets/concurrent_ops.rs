#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../bodies/concurrent_ops.rs"]
mod concurrent_ops;
#[path = "../bodies/script.rs"]
mod script;

libfuzzer_sys::fuzz_target!(|scenario: concurrent_ops::Scenario| scenario.run());
