//! The crate from outside: a scripted model, tools that count, a journal that remembers, a peer on a socket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test fails by panicking, and nobody outside sees its parts"
)]

mod approval;
mod hostile;
mod limits;
mod mistakes;
mod order;
mod resume;
mod support;
mod wire;
