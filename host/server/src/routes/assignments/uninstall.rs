//! `DELETE /v1/agents/{id}/skills/{skillId}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::{AgentId, SkillRef};

use crate::envelope::Data;
use crate::extract::{Caller, Ids};
use crate::{ApiError, App};

/// A skill that was taken from an agent.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UninstalledSkill {
    skill_id: String,
    uninstalled: bool,
    needs_restart: bool,
}

/// Takes a skill, by name or UUID, from an agent; the next turn does without it.
pub(crate) async fn uninstall(
    State(app): State<App>,
    caller: Caller,
    Ids(id, skill): Ids<AgentId, SkillRef>,
) -> Result<Data<UninstalledSkill>, ApiError> {
    let gone = app.assignments.uninstall(&caller, &id, &skill).await?;
    Ok(Data {
        data: UninstalledSkill {
            skill_id: gone.skill,
            uninstalled: true,
            needs_restart: gone.needs_restart,
        },
    })
}
