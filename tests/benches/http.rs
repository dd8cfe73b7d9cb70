//! The figures of the server: how fast it starts, answers a read, and carries a whole turn.
//!
//! Run by `cargo xtask bench`, which says what the lines that are printed mean. One part after the other, so that no part
//! takes the processor from another:
//!
//! - [`start`]: the program, as it is released, from nothing to ready.
//! - [`read`]: the most frequent request, against a server that does nothing else.
//! - [`turn`]: a message, its answer with a tool call, and what the time between is made of.
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
#[path = "http/load.rs"]
mod load;
#[path = "http/read.rs"]
mod read;
#[path = "http/start.rs"]
mod start;
#[path = "http/turn.rs"]
mod turn;

fn main() {
    start::measure();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        read::measure().await;
        turn::measure().await;
    });
}
