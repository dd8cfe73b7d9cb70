//! `GET /api/skills/{id}`

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::SkillRef;
use skillgate_store::{AssignedAgent, Timestamp};

use super::view::TenantSkill;
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// A skill of the pool, and the agents that have it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TenantSkillDetails {
    skill: TenantSkill,
    assigned_agents: Vec<AssignedAgentSummary>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AssignedAgentSummary {
    agent_id: String,
    agent_name: String,
    enabled: bool,
    assigned_at: Timestamp,
}

impl From<AssignedAgent> for AssignedAgentSummary {
    fn from(agent: AssignedAgent) -> Self {
        Self {
            agent_id: agent.agent_id,
            agent_name: agent.agent_name,
            enabled: agent.is_enabled,
            assigned_at: agent.assigned_at,
        }
    }
}

/// Gets a skill of the pool, by UUID or name.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SkillRef>,
) -> Result<Json<TenantSkillDetails>, ApiError> {
    let (skill, agents) = app.skills.pool_skill(&caller, &id).await?;
    Ok(Json(TenantSkillDetails {
        skill: skill.into(),
        assigned_agents: agents.into_iter().map(Into::into).collect(),
    }))
}
