#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../bodies/map_ops.rs"]
mod map_ops;
#[path = "../bodies/script.rs"]
mod script;

libfuzzer_sys::fuzz_target!(|scenario: map_ops::Scenario| scenario.run());
