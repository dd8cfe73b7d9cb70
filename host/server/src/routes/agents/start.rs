//! `POST /v1/agents/{id}/start`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::AgentId;
use skillgate_store::{Agent, AgentStatus, Timestamp};

use crate::envelope::Data;
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// An agent after its start.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartedAgent {
    id: String,
    status: AgentStatus,
    started_at: Option<Timestamp>,
}

impl From<Agent> for StartedAgent {
    fn from(agent: Agent) -> Self {
        Self {
            id: agent.id,
            status: agent.status,
            started_at: agent.started_at,
        }
    }
}

/// Starts an agent.
pub(crate) async fn start(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Result<Data<StartedAgent>, ApiError> {
    let agent = app.agents.start(&caller, &id).await?;
    Ok(Data { data: agent.into() })
}
