//! `PATCH /api/skills/{id}/assignments/{agentId}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use skillgate_service::{AgentId, ChangeAssignment, SkillRef};

use super::view::Success;
use crate::extract::{Caller, Ids, Json};
use crate::{ApiError, App};

/// What is to change; what is absent stays.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct UpdateAssignmentRequest {
    /// Whether the agent may use the skill.
    enabled: Option<bool>,
    /// Configuration in place of the one that there is, at most 4 KiB as JSON.
    config: Option<Map<String, Value>>,
    /// Higher is more likely to be used.
    priority: Option<i32>,
}

/// Enables, disables or configures a skill, by UUID or name, on an agent.
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Ids(skill, agent): Ids<SkillRef, AgentId>,
    Json(body): Json<UpdateAssignmentRequest>,
) -> Result<axum::Json<Success>, ApiError> {
    let change = ChangeAssignment {
        is_enabled: body.enabled,
        config: body.config,
        priority: body.priority,
    };
    app.assignments
        .change(&caller, &agent, &skill, change)
        .await?;
    Ok(axum::Json(Success::new()))
}
