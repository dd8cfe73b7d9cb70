//! `POST /v1/agents/{id}/restart`

use axum::extract::State;

use super::start::StartedAgent;
use skillgate_service::AgentId;

use crate::envelope::Data;
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// Stops an agent and starts it again.
pub(crate) async fn restart(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Result<Data<StartedAgent>, ApiError> {
    app.agents.stop(&caller, &id).await?;
    let agent = app.agents.start(&caller, &id).await?;
    Ok(Data { data: agent.into() })
}
