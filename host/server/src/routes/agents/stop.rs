//! `POST /v1/agents/{id}/stop`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::AgentId;
use skillgate_store::{AgentStatus, Timestamp};

use crate::envelope::Data;
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// An agent after it was stopped.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoppedAgent {
    id: String,
    status: AgentStatus,
    stopped_at: Option<Timestamp>,
}

/// Stops an agent.
pub(crate) async fn stop(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Result<Data<StoppedAgent>, ApiError> {
    let agent = app.agents.stop(&caller, &id).await?;
    Ok(Data {
        data: StoppedAgent {
            id: agent.id,
            status: agent.status,
            stopped_at: agent.stopped_at,
        },
    })
}
