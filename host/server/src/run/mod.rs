//! Runs: what happens between a message and its answer, apart from any connection.

pub mod begin;
pub mod history;
pub mod journal;
pub mod lane;
pub mod prepare;
pub mod provider;
pub mod resume;
pub mod secrets;
pub mod tools;
