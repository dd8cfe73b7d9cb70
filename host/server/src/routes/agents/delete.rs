//! `DELETE /v1/agents/{id}`

use axum::extract::State;
use skillgate_service::AgentId;

use crate::envelope::{Data, Deleted};
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// Deletes an agent with all its data and secrets, for good.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Result<Data<Deleted>, ApiError> {
    app.agents.delete(&caller, &id).await?;
    Ok(Data {
        data: Deleted::new(id.into()),
    })
}
