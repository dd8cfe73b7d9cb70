//! Runs: what happens between a message and its answer, apart from any connection.

pub(crate) mod approvals;
mod built_in;
mod cancel;
pub(crate) mod event;
pub(crate) mod history;
pub(crate) mod hub;
mod journal;
pub(crate) mod listener;
mod prepare;
pub(crate) mod provider;
mod resume;
mod secrets;
pub(crate) mod session_queue;
mod skill_tools;
pub(crate) mod spawn;
mod toolbox;
mod usage;

use std::sync::Arc;
use std::time::Duration;

use skillgate_agent::Budget;
use skillgate_runtime::{NoPlace, Place};
use skillgate_store::{Session, Store};

use self::approvals::Approvals;
use self::hub::RunHub;
use self::session_queue::{SessionPermit, SessionQueues};
use crate::agents::Agents;
use crate::knowledge::Knowledge;
use crate::loaded_skills::LoadedSkills;
use crate::logs::Logs;
use crate::places::WorkInProgress;
use crate::{Background, ProviderConfig, ServiceError};

/// Prepares runs, drives them to their end, and resumes those that were interrupted.
pub(crate) struct RunDriver {
    pub(crate) store: Store,
    pub(crate) agents: Arc<Agents>,
    pub(crate) knowledge: Arc<Knowledge>,
    pub(crate) loaded_skills: LoadedSkills,
    pub(crate) providers: Arc<ProviderConfig>,
    pub(crate) places: Arc<WorkInProgress>,
    pub(crate) logs: Logs,
    pub(crate) budget: Budget,
    pub(crate) background: Background,
    pub(crate) session_queues: SessionQueues,
    pub(crate) approvals: Approvals,
    pub(crate) hub: RunHub,
    /// Bytes of a run's journal that one listener reads at once.
    pub(crate) event_page_bytes: i64,
}

/// The places that a run holds until it has ended. The session's is given up first.
pub(crate) struct RunPlaces {
    _session: SessionPermit,
    _account: Place,
}

impl RunDriver {
    /// Waits for a place of the session's account among all runs.
    ///
    /// # Errors
    /// Unavailable when the host is closing or no place became free.
    pub(crate) async fn places_for(
        &self,
        session: &Session,
        permit: SessionPermit,
    ) -> Result<RunPlaces, ServiceError> {
        let closing = self.background.closing();
        let place = self.places.runs.take(&session.account_id);
        let place = closing.run_until_cancelled(place).await;
        let place = place.ok_or_else(|| {
            ServiceError::unavailable("The server is shutting down. Try again in a moment.")
        })?;
        Ok(RunPlaces {
            _session: permit,
            _account: place.map_err(|NoPlace(waited)| too_many_runs(waited))?,
        })
    }
}

fn too_many_runs(waited: Duration) -> ServiceError {
    ServiceError::unavailable(format!(
        "Too many runs are under way; no place became free within {} s. Try again soon.",
        waited.as_secs()
    ))
}
