//! `POST /v1/agents/{id}/restart`

use axum::extract::State;

use super::start::StartedAgent;
use crate::envelope::Data;
use crate::extract::{Caller, Id};
use crate::service::agents;
use crate::{ApiError, App};

/// Stops an agent and starts it again.
pub(crate) async fn restart(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
) -> Result<Data<StartedAgent>, ApiError> {
    agents::stop(&app, caller.account(), &id).await?;
    let agent = agents::start(&app, caller.account(), &id).await?;
    Ok(Data { data: agent.into() })
}
