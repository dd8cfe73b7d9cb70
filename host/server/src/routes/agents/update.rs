//! `PATCH /v1/agents/{id}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use skillgate_service::{AgentId, UpdateAgent};
use skillgate_store::{Agent, AgentStatus};

use crate::envelope::Data;
use crate::extract::{Caller, Id, Json, clearable};
use crate::{ApiError, App};

/// What to change. A field that is absent stays as it is.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateAgentRequest {
    name: Option<String>,
    /// The address of a picture; `null` removes it.
    #[serde(default, deserialize_with = "clearable")]
    avatar_url: Option<Option<String>>,
    /// Merged into the agent's `config`, one level deep; a key with `null` is deleted.
    config: Option<Map<String, Value>>,
    /// The swarm that the agent joins; `null` takes it out of its swarm.
    #[serde(default, deserialize_with = "clearable")]
    swarm_id: Option<Option<String>>,
}

/// An agent after a change.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdatedAgent {
    id: String,
    name: String,
    status: AgentStatus,
    needs_restart: bool,
}

impl From<Agent> for UpdatedAgent {
    fn from(agent: Agent) -> Self {
        Self {
            id: agent.id,
            name: agent.name,
            status: agent.status,
            needs_restart: agent.needs_restart,
        }
    }
}

/// Changes an agent.
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
    Json(body): Json<UpdateAgentRequest>,
) -> Result<Data<UpdatedAgent>, ApiError> {
    let update = UpdateAgent {
        name: body.name,
        avatar_url: body.avatar_url,
        config: body.config,
        swarm_id: body.swarm_id,
    };
    let agent = app.agents.update(&caller, &id, update).await?;
    Ok(Data { data: agent.into() })
}
