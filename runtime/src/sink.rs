//! Who listens to a call while it runs.

/// How grave a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Every detail.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// What happened. The guest's stdout too.
    Info,
    /// Something is odd. The guest's stderr too.
    Warn,
    /// Something failed.
    Error,
}

/// Receives a call's log lines and progress, on the call's own task: it must not block.
pub trait Sink: Send + Sync {
    /// One line of log, at most [`MAX_LINE`] bytes.
    fn log(&self, _level: LogLevel, _message: &str) {}
    /// News of a long call; `fraction` is from 0.0 to 1.0 when it is known.
    fn progress(&self, _message: &str, _fraction: Option<f32>) {}
}

/// The longest log line or progress message that a sink is given, in bytes; longer ones are cut.
pub const MAX_LINE: usize = 4096;

/// Drops everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Discard;

impl Sink for Discard {}

/// `text`, cut to at most [`MAX_LINE`] bytes at a character's border.
pub(crate) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_LINE)]
}
