//! `DELETE /v1/agents/{id}/skills/{skillId}`

use axum::extract::State;
use serde_json::{Value, json};

use crate::answer::Data;
use crate::extract::{Caller, Id};
use crate::service::installations;
use crate::{ApiError, App};

/// Takes a skill, by name or UUID, from an agent; the next turn does without it.
pub(crate) async fn uninstall(
    State(app): State<App>,
    caller: Caller,
    Id((id, skill)): Id<(String, String)>,
) -> Result<Data<Value>, ApiError> {
    let gone = installations::uninstall(&app, caller.account(), &id, &skill).await?;
    Ok(Data {
        data: json!({ "skillId": gone.skill, "uninstalled": true, "needsRestart": gone.needs_restart }),
    })
}
