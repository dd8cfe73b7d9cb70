#![no_main]

#[path = "../../tests/src/fuzz/signature_envelope.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::run(data));
