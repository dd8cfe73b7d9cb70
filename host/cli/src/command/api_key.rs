//! API keys of a server.

pub(super) mod create;
