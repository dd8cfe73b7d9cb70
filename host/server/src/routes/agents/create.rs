//! `POST /v1/agents`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use skillgate_service::CreateAgent;
use skillgate_store::Timestamp;

use crate::envelope::Created;
use crate::extract::{Caller, Json};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateAgentRequest {
    name: String,
    region: Option<String>,
    secrets: Option<Map<String, Value>>,
    config: Option<Map<String, Value>>,
    soul_md: Option<String>,
    workflow_md: Option<String>,
    swarm_id: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedAgent {
    id: String,
    name: String,
    status: String,
    region: String,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
}

/// Makes an agent and starts it.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateAgentRequest>,
) -> Result<Created<CreatedAgent>, ApiError> {
    let create = CreateAgent {
        name: body.name,
        region: body.region,
        secrets: body.secrets.unwrap_or_default(),
        config: body.config.unwrap_or_default(),
        soul_md: body.soul_md,
        workflow_md: body.workflow_md,
        swarm_id: body.swarm_id,
    };
    let agent = app.agents.create(&caller, create).await?;
    Ok(Created(CreatedAgent {
        id: agent.id,
        name: agent.name,
        status: agent.status.to_string(),
        region: agent.region,
        created_at: agent.created_at,
        started_at: agent.started_at,
    }))
}
