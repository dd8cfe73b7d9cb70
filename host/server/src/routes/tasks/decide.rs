//! `POST /v1/tasks/{id}/approve` and `/deny`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use skillgate_service::TaskId;

use super::get::TaskView;
use crate::envelope::Data;
use crate::extract::{Caller, Id, OptionalJson};
use crate::{ApiError, App};

#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct DecideTaskRequest {
    /// What is said with the decision: 1 to 2000 characters.
    reason: Option<String>,
}

/// Approves a task and does what it stands for.
pub(crate) async fn approve(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<TaskId>,
    OptionalJson(body): OptionalJson<DecideTaskRequest>,
) -> Result<Data<TaskView>, ApiError> {
    let task = app.tasks.approve(&caller, &id, body.reason).await?;
    Ok(Data { data: task.into() })
}

/// Denies a task.
pub(crate) async fn deny(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<TaskId>,
    OptionalJson(body): OptionalJson<DecideTaskRequest>,
) -> Result<Data<TaskView>, ApiError> {
    let task = app.tasks.deny(&caller, &id, body.reason).await?;
    Ok(Data { data: task.into() })
}
