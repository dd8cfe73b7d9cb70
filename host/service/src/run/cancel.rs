//! Ends runs from outside.

use skillgate_store::Run;

use super::RunDriver;
use crate::config::CANCEL_TIMEOUT;
use crate::{ErrorKind, ServiceError};

impl RunDriver {
    /// Ends a run, also one that waits for its turn, and returns when its end is committed.
    ///
    /// # Errors
    /// Unavailable when it has not ended in time.
    pub(crate) async fn cancel(&self, run: &Run) -> Result<(), ServiceError> {
        let live = self.hub.run(&run.id);
        let mut news = live.news();
        live.cancel().cancel();
        let ended = async {
            while live.is_attended() && !live.has_ended() {
                news.changed().await.map_err(ServiceError::internal)?;
            }
            match live.has_ended() {
                true => Ok(()),
                false => self.end_before_it_goes_on(run).await.or_else(unless_ended),
            }
        };
        match tokio::time::timeout(CANCEL_TIMEOUT, ended).await {
            Ok(ended) => ended,
            Err(_) => Err(ServiceError::unavailable(
                "The run was told to end and has not ended yet. Try again in a moment.",
            )),
        }
    }
}

/// It ended by itself, or by another request, at the same moment.
fn unless_ended(error: ServiceError) -> Result<(), ServiceError> {
    match error.kind() {
        ErrorKind::Conflict => Ok(()),
        _ => Err(error),
    }
}
