#![no_main]

#[path = "../../tests/src/fuzz/permission_rule.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::run(data));
