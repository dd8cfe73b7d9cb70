//! `POST /api/skills/{id}/assign`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use skillgate_service::{AssignSkill, SkillRef};
use skillgate_store::{Assignment, Timestamp};

use crate::envelope::CreatedBare;
use crate::extract::{Caller, Id, Json};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssignSkillRequest {
    agent_id: String,
    /// Configuration of this assignment, at most 4 KiB as JSON.
    config: Option<Map<String, Value>>,
    /// Higher is more likely to be used; 0 by default.
    priority: Option<i32>,
}

/// An assignment that was made.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CreatedAssignment {
    assignment: AssignmentView,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AssignmentView {
    /// `as_…`
    id: String,
    /// The account.
    tenant_id: String,
    /// UUID.
    skill_id: String,
    agent_id: String,
    skill_version: String,
    /// The skill's UUID on the marketplace; null for the account's own.
    listing_ref: Option<String>,
    enabled: bool,
    config: Value,
    priority: i64,
    assigned_at: Timestamp,
    /// The id of the API key that assigned it.
    assigned_by: String,
}

impl From<Assignment> for AssignmentView {
    fn from(one: Assignment) -> Self {
        Self {
            id: one.id,
            listing_ref: (!one.is_own).then(|| one.skill_id.clone()),
            tenant_id: one.account_id,
            skill_id: one.skill_id,
            agent_id: one.agent_id,
            skill_version: one.version,
            enabled: one.is_enabled,
            config: one.config,
            priority: one.priority,
            assigned_at: one.installed_at,
            assigned_by: one.installed_by,
        }
    }
}

/// Assigns a skill, by UUID or name, to an agent. The call is the consent to all that the skill asks for.
pub(crate) async fn assign(
    State(app): State<App>,
    caller: Caller,
    Id(skill): Id<SkillRef>,
    Json(body): Json<AssignSkillRequest>,
) -> Result<CreatedBare<CreatedAssignment>, ApiError> {
    let agent = body.agent_id.parse()?;
    let assign = AssignSkill {
        skill,
        config: body.config.unwrap_or_default(),
        priority: body.priority.unwrap_or_default(),
    };
    let assignment = app.assignments.assign(&caller, &agent, assign).await?;
    Ok(CreatedBare(CreatedAssignment {
        assignment: assignment.into(),
    }))
}
