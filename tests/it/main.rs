//! One binary for all tests from outside: a file for each area, a folder where a file would be too long.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod abuse;
mod advisories;
mod agent_folders;
mod api;
mod architecture;
mod chat;
mod cli;
mod connections;
mod crash;
mod deep_json;
mod examples;
mod fuzz;
mod hostile_provider;
mod instructions;
mod limits;
mod providers;
mod redaction;
mod resume;
mod rule_read;
mod run_events;
mod runs;
mod sandbox;
mod skill_query;
mod store_story;
mod uploads;
