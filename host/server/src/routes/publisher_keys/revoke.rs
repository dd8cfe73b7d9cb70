//! `DELETE /v1/publisher-keys/{id}`

use axum::extract::State;

use crate::envelope::{Data, Revoked};
use crate::extract::{Caller, Id};
use crate::service::publisher_keys;
use crate::{ApiError, App};

/// Revokes a publisher key, by its id or key id, from now on and for good.
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
) -> Result<Data<Revoked>, ApiError> {
    publisher_keys::revoke(&app, caller.account(), &id).await?;
    Ok(Data {
        data: Revoked::new(id),
    })
}
