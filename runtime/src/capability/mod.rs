//! What a guest can reach of the host: one capability, one file, each with its state, its host
//! functions and its mapping of errors. Linking them is `link.rs`'s.
//!
//! Clocks, random numbers, environment and arguments are wasmtime-wasi's own, with nothing in
//! them: they hold no authority. TCP and UDP are never linked.

pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod kv;
pub(crate) mod log;
pub(crate) mod progress;
pub(crate) mod secrets;
