//! `GET /api/skills/{id}/agents`

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use skillgate_service::SkillRef;
use skillgate_store::{AgentStatus, AssignedAgent, Timestamp};

use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// The agents that have a skill.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AssignedAgentList {
    agents: Vec<AssignedAgentView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AssignedAgentView {
    /// The assignment: `as_…`
    id: String,
    agent_id: String,
    agent_name: String,
    agent_status: AssignedAgentStatus,
    enabled: bool,
    config: Value,
    /// Higher is more likely to be used.
    priority: i64,
    assigned_at: Timestamp,
    /// The id of the API key that assigned it.
    assigned_by: String,
}

/// What an agent does, in the words of this surface.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum AssignedAgentStatus {
    /// It runs.
    Active,
    /// It is stopped.
    Inactive,
    /// It should run and cannot.
    Error,
}

impl From<AgentStatus> for AssignedAgentStatus {
    fn from(status: AgentStatus) -> Self {
        match status {
            AgentStatus::Running => Self::Active,
            AgentStatus::Stopped => Self::Inactive,
            AgentStatus::Error => Self::Error,
        }
    }
}

impl From<AssignedAgent> for AssignedAgentView {
    fn from(agent: AssignedAgent) -> Self {
        Self {
            id: agent.assignment_id,
            agent_id: agent.agent_id,
            agent_name: agent.agent_name,
            agent_status: agent.agent_status.into(),
            enabled: agent.is_enabled,
            config: agent.config,
            priority: agent.priority,
            assigned_at: agent.assigned_at,
            assigned_by: agent.assigned_by,
        }
    }
}

/// Lists the agents that a skill is assigned to, in the order in which they got it.
pub(crate) async fn agents(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SkillRef>,
) -> Result<Json<AssignedAgentList>, ApiError> {
    let (_, agents) = app.skills.pool_skill(&caller, &id).await?;
    let agents = agents.into_iter().map(Into::into).collect();
    Ok(Json(AssignedAgentList { agents }))
}
