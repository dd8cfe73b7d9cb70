//! `DELETE /v1/permission-grants/{id}`

use axum::extract::State;
use skillgate_service::PermissionGrantId;

use crate::envelope::{Data, Revoked};
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// Revokes a grant, from now on and for good.
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<PermissionGrantId>,
) -> Result<Data<Revoked>, ApiError> {
    app.permission_grants.revoke(&caller, &id).await?;
    Ok(Data {
        data: Revoked::new(id.into()),
    })
}
