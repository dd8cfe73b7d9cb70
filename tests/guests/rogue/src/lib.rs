//! Misbehaves in every way we know, one tool each.

use std::hint::black_box;

use skillgate_sdk::prelude::*;

/// `wasi:random`, which the SDK has no need for.
#[allow(missing_docs, reason = "generated code")]
mod random {
    wit_bindgen::generate!({
        inline: "package test:rogue; world random { import wasi:random/random@0.2.12; }",
        path: "../../../wit",
        generate_all,
    });
}

/// Loops for ever.
#[tool]
pub fn spin() {
    let mut count = 0_u64;
    loop {
        count = black_box(count.wrapping_add(1));
    }
}

/// Takes memory for ever.
#[tool]
pub fn allocate() {
    let mut blocks = Vec::new();
    loop {
        blocks.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Calls itself for ever.
#[tool]
pub fn recurse() -> String {
    fn deeper(depth: u64) -> u64 {
        if depth == u64::MAX {
            return depth;
        }
        black_box(deeper(black_box(depth) + 1)) + 1
    }
    deeper(0).to_string()
}

/// Prints for ever.
#[tool]
pub fn print() {
    loop {
        println!("{}", "all work and no play ".repeat(50));
    }
}

/// Writes many lines to the log.
#[tool]
pub fn log_flood(
    /// How many lines.
    lines: u32,
) -> String {
    for line in 0..lines {
        log::info(format!("line {line}"));
    }
    format!("wrote {lines} lines")
}

/// Panics.
#[tool]
pub fn panic() {
    panic!("a tool that panics");
}

/// Ends the program.
#[tool]
pub fn exit() {
    std::process::exit(3);
}

/// Gives structured output that is not JSON.
#[tool]
pub fn invalid_json() -> ToolOutput {
    ToolOutput {
        structured: Some("{ this is not JSON".to_owned()),
        ..ToolOutput::from_text("done")
    }
}

/// Gives 50 MB of text.
#[tool]
pub fn huge() -> String {
    "0123456789".repeat(5_000_000)
}

/// Asks for random bytes for ever, a mebibyte at a time.
#[tool]
pub fn random_flood() {
    loop {
        black_box(random::wasi::random::random::get_random_bytes(1 << 20));
    }
}

/// Takes memory, says so in the log, and keeps it for a minute.
#[tool]
pub fn hold(
    /// How much.
    mebibytes: usize,
) {
    let block = black_box(vec![1_u8; mebibytes << 20]);
    log::info("held");
    std::thread::sleep(std::time::Duration::from_secs(60));
    drop(black_box(block));
}

/// Says so in the log, and computes for this many steps.
#[tool]
pub fn compute(
    /// In millions.
    steps: u64,
) -> String {
    log::info("computing");
    let mut sum = 0_u64;
    for step in 0..steps * 1_000_000 {
        sum = black_box(sum.wrapping_add(step));
    }
    sum.to_string()
}

skillgate_sdk::skill!(
    spin,
    allocate,
    recurse,
    print,
    log_flood,
    panic,
    exit,
    invalid_json,
    huge,
    random_flood,
    hold,
    compute
);
