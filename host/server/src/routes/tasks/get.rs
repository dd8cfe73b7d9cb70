//! `GET /v1/tasks/{id}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use skillgate_service::TaskId;
use skillgate_store::{Task, TaskKind, TaskStatus, Timestamp};

use crate::envelope::Data;
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// What waits for a decision, or waited for one.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskView {
    id: String,
    kind: TaskKind,
    status: TaskStatus,
    agent_id: Option<String>,
    /// The run that waits for it, or that asked.
    run_id: Option<String>,
    /// What is asked for, by kind. Of a `consent`: `skill`, `version`, `permissions` that approving grants, and `difference`.
    subject: Value,
    reason: Option<String>,
    created_at: Timestamp,
    expires_at: Timestamp,
    decided_at: Option<Timestamp>,
    /// The id of the API key that decided.
    decided_by: Option<String>,
    decision_reason: Option<String>,
}

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        Self {
            id: task.id,
            kind: task.kind,
            status: task.status,
            agent_id: task.agent_id,
            run_id: task.run_id,
            subject: task.subject,
            reason: task.reason,
            created_at: task.created_at,
            expires_at: task.expires_at,
            decided_at: task.decided_at,
            decided_by: task.decided_by,
            decision_reason: task.decision_reason,
        }
    }
}

/// Gets one task.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<TaskId>,
) -> Result<Data<TaskView>, ApiError> {
    let task = app.tasks.get(&caller, &id).await?;
    Ok(Data { data: task.into() })
}
