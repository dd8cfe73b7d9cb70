//! `PATCH /v1/agents/{id}/secrets`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use skillgate_service::AgentId;

use crate::envelope::Data;
use crate::extract::{Caller, Id, Json};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateSecretsRequest {
    secrets: Option<Map<String, Value>>,
    delete_secrets: Option<Vec<String>>,
}

/// The result of a change of secrets.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdatedSecrets {
    updated: bool,
    needs_restart: bool,
}

/// Sets and deletes secrets. They hold from the next turn on.
pub(crate) async fn secrets(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
    Json(body): Json<UpdateSecretsRequest>,
) -> Result<Data<UpdatedSecrets>, ApiError> {
    let (set, delete) = (
        body.secrets.unwrap_or_default(),
        body.delete_secrets.unwrap_or_default(),
    );
    let needs_restart = app.agents.set_secrets(&caller, &id, &set, &delete).await?;
    Ok(Data {
        data: UpdatedSecrets {
            updated: true,
            needs_restart,
        },
    })
}
