//! The SDK as a skill uses it, natively.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

mod host;
mod tools;
