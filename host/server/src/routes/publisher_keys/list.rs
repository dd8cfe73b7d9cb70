//! `GET /v1/publisher-keys`

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_store::{PublisherKey, Timestamp};

use crate::envelope::List;
use crate::extract::Caller;
use crate::{ApiError, App};

/// A publisher key as the API shows it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublisherKeyView {
    id: String,
    key_id: String,
    /// The 32 bytes in standard base64.
    public_key: String,
    label: String,
    created_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

impl From<PublisherKey> for PublisherKeyView {
    fn from(key: PublisherKey) -> Self {
        Self {
            id: key.id,
            key_id: key.key_id,
            public_key: STANDARD.encode(key.public_key),
            label: key.label,
            created_at: key.created_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// All keys, newest first, revoked ones too.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
) -> Result<List<PublisherKeyView>, ApiError> {
    let keys = app.publisher_keys.list(&caller).await?;
    Ok(List::whole(
        keys.into_iter().map(PublisherKeyView::from).collect(),
    ))
}
