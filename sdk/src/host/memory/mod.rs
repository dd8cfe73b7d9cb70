//! The host as a native unit test sees it: in memory, one for each thread, so that tests that run
//! side by side do not meet. `testing` sets it up.

pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod kv;
pub(crate) mod log;
pub(crate) mod progress;
pub(crate) mod secrets;
