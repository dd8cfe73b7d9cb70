//! How much one answer reads.

/// Bytes, as they lie in the database, that one request may read; in memory JSON may take some ten times as much.
#[derive(Debug, Clone, Copy)]
pub struct PageLimits {
    /// Steps of a run in one answer.
    pub steps: i64,
    /// Steps of a run that one listener holds.
    pub run_events: i64,
    /// Messages in one answer.
    pub messages: i64,
    /// Lines of a log in one answer.
    pub log: i64,
    /// Lines of a log that one follower holds.
    pub followed: i64,
}

impl Default for PageLimits {
    fn default() -> Self {
        Self {
            steps: 4 << 20,
            run_events: 256 << 10,
            messages: 2 << 20,
            log: 1 << 20,
            followed: 64 << 10,
        }
    }
}
