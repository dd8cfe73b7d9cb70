//! What works apart from any request, and how it comes to an end.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of the host, and the sign that it is closing. Cheap to clone: all clones are one.
#[derive(Clone, Default)]
pub struct Background {
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl Background {
    /// Starts a task that a shutdown waits for.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(task);
    }

    /// Cancelled when a shutdown begins: streams end, runs stop at their next committed step, nothing new begins.
    pub fn closing(&self) -> &CancellationToken {
        &self.closing
    }

    /// Waits, at most `patience`, for the tasks to end.
    pub async fn drain(&self, patience: Duration) {
        self.tasks.close();
        let ended = tokio::time::timeout(patience, self.tasks.wait()).await;
        if ended.is_err() {
            tracing::warn!(
                runs = self.tasks.len(),
                "some runs did not stop in time; they go on after the next start"
            );
        }
    }
}
