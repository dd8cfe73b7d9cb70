//! `skillgate:skill/log`.

use super::bindings::skillgate::skill::log as wit;
use crate::log::Level;

/// Sends one line to the agent's log.
pub(crate) fn write(level: Level, message: &str) {
    let level = match level {
        Level::Trace => wit::Level::Trace,
        Level::Debug => wit::Level::Debug,
        Level::Info => wit::Level::Info,
        Level::Warn => wit::Level::Warn,
        Level::Error => wit::Level::Error,
    };
    wit::log(level, message);
}
