//! `POST /v1/agents/{id}/start`

use axum::extract::State;
use serde_json::{Value, json};

use crate::answer::Data;
use crate::extract::{Caller, Id};
use crate::service::agents;
use crate::{ApiError, App};

/// Starts an agent.
pub(crate) async fn start(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
) -> Result<Data<Value>, ApiError> {
    let agent = agents::start(&app, caller.account(), &id).await?;
    Ok(Data {
        data: json!({ "id": agent.id, "status": agent.status, "startedAt": agent.started_at }),
    })
}
