//! `PATCH /v1/swarms/{id}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use skillgate_service::{SwarmId, UpdateSwarm};

use super::view::SwarmOverviewView;
use crate::envelope::Data;
use crate::extract::{Caller, Id, Json, clearable};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct UpdateSwarmRequest {
    /// 1 to 100 characters. The slug stays as it is.
    name: Option<String>,
    /// `null` clears it.
    #[serde(default, deserialize_with = "clearable")]
    description: Option<Option<String>>,
    /// `null` clears it.
    #[serde(default, deserialize_with = "clearable")]
    icon: Option<Option<String>>,
}

/// Changes a swarm.
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SwarmId>,
    Json(body): Json<UpdateSwarmRequest>,
) -> Result<Data<SwarmOverviewView>, ApiError> {
    let update = UpdateSwarm {
        name: body.name,
        description: body.description,
        icon: body.icon,
    };
    let swarm = app.swarms.update(&caller, &id, update).await?;
    Ok(Data { data: swarm.into() })
}
