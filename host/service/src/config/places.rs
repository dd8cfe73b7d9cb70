//! Runs, chats, streams and large reads at once.

use std::num::NonZero;
use std::time::Duration;

use skillgate_runtime::PlaceLimits;

/// Places for what agents do. `peerId` is free text, so that sessions do not bound it: accounts do.
#[derive(Debug, Clone, Copy)]
pub struct WorkPlaces {
    /// Runs under way: each holds its history, its answer and its journal in memory.
    pub runs: PlaceLimits,
    /// Messages that wait for their session's turn or whose answer is being sent: each holds a connection.
    pub chats: PlaceLimits,
    /// Runs that are listened to: each holds a connection, and a page of the run's journal while it catches up.
    pub run_listeners: PlaceLimits,
    /// Logs that are followed: each holds a connection.
    pub streams: PlaceLimits,
    /// Answers of megabytes that are being read: each keeps a connection to the database for tens of milliseconds. SQLite has
    /// as many for reading as there are processors, at least two; one of them is always left for what is small.
    pub page_reads: PlaceLimits,
}

impl Default for WorkPlaces {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let page_reads = processors.max(2) - 1;
        let places = |per_account, in_all, seconds| PlaceLimits {
            per_account,
            in_all,
            queue: Duration::from_secs(seconds),
        };
        Self {
            runs: places(64, 512, 30),
            chats: places(128, 1_024, 1),
            run_listeners: places(128, 1_024, 1),
            streams: places(64, 512, 1),
            page_reads: places(page_reads.div_ceil(2), page_reads, 10),
        }
    }
}
