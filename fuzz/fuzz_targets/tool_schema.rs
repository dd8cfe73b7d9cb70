#![no_main]

#[path = "../../tests/src/fuzz/tool_schema.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::run(data));
