//! `GET /v1/agents/{id}/skills`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::AgentId;
use skillgate_store::{Assignment, Timestamp, TrustLevel};

use crate::envelope::List;
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentSkillView {
    id: String,
    skill_id: String,
    name: String,
    installed_version: String,
    trust_level: TrustLevel,
    is_enabled: bool,
    installed_at: Timestamp,
}

impl From<Assignment> for AgentSkillView {
    fn from(one: Assignment) -> Self {
        Self {
            id: one.id,
            skill_id: one.skill_name,
            name: one.skill_title,
            installed_version: one.version,
            trust_level: one.trust_level,
            is_enabled: one.is_enabled,
            installed_at: one.installed_at,
        }
    }
}

/// The skills on an agent.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Result<List<AgentSkillView>, ApiError> {
    let skills = app.assignments.list(&caller, &id).await?;
    Ok(List::whole(
        skills.into_iter().map(AgentSkillView::from).collect(),
    ))
}
