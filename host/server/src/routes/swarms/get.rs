//! `GET /v1/swarms/{id}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::{SwarmDetails, SwarmId};
use skillgate_store::{SwarmAgent, Timestamp};

use crate::envelope::Data;
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// A swarm with its agents, newest first.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SwarmDetailsView {
    id: String,
    name: String,
    slug: String,
    description: Option<String>,
    icon: Option<String>,
    agent_count: i64,
    /// The valid API keys of the account.
    member_count: i64,
    agents: Vec<SwarmAgent>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<SwarmDetails> for SwarmDetailsView {
    fn from(details: SwarmDetails) -> Self {
        let swarm = details.overview.swarm;
        Self {
            id: swarm.id,
            name: swarm.name,
            slug: swarm.slug,
            description: swarm.description,
            icon: swarm.icon,
            agent_count: swarm.agent_count,
            member_count: details.overview.members,
            agents: details.agents,
            created_at: swarm.created_at,
            updated_at: swarm.updated_at,
        }
    }
}

/// One swarm with its agents.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SwarmId>,
) -> Result<Data<SwarmDetailsView>, ApiError> {
    let swarm = app.swarms.get(&caller, &id).await?;
    Ok(Data { data: swarm.into() })
}
