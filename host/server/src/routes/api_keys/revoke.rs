//! `DELETE /v1/api-keys/{id}`

use axum::extract::State;
use skillgate_service::ApiKeyId;

use crate::envelope::{Data, Revoked};
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// Revokes a key at once and for good.
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ApiKeyId>,
) -> Result<Data<Revoked>, ApiError> {
    app.api_keys.revoke(&caller, &id).await?;
    Ok(Data {
        data: Revoked::new(id.into()),
    })
}
