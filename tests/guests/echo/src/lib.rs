//! Gives back what it gets.

use std::time::Duration;

use skillgate_sdk::prelude::*;

/// Gives the text back unchanged.
#[tool(read_only, idempotent)]
pub fn echo(
    /// Any text.
    text: String,
) -> String {
    text
}

/// Waits, then says how long. Not repeatable, so that a crash during it leaves its outcome unknown.
#[tool]
pub fn count_slow(
    /// Milliseconds to wait.
    ms: u64,
) -> String {
    std::thread::sleep(Duration::from_millis(ms));
    format!("counted {ms} ms")
}

skillgate_sdk::skill!(echo, count_slow);
