//! Runs, step by step.

use std::sync::Arc;

use skillgate_store::{Run, StepPage, Store};

use crate::places::WorkInProgress;
use crate::{Actor, RunId, ServiceError};

/// Runs.
pub struct Runs {
    store: Store,
    places: Arc<WorkInProgress>,
    max_step_bytes: i64,
}

impl Runs {
    /// `max_step_bytes` bounds the steps in one answer.
    pub(crate) fn new(store: Store, places: Arc<WorkInProgress>, max_step_bytes: i64) -> Self {
        Self {
            store,
            places,
            max_step_bytes,
        }
    }

    /// A run of an account's agent; `NotFound` when it has none of this id.
    pub async fn get(&self, actor: &Actor, id: &RunId) -> Result<Run, ServiceError> {
        let run = self.store.get_run(&actor.account, id).await?;
        run.ok_or_else(|| ServiceError::not_found("run"))
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
