#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../bodies/panics.rs"]
mod panics;
#[path = "../bodies/script.rs"]
mod script;

libfuzzer_sys::fuzz_target!(|scenario: panics::Scenario| scenario.run());
