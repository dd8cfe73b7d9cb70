//! Runs: step by step, as events, and how they are ended from outside.

use std::sync::Arc;

use skillgate_store::{Run, RunPage, StepPage, Store};

use crate::agents::Agents;
use crate::places::WorkInProgress;
use crate::run::RunDriver;
use crate::run::event::{EventId, Position};
use crate::run::listener::RunListener;
use crate::{Actor, AgentId, RunId, ServiceError};

/// Runs.
pub struct Runs {
    store: Store,
    agents: Arc<Agents>,
    driver: Arc<RunDriver>,
    places: Arc<WorkInProgress>,
    max_step_bytes: i64,
}

impl Runs {
    /// `max_step_bytes` bounds the steps in one answer.
    pub(crate) fn new(
        store: Store,
        agents: Arc<Agents>,
        driver: Arc<RunDriver>,
        places: Arc<WorkInProgress>,
        max_step_bytes: i64,
    ) -> Self {
        Self {
            store,
            agents,
            driver,
            places,
            max_step_bytes,
        }
    }

    /// A run of an account's agent; `NotFound` when it has none of this id.
    pub async fn get(&self, actor: &Actor, id: &RunId) -> Result<Run, ServiceError> {
        let run = self.store.get_run(&actor.account, id).await?;
        run.ok_or_else(|| ServiceError::not_found("run"))
    }

    /// Lists an agent's runs, newest first: at most `limit`, of those that began before the run `before`.
    ///
    /// # Errors
    /// `NotFound` when the account has no such agent, or the agent no run of the id in `before`.
    pub async fn list(
        &self,
        actor: &Actor,
        agent: &AgentId,
        before: Option<&RunId>,
        limit: i64,
    ) -> Result<RunPage, ServiceError> {
        let agent = self.agents.get(actor, agent).await?;
        let before = match before {
            Some(id) => Some(self.get(actor, id).await?),
            None => None,
        };
        if before.as_ref().is_some_and(|run| run.agent_id != agent.id) {
            return Err(ServiceError::not_found("run"));
        }
        let place = before.map(|run| (run.created_at, run.id));
        let runs = self
            .store
            .list_runs(&actor.account, &agent.id, place, limit);
        Ok(runs.await?)
    }

    /// Listens to a run: its events that follow the event `after`, or all of them, then every further one as it comes.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` when `after` is an event of another run; `Unavailable` when the account listens to as many runs as
    /// it may.
    pub async fn listen(
        &self,
        actor: &Actor,
        id: &RunId,
        after: Option<EventId>,
    ) -> Result<RunListener, ServiceError> {
        let run = self.get(actor, id).await?;
        if after.as_ref().is_some_and(|event| event.run != run.id) {
            return Err(ServiceError::invalid(
                "Last-Event-ID: must be the id of an event of this run.",
            ));
        }
        let place = self.places.run_listeners.take(&actor.account).await;
        let place = place.map_err(|_| {
            ServiceError::unavailable(
                "This account listens to too many runs. Close one of the streams.",
            )
        })?;
        let from = after.map_or(Position::default(), |event| event.position);
        Ok(self.driver.listen(&run, from, place))
    }

    /// Ends a run; what it said until then is kept. One that has ended is left as it is.
    ///
    /// # Errors
    /// `NotFound`; `Unavailable` when the run has not ended in time.
    pub async fn cancel(&self, actor: &Actor, id: &RunId) -> Result<Run, ServiceError> {
        let run = self.get(actor, id).await?;
        if run.ended_at.is_some() {
            return Ok(run);
        }
        self.driver.cancel(&run).await?;
        self.get(actor, id).await
    }

    /// A run's steps that follow place `after` (-1 for all), in order, as many as one answer may hold.
    pub async fn steps(
        &self,
        actor: &Actor,
        id: &RunId,
        after: i64,
    ) -> Result<StepPage, ServiceError> {
        let _place = self.places.page_read(&actor.account).await?;
        let bytes = self.max_step_bytes;
        Ok(self
            .store
            .steps_after(&actor.account, id, after, bytes)
            .await?)
    }

    /// As [`Runs::steps`], of the ends of tool calls alone.
    pub async fn tool_ends(
        &self,
        actor: &Actor,
        id: &RunId,
        after: i64,
    ) -> Result<StepPage, ServiceError> {
        let _place = self.places.page_read(&actor.account).await?;
        let bytes = self.max_step_bytes;
        let page = self.store.tool_ends_after(&actor.account, id, after, bytes);
        Ok(page.await?)
    }
}
