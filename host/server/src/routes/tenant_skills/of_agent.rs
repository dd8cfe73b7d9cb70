//! `GET /api/skills/agent/{agentId}`

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use skillgate_service::AgentId;
use skillgate_store::{AssignedSkill, Timestamp};

use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// The skills on an agent.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AssignedSkillList {
    skills: Vec<AssignedSkillView>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AssignedSkillView {
    /// `as_…`
    assignment_id: String,
    /// UUID.
    skill_id: String,
    name: String,
    slug: String,
    description: String,
    category: Option<String>,
    /// The skill's UUID on the marketplace; null for the account's own.
    listing_ref: Option<String>,
    enabled: bool,
    config: Value,
    /// Higher is more likely to be used.
    priority: i64,
    assigned_at: Timestamp,
}

impl From<AssignedSkill> for AssignedSkillView {
    fn from(skill: AssignedSkill) -> Self {
        Self {
            assignment_id: skill.assignment_id,
            listing_ref: (!skill.is_own).then(|| skill.skill_id.clone()),
            skill_id: skill.skill_id,
            slug: skill.name.clone(),
            name: skill.name,
            description: skill.description,
            category: skill.category,
            enabled: skill.is_enabled,
            config: skill.config,
            priority: skill.priority,
            assigned_at: skill.assigned_at,
        }
    }
}

/// Lists the skills on an agent, in the order in which they came.
pub(crate) async fn of_agent(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Result<Json<AssignedSkillList>, ApiError> {
    let skills = app.assignments.assigned_skills(&caller, &id).await?;
    let skills = skills.into_iter().map(Into::into).collect();
    Ok(Json(AssignedSkillList { skills }))
}
