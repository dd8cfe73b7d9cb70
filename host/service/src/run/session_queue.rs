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

/// A message's place in a session's line.
pub(crate) struct SessionTicket {
    gate: Arc<Semaphore>,
    entry: QueueEntry,
}

/// The right to run in a session, until dropped.
pub(crate) struct SessionPermit {
    // Dropped in this order: the next in line may go before the entry is given up.
    _permit: OwnedSemaphorePermit,
    _entry: QueueEntry,
}

impl SessionTicket {
    /// Goes ahead when it is this message's turn already; else keeps its place in line.
    pub(crate) fn try_enter(self) -> Result<SessionPermit, Self> {
        match self.gate.clone().try_acquire_owned() {
            Ok(permit) => Ok(SessionPermit {
                _permit: permit,
                _entry: self.entry,
            }),
            Err(_) => Err(self),
        }
    }

    /// Waits for this message's turn, first come first served.
    pub(crate) async fn enter(self) -> Result<SessionPermit, ServiceError> {
        let permit = self.gate.acquire_owned().await;
        Ok(SessionPermit {
            _permit: permit.map_err(ServiceError::internal)?,
            _entry: self.entry,
        })
    }
}

/// A place in line; leaving it, by drop, takes the queue away when it was the last.
struct QueueEntry {
    queues: SessionQueues,
    session: String,
}

impl SessionQueues {
    /// Takes a place in this session's line.
    ///
    /// # Errors
    /// `Conflict` when the line is full.
    pub(crate) fn join(&self, session: &str) -> Result<SessionTicket, ServiceError> {
        let mut queues = self.lock();
        let queue = queues.entry(session.to_owned()).or_default();
        if queue.inside > MAX_WAITING_MESSAGES {
            let message = format!(
                "This session already has {MAX_WAITING_MESSAGES} messages waiting for an answer. Wait for one of them."
            );
            return Err(ServiceError::conflict(message));
        }
        queue.inside += 1;
        Ok(SessionTicket {
            gate: queue.gate.clone(),
            entry: QueueEntry {
                queues: self.clone(),
                session: session.to_owned(),
            },
        })
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
        let first = queues.join("s").unwrap().try_enter().ok().unwrap();
        let waiting: Vec<_> = (0..MAX_WAITING_MESSAGES)
            .map(|_| queues.join("s").unwrap().try_enter().err().unwrap())
            .collect();
        let refused = queues.join("s").err().unwrap();
        assert_eq!(refused.code(), "conflict");
        assert!(queues.join("other").is_ok());
        drop(first);
        for ticket in waiting {
            ticket.enter().await.unwrap();
        }
        assert!(queues.lock().is_empty());
        assert!(queues.join("s").unwrap().try_enter().is_ok());
    }
}
