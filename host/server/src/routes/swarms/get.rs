//! `GET /v1/swarms/{id}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::{SwarmDetails, SwarmId};
use skillgate_store::SwarmAgent;

use super::view::SwarmOverviewView;
use crate::envelope::Data;
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// A swarm with its agents, newest first.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SwarmDetailsView {
    #[serde(flatten)]
    overview: SwarmOverviewView,
    agents: Vec<SwarmAgent>,
}

impl From<SwarmDetails> for SwarmDetailsView {
    fn from(SwarmDetails { overview, agents }: SwarmDetails) -> Self {
        Self {
            overview: overview.into(),
            agents,
        }
    }
}

/// Gets one swarm with its agents.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SwarmId>,
) -> Result<Data<SwarmDetailsView>, ApiError> {
    let swarm = app.swarms.get(&caller, &id).await?;
    Ok(Data { data: swarm.into() })
}
