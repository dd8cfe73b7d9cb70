//! `DELETE /v1/agents/{id}/skills/{skillId}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::envelope::Data;
use crate::extract::{Caller, Id};
use crate::service::assignments;
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
    Id((id, skill)): Id<(String, String)>,
) -> Result<Data<UninstalledSkill>, ApiError> {
    let gone = assignments::uninstall(&app, caller.account(), &id, &skill).await?;
    Ok(Data {
        data: UninstalledSkill {
            skill_id: gone.skill,
            uninstalled: true,
            needs_restart: gone.needs_restart,
        },
    })
}
