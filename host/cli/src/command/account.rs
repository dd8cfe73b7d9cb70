//! Accounts of a server.

pub(super) mod create;
pub(super) mod list;
mod plan;
pub(super) mod set;
