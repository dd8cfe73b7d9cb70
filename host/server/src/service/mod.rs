//! What the service does, one noun a file, with typed inputs; handlers and the command line call it.

pub mod accounts;
pub mod agents;
pub mod api_keys;
pub mod assignments;
pub mod chat;
pub mod instructions;
pub mod loaded_skills;
pub mod logs;
pub mod publish;
pub mod publisher_keys;
pub mod runs;
pub mod secrets;
pub mod skills;
mod validate;
