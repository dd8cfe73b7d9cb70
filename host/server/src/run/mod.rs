//! Runs: what happens between a message and its answer, apart from any connection.

pub(crate) mod history;
pub(crate) mod journal;
pub(crate) mod prepare;
pub(crate) mod provider;
pub(crate) mod resume;
pub(crate) mod secrets;
pub(crate) mod session_queue;
mod skill_query;
pub(crate) mod spawn;
pub(crate) mod tools;
