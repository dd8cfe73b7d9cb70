//! What is kept and waited for around a run.

use std::time::Duration;

/// The most bytes of events that are kept of one run for those who listen to it, beside the text of the answer under way: a
/// dozen tool calls of common size. A listener that is further behind reads the journal. With all runs of a full server
/// under way that is 32 MiB.
pub(crate) const MAX_RECENT_EVENT_BYTES: usize = 64 << 10;
/// How long a request to cancel a run waits for its end. A tool call that is cut has two seconds to answer
/// ([`Budget::stop_grace`](skillgate_agent::Budget::stop_grace)); the rest is for a database that is slow.
pub(crate) const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);
/// The most runs in a list.
pub const MAX_LISTED_RUNS: i64 = 200;
