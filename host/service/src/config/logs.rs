//! Agents' logs.

/// Shares of the queue in which log lines wait to be written. It is one for all: writing is one transaction at a time.
#[derive(Debug, Clone, Copy)]
pub struct LogLimits {
    /// Lines that wait, of all agents; with the longest line of 4 KiB this is 32 MiB.
    pub in_all: usize,
    /// Lines that wait, of all agents of one account: a quarter of the queue.
    pub per_account: usize,
    /// Lines that wait, of one agent: one call may print a thousand.
    pub per_agent: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            in_all: 8_192,
            per_account: 2_048,
            per_agent: 1_100,
        }
    }
}
