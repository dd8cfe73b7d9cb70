//! `DELETE /v1/swarms/{id}`

use axum::extract::State;
use skillgate_service::SwarmId;

use crate::envelope::{Data, Deleted};
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// Deletes a swarm with its credentials; its agents stay, without a swarm.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SwarmId>,
) -> Result<Data<Deleted>, ApiError> {
    app.swarms.delete(&caller, &id).await?;
    Ok(Data {
        data: Deleted::new(id.into()),
    })
}
