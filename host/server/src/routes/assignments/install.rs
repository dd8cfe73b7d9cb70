//! `POST /v1/agents/{id}/skills`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use skillgate_service::{AgentId, InstallSkill, OtherVersion};
use skillgate_skill::Permissions;
use skillgate_store::{AssignmentSettings, TrustLevel};

use crate::envelope::Created;
use crate::extract::{Caller, Id, Json};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InstallSkillRequest {
    skill_id: String,
    trust_level: String,
    version: Option<String>,
    permissions: Option<Value>,
}

/// A skill that was put on an agent.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InstalledSkill {
    id: String,
    skill_id: String,
    name: String,
    installed_version: String,
    trust_level: TrustLevel,
    is_enabled: bool,
    needs_restart: bool,
    /// The permissions that it holds from now on.
    #[schemars(with = "Value")]
    permissions: Permissions,
}

/// Installs a skill; it takes effect with the next turn.
pub(crate) async fn install(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
    Json(body): Json<InstallSkillRequest>,
) -> Result<Created<InstalledSkill>, ApiError> {
    let install_skill = InstallSkill {
        skill: body.skill_id.parse()?,
        trust_level: body.trust_level,
        version: body.version,
        permissions: body.permissions,
        settings: AssignmentSettings::default(),
        other_version: OtherVersion::Replace,
    };
    let installed = app.assignments.install(&caller, &id, install_skill).await?;
    let one = installed.assignment;
    Ok(Created(InstalledSkill {
        id: one.id,
        skill_id: one.skill_name,
        name: one.skill_title,
        installed_version: one.version,
        trust_level: one.trust_level,
        is_enabled: one.is_enabled,
        needs_restart: installed.needs_restart,
        permissions: installed.permissions,
    }))
}
