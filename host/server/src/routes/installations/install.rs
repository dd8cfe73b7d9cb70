//! `POST /v1/agents/{id}/skills`

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Created;
use crate::extract::{Caller, Id, Json};
use crate::service::installations::{self, Wish};
use crate::{ApiError, App};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body {
    skill_id: String,
    trust_level: String,
    version: Option<String>,
    permissions: Option<Value>,
}

/// Installs a skill; it takes effect with the next turn.
pub(crate) async fn install(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
    Json(body): Json<Body>,
) -> Result<Created<Value>, ApiError> {
    let wish = Wish {
        skill: body.skill_id,
        trust_level: body.trust_level,
        version: body.version,
        permissions: body.permissions,
    };
    let installed = installations::install(&app, caller.account(), caller.key(), &id, wish).await?;
    let one = installed.assignment;
    Ok(Created(json!({
        "id": one.id,
        "skillId": one.skill_name,
        "name": one.skill_title,
        "installedVersion": one.version,
        "trustLevel": one.trust_level,
        "isEnabled": one.is_enabled,
        "needsRestart": installed.needs_restart,
        "permissions": installed.permissions,
    })))
}
