//! `PATCH /v1/swarms/{id}/secrets`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use skillgate_service::SwarmId;

use crate::envelope::Data;
use crate::extract::{Caller, Id, Json};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateSwarmSecretsRequest {
    /// `anthropicApiKey`, `openaiApiKey`, `googleApiKey`.
    secrets: Option<Map<String, Value>>,
    delete_secrets: Option<Vec<String>>,
}

/// The result of a change of credentials.
#[derive(Serialize, JsonSchema)]
pub(crate) struct UpdatedSwarmSecrets {
    updated: bool,
}

/// Sets and deletes the credentials that a swarm's agents fall back to. They hold from the next run on.
pub(crate) async fn secrets(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SwarmId>,
    Json(body): Json<UpdateSwarmSecretsRequest>,
) -> Result<Data<UpdatedSwarmSecrets>, ApiError> {
    let (set, delete) = (
        body.secrets.unwrap_or_default(),
        body.delete_secrets.unwrap_or_default(),
    );
    app.swarms.set_secrets(&caller, &id, &set, &delete).await?;
    Ok(Data {
        data: UpdatedSwarmSecrets { updated: true },
    })
}
