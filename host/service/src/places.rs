//! The places of the host's own work, shared between the services that take them.

use skillgate_runtime::{Place, Places};

use crate::ServiceError;
use crate::config::WorkPlaces;

/// How much may be done at once, of one account and in all.
pub(crate) struct WorkInProgress {
    /// Runs under way.
    pub(crate) runs: Places,
    /// Messages that wait for an answer, or whose answer is being sent.
    pub(crate) chats: Places,
    /// Runs that are listened to, apart from the messages that began them.
    pub(crate) run_listeners: Places,
    /// Logs that are followed.
    pub(crate) streams: Places,
    page_reads: Places,
}

impl WorkInProgress {
    pub(crate) fn new(places: WorkPlaces) -> Self {
        Self {
            runs: Places::new(places.runs),
            chats: Places::new(places.chats),
            run_listeners: Places::new(places.run_listeners),
            streams: Places::new(places.streams),
            page_reads: Places::new(places.page_reads),
        }
    }

    /// Waits for a place to read an answer that may have megabytes.
    ///
    /// # Errors
    /// Unavailable when none becomes free in time.
    pub(crate) async fn page_read(&self, account: &str) -> Result<Place, ServiceError> {
        let place = self.page_reads.take(account).await;
        place.map_err(|_| {
            ServiceError::unavailable(
                "Too many large answers of this account are being read. Try again, or ask for less at once.",
            )
        })
    }
}
