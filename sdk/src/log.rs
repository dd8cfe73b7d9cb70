//! Lines for the agent's log. They cost a host call each and are bounded in number and size.

use crate::host;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Step by step.
    Trace,
    /// For whoever looks for a mistake.
    Debug,
    /// What happened.
    Info,
    /// Something is odd, and the tool goes on.
    Warn,
    /// Something failed.
    Error,
}

/// Writes one line.
pub fn log(level: Level, message: impl AsRef<str>) {
    host::log::write(level, message.as_ref());
}

/// Step by step.
pub fn trace(message: impl AsRef<str>) {
    log(Level::Trace, message);
}

/// For whoever looks for a mistake.
pub fn debug(message: impl AsRef<str>) {
    log(Level::Debug, message);
}

/// What happened.
pub fn info(message: impl AsRef<str>) {
    log(Level::Info, message);
}

/// Something is odd, and the tool goes on.
pub fn warn(message: impl AsRef<str>) {
    log(Level::Warn, message);
}

/// Something failed.
pub fn error(message: impl AsRef<str>) {
    log(Level::Error, message);
}
