//! `DELETE /v1/api-keys/{id}`

use axum::extract::State;

use crate::envelope::{Data, Revoked};
use crate::extract::{Caller, Id};
use crate::service::api_keys;
use crate::{ApiError, App};

/// Revokes a key at once and for good.
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
) -> Result<Data<Revoked>, ApiError> {
    api_keys::revoke(&app, caller.account(), &id).await?;
    Ok(Data {
        data: Revoked::new(id),
    })
}
