//! Accounts of a server.

pub(super) mod create;
