//! `GET /v1/api-keys`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_store::{ApiKey, Timestamp};

use crate::envelope::List;
use crate::extract::Caller;
use crate::{ApiError, App};

/// A key as the API shows it: never its text.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKeyView {
    id: String,
    label: String,
    prefix: String,
    scopes: Vec<String>,
    rate_limit: Option<i64>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl From<ApiKey> for ApiKeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            label: key.label,
            prefix: key.prefix,
            scopes: key.scopes,
            rate_limit: key.rate_limit,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// All keys, newest first, revoked ones too.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
) -> Result<List<ApiKeyView>, ApiError> {
    let keys = app.api_keys.list(&caller).await?;
    Ok(List::whole(
        keys.into_iter().map(ApiKeyView::from).collect(),
    ))
}
