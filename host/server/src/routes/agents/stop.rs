//! `POST /v1/agents/{id}/stop`

use axum::extract::State;
use serde_json::{Value, json};

use crate::answer::Data;
use crate::extract::{Caller, Id};
use crate::service::agents;
use crate::{ApiError, App};

/// Stops an agent.
pub(crate) async fn stop(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
) -> Result<Data<Value>, ApiError> {
    let agent = agents::stop(&app, caller.account(), &id).await?;
    Ok(Data {
        data: json!({ "id": agent.id, "status": agent.status, "stoppedAt": agent.stopped_at }),
    })
}
