//! `GET /v1/agents/{id}`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use skillgate_store::{Agent, AgentStatus, Timestamp};

use crate::answer::Data;
use crate::extract::{Caller, Id};
use crate::service::agents;
use crate::{ApiError, App};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'a> {
    id: &'a str,
    name: &'a str,
    status: AgentStatus,
    region: &'a str,
    image: &'a str,
    avatar_url: Option<&'a str>,
    config: &'a Value,
    workflow_md: &'a str,
    swarm: Option<&'a str>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    stopped_at: Option<Timestamp>,
    last_error: Option<&'a str>,
    error_category: Option<&'a str>,
    needs_restart: bool,
}

impl<'a> From<&'a Agent> for View<'a> {
    fn from(agent: &'a Agent) -> Self {
        Self {
            id: &agent.id,
            name: &agent.name,
            status: agent.status,
            region: &agent.region,
            image: agents::IMAGE,
            avatar_url: agent.avatar_url.as_deref(),
            config: &agent.config,
            workflow_md: &agent.workflow_md,
            swarm: agent.swarm_id.as_deref(),
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
    Id(id): Id<String>,
) -> Result<Response, ApiError> {
    let agent = agents::get(&app, caller.account(), &id).await?;
    Ok(Data {
        data: View::from(&*agent),
    }
    .into_response())
}
