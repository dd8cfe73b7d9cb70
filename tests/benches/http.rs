//! The figures of the server: how fast it starts, answers a read, and carries a whole turn.
//!
//! Run by `cargo xtask bench`, which says what the lines that are printed mean. One part after the other, so that no part
//! takes the processor from another:
//!
//! - [`start`]: the program, as it is released, from nothing to ready.
//! - [`knowledge`]: a knowledge base that is full.
//! - [`read`]: the most frequent request, against a server that does nothing else.
//! - [`turn`]: a message, its answer with a tool call, and what the time between is made of.
//!
//! Names of parts as arguments choose among them: `cargo bench -p skillgate-tests -- turn`.
//!
//! Databases are files in the folder for temporary files: `TMPDIR` decides on which disk a commit is durable.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench program prints its figures, and fails by panicking"
)]

#[path = "http/figure.rs"]
mod figure;
#[path = "http/floor.rs"]
mod floor;
#[path = "http/knowledge.rs"]
mod knowledge;
#[path = "http/load.rs"]
mod load;
#[path = "http/parts.rs"]
mod parts;
#[path = "http/read.rs"]
mod read;
#[path = "http/start.rs"]
mod start;
#[path = "http/turn.rs"]
mod turn;

fn main() {
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let wanted = |part: &str| chosen.is_empty() || chosen.iter().any(|one| one == part);
    if wanted("start") {
        start::measure();
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if wanted("read") {
        runtime.block_on(read::measure());
    }
    if wanted("turn") {
        runtime.block_on(turn::measure());
    }
    if wanted("knowledge") {
        runtime.block_on(knowledge::measure());
    }
}
