//! `DELETE /v1/publisher-keys/{id}`

use axum::extract::State;
use skillgate_service::PublisherKeyRef;

use crate::envelope::{Data, Revoked};
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// Revokes a publisher key, by its id or key id, from now on and for good.
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<PublisherKeyRef>,
) -> Result<Data<Revoked>, ApiError> {
    app.publisher_keys.revoke(&caller, &id).await?;
    Ok(Data {
        data: Revoked::new(id.into()),
    })
}
