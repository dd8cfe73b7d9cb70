//! `POST /v1/swarms`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use skillgate_service::CreateSwarm;

use super::view::SwarmOverviewView;
use crate::envelope::Created;
use crate::extract::{Caller, Json};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct CreateSwarmRequest {
    /// 1 to 100 characters.
    name: String,
    description: Option<String>,
    /// An emoji, or the name of an icon.
    icon: Option<String>,
}

/// Makes a swarm.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateSwarmRequest>,
) -> Result<Created<SwarmOverviewView>, ApiError> {
    let create = CreateSwarm {
        name: body.name,
        description: body.description,
        icon: body.icon,
    };
    let swarm = app.swarms.create(&caller, create).await?;
    Ok(Created(swarm.into()))
}
