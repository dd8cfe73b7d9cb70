//! `DELETE /v1/agents/{id}`

use axum::extract::State;

use crate::envelope::{Data, Deleted};
use crate::extract::{Caller, Id};
use crate::service::agents;
use crate::{ApiError, App};

/// Deletes an agent with all its data and secrets, for good.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
) -> Result<Data<Deleted>, ApiError> {
    agents::delete(&app, caller.account(), &id).await?;
    Ok(Data {
        data: Deleted::new(id),
    })
}
