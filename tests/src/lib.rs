//! The whole, tested from outside.
//!
//! - [`abuse`]: the real server under attack, and a victim beside the attackers.
//! - [`app`]: a server in this process on 127.0.0.1, with its own database, and a client that holds a key.
//! - [`sse`]: reads streams of events.
//! - [`skills`]: packages made of the guests in `tests/guests`, signed by keys of their own.
//! - [`fake_anthropic`]: a peer that speaks the protocol of a language model.
//! - [`postgres`]: a PostgreSQL server that lives as long as the tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

pub mod abuse;
pub mod app;
pub mod fake_anthropic;
pub mod postgres;
pub mod skills;
pub mod sse;
