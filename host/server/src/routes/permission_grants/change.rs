//! `PATCH /v1/permission-grants/{id}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use skillgate_service::{ChangePermissionGrant, PermissionGrantId};

use super::list::PermissionGrantView;
use crate::envelope::Data;
use crate::extract::{Caller, Id, Json};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangePermissionGrantRequest {
    /// No more than is granted until now.
    permissions: Option<Value>,
    /// In the future; `null` is for good.
    #[serde(default, deserialize_with = "even_null")]
    #[schemars(with = "Option<String>")]
    expires_at: Option<Option<String>>,
    /// `allow`, or `ask`: each call of a tool that is not read-only waits for a task.
    mode: Option<String>,
}

/// Tells `null`, which clears a field, from a field that is absent.
fn even_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Narrows a grant, sets until when it holds, or whether its calls wait for a person.
pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<PermissionGrantId>,
    Json(body): Json<ChangePermissionGrantRequest>,
) -> Result<Data<PermissionGrantView>, ApiError> {
    let change = ChangePermissionGrant {
        permissions: body.permissions,
        expires_at: body.expires_at,
        mode: body.mode,
    };
    let grant = app.permission_grants.change(&caller, &id, change).await?;
    Ok(Data { data: grant.into() })
}
