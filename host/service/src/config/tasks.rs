//! How many tasks there may be, and how long they can be decided.

use std::time::Duration;

/// Limits of tasks.
#[derive(Debug, Clone, Copy)]
pub struct TaskLimits {
    /// How long a task can be decided. A week: somebody who is away over a long weekend still finds it, and what was asked for is
    /// not so old that the answer is a surprise.
    pub lifetime: Duration,
    /// Pending tasks of one agent: a person who decides reads them all, and an agent makes them without one.
    pub pending_per_agent: i64,
    /// Pending tasks of one account.
    pub pending_per_account: i64,
    /// Ended tasks of one account that are kept, to be looked up later; the oldest are deleted first.
    pub ended_per_account: i64,
}

impl Default for TaskLimits {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(7 * 24 * 3600),
            pending_per_agent: 100,
            pending_per_account: 1_000,
            ended_per_account: 10_000,
        }
    }
}

/// The most bytes of a task's subject as JSON: one page of tasks is one answer in memory.
pub(crate) const MAX_TASK_SUBJECT_BYTES: usize = 64 << 10;
/// The most characters of the reason that is given with a decision.
pub(crate) const MAX_DECISION_REASON_CHARS: usize = 2_000;
/// The most tasks, or permission grants, in one answer.
pub const MAX_LISTED_ITEMS: i64 = 100;
