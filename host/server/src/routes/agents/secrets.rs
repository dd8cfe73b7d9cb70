//! `PATCH /v1/agents/{id}/secrets`

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::Data;
use crate::extract::{Caller, Id, Json};
use crate::service::agents;
use crate::{ApiError, App};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body {
    secrets: Option<Map<String, Value>>,
    delete_secrets: Option<Vec<String>>,
}

/// Sets and deletes secrets. They hold from the next turn on.
pub(crate) async fn secrets(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
    Json(body): Json<Body>,
) -> Result<Data<Value>, ApiError> {
    let (set, delete) = (
        body.secrets.unwrap_or_default(),
        body.delete_secrets.unwrap_or_default(),
    );
    let needs_restart = agents::set_secrets(&app, caller.account(), &id, &set, &delete).await?;
    Ok(Data {
        data: json!({ "updated": true, "needsRestart": needs_restart }),
    })
}
