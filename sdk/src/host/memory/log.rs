//! The log is stderr, which `cargo test` shows of the tests that fail.

use crate::log::Level;

pub(crate) fn write(level: Level, message: &str) {
    eprintln!("{level:?}: {message}");
}
