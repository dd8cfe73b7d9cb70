//! `GET /v1/agents/{id}`

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use serde_json::Value;
use skillgate_service::AgentId;
use skillgate_service::agents::IMAGE;
use skillgate_store::{Agent, AgentStatus, SwarmRef, Timestamp};

use crate::envelope::Data;
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// An agent in full. It is shared with those who read it at the same time: nothing of it is copied.
pub(crate) struct AgentView(Arc<Agent>);

impl Serialize for AgentView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        AgentFields::from(&*self.0).serialize(serializer)
    }
}

impl JsonSchema for AgentView {
    fn schema_name() -> Cow<'static, str> {
        "AgentView".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        AgentFields::json_schema(generator)
    }
}

/// An agent in full.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AgentFields<'a> {
    id: &'a str,
    name: &'a str,
    status: AgentStatus,
    region: &'a str,
    image: &'a str,
    avatar_url: Option<&'a str>,
    config: &'a Value,
    workflow_md: &'a str,
    swarm: Option<SwarmRef<'a>>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    stopped_at: Option<Timestamp>,
    last_error: Option<&'a str>,
    error_category: Option<&'a str>,
    needs_restart: bool,
}

impl<'a> From<&'a Agent> for AgentFields<'a> {
    fn from(agent: &'a Agent) -> Self {
        Self {
            id: &agent.id,
            name: &agent.name,
            status: agent.status,
            region: &agent.region,
            image: IMAGE,
            avatar_url: agent.avatar_url.as_deref(),
            config: &agent.config,
            workflow_md: &agent.workflow_md,
            swarm: agent.swarm(),
            created_at: agent.created_at,
            started_at: agent.started_at,
            stopped_at: agent.stopped_at,
            last_error: agent.last_error.as_deref(),
            error_category: agent.error_category.as_deref(),
            needs_restart: agent.needs_restart,
        }
    }
}

/// One agent in full.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Result<Data<AgentView>, ApiError> {
    let agent = app.agents.get(&caller, &id).await?;
    Ok(Data {
        data: AgentView(agent),
    })
}
