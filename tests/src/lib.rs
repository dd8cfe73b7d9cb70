//! The whole, tested from outside.
//!
//! - [`abuse`]: the real server under attack, and a victim beside the attackers.
//! - [`app`]: a server in this process on 127.0.0.1, with its own database, and a client that holds a key.
//! - [`breaking_changes`]: two OpenAPI documents compared.
//! - [`sse`]: reads streams of events.
//! - [`skills`]: packages made of the guests in `tests/guests`, signed by keys of their own.
//! - [`process`]: the real server, as a process of its own.
//! - [`fuzz`]: what others send us, tried with bytes that nobody meant.
//! - [`fake_anthropic`]: a peer that speaks the protocol of a language model.
//! - [`fake_issuer`]: an identity provider, with its keys and its tokens.
//! - [`relay_registry`]: an attacker's registry, which passes on what publishers send to it.
//! - [`sample`]: answers compared with samples from the specification.
//! - [`postgres`]: a PostgreSQL server that lives as long as the tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

pub mod abuse;
pub mod app;
pub mod breaking_changes;
pub mod fake_anthropic;
pub mod fake_issuer;
pub mod fuzz;
pub mod postgres;
pub mod process;
pub mod relay_registry;
pub mod sample;
pub mod skills;
pub mod sse;
