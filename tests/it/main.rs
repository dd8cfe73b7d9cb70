//! One binary for all tests from outside: a file for each area, a folder where a file would be too long.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod abuse;
mod advisories;
mod api;
mod architecture;
mod chat;
mod cli;
mod crash;
mod examples;
mod providers;
mod sandbox;
mod store_story;
mod uploads;
