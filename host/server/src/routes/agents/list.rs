//! `GET /v1/agents`

use axum::extract::State;
use serde::Serialize;
use skillgate_store::{Agent, AgentStatus, Timestamp};

use crate::answer::List;
use crate::extract::Caller;
use crate::service::agents;
use crate::{ApiError, App};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct View {
    id: String,
    name: String,
    status: AgentStatus,
    region: String,
    image: String,
    swarm: Option<String>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    stopped_at: Option<Timestamp>,
}

impl From<Agent> for View {
    fn from(agent: Agent) -> Self {
        Self {
            id: agent.id,
            name: agent.name,
            status: agent.status,
            region: agent.region,
            image: agent.image,
            swarm: agent.swarm_id,
            created_at: agent.created_at,
            started_at: agent.started_at,
            stopped_at: agent.stopped_at,
        }
    }
}

/// All agents, newest first.
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<List<View>, ApiError> {
    let agents = agents::list(&app, caller.account()).await?;
    Ok(List::whole(agents.into_iter().map(View::from).collect()))
}
