//! One run at a time in a session: the others wait in line, and the line is bounded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ApiError;

/// The most messages that wait behind the one being answered, in one session.
const WAITING: usize = 8;

/// The lanes of all sessions that have a run just now.
#[derive(Clone, Default)]
pub(crate) struct Lanes(Arc<Mutex<HashMap<String, Lane>>>);

struct Lane {
    gate: Arc<Semaphore>,
    inside: usize,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            gate: Arc::new(Semaphore::new(1)),
            inside: 0,
        }
    }
}

/// The right to run in a session, until dropped.
pub(crate) struct Place {
    // Dropped in this order: the next in line may go before the seat is given up.
    _permit: OwnedSemaphorePermit,
    _seat: Seat,
}

/// A place in line; leaving it, by drop, takes the lane away when it was the last.
struct Seat {
    lanes: Lanes,
    session: String,
}

impl Lanes {
    /// Waits for this session's turn, first come first served; 409 `conflict` when the line is full.
    pub(crate) async fn enter(&self, session: &str) -> Result<Place, ApiError> {
        let (gate, seat) = self.sit(session)?;
        let permit = gate.acquire_owned().await.map_err(ApiError::internal)?;
        Ok(Place {
            _permit: permit,
            _seat: seat,
        })
    }

    fn sit(&self, session: &str) -> Result<(Arc<Semaphore>, Seat), ApiError> {
        let mut lanes = self.lock();
        let lane = lanes.entry(session.to_owned()).or_default();
        if lane.inside > WAITING {
            let message = format!(
                "This session already has {WAITING} messages waiting for an answer. Wait for one of them."
            );
            return Err(ApiError::conflict(message));
        }
        lane.inside += 1;
        Ok((
            lane.gate.clone(),
            Seat {
                lanes: self.clone(),
                session: session.to_owned(),
            },
        ))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Lane>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut lanes = self.lanes.lock();
        if let Some(lane) = lanes.get_mut(&self.session) {
            lane.inside -= 1;
            if lane.inside == 0 {
                lanes.remove(&self.session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_line_is_bounded_and_goes_away() {
        let lanes = Lanes::default();
        let first = lanes.enter("s").await.unwrap();
        let waiting: Vec<_> = (0..WAITING).map(|_| lanes.sit("s").unwrap()).collect();
        assert_eq!(
            lanes
                .enter("s")
                .await
                .err()
                .map(|error| error.code().to_owned())
                .as_deref(),
            Some("conflict")
        );
        assert!(lanes.enter("other").await.is_ok());
        drop(waiting);
        drop(first);
        assert!(lanes.lock().is_empty());
        assert!(lanes.enter("s").await.is_ok());
    }
}
