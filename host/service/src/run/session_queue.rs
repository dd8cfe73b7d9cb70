//! One run at a time in a session: the others wait in line, and the line is bounded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ServiceError;
use crate::config::MAX_WAITING_MESSAGES;

/// The queues of all sessions that have a run just now.
#[derive(Clone, Default)]
pub(crate) struct SessionQueues(Arc<Mutex<HashMap<String, SessionQueue>>>);

struct SessionQueue {
    gate: Arc<Semaphore>,
    inside: usize,
}

impl Default for SessionQueue {
    fn default() -> Self {
        Self {
            gate: Arc::new(Semaphore::new(1)),
            inside: 0,
        }
    }
}

/// The right to run in a session, until dropped.
pub(crate) struct SessionPermit {
    // Dropped in this order: the next in line may go before the entry is given up.
    _permit: OwnedSemaphorePermit,
    _entry: QueueEntry,
}

/// A place in line; leaving it, by drop, takes the queue away when it was the last.
struct QueueEntry {
    queues: SessionQueues,
    session: String,
}

impl SessionQueues {
    /// Waits for this session's turn, first come first served; `Conflict` when the line is full.
    pub(crate) async fn enter(&self, session: &str) -> Result<SessionPermit, ServiceError> {
        let (gate, entry) = self.join(session)?;
        let permit = gate.acquire_owned().await.map_err(ServiceError::internal)?;
        Ok(SessionPermit {
            _permit: permit,
            _entry: entry,
        })
    }

    fn join(&self, session: &str) -> Result<(Arc<Semaphore>, QueueEntry), ServiceError> {
        let mut queues = self.lock();
        let queue = queues.entry(session.to_owned()).or_default();
        if queue.inside > MAX_WAITING_MESSAGES {
            let message = format!(
                "This session already has {MAX_WAITING_MESSAGES} messages waiting for an answer. Wait for one of them."
            );
            return Err(ServiceError::conflict(message));
        }
        queue.inside += 1;
        Ok((
            queue.gate.clone(),
            QueueEntry {
                queues: self.clone(),
                session: session.to_owned(),
            },
        ))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, SessionQueue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for QueueEntry {
    fn drop(&mut self) {
        let mut queues = self.queues.lock();
        if let Some(queue) = queues.get_mut(&self.session) {
            queue.inside -= 1;
            if queue.inside == 0 {
                queues.remove(&self.session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_line_is_bounded_and_goes_away() {
        let queues = SessionQueues::default();
        let first = queues.enter("s").await.unwrap();
        let waiting: Vec<_> = (0..MAX_WAITING_MESSAGES)
            .map(|_| queues.join("s").unwrap())
            .collect();
        assert_eq!(
            queues
                .enter("s")
                .await
                .err()
                .map(|error| error.code())
                .as_deref(),
            Some("conflict")
        );
        assert!(queues.enter("other").await.is_ok());
        drop(waiting);
        drop(first);
        assert!(queues.lock().is_empty());
        assert!(queues.enter("s").await.is_ok());
    }
}
