//! `POST /v1/publisher-keys`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use skillgate_skill::KeyProof;

use super::list::PublisherKeyView;
use crate::envelope::Created;
use crate::extract::{Caller, Json};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegisterPublisherKeyRequest {
    public_key: String,
    signature: String,
    nonce: String,
    issued_at: String,
    label: Option<String>,
}

/// Registers a publisher's public key, by a signed proof of possession.
pub(crate) async fn add(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<RegisterPublisherKeyRequest>,
) -> Result<Created<PublisherKeyView>, ApiError> {
    let proof = KeyProof {
        public_key: body.public_key,
        signature: body.signature,
        nonce: body.nonce,
        issued_at: body.issued_at,
    };
    let label = body.label.unwrap_or_else(|| "publisher key".to_owned());
    let key = app.publisher_keys.add(&caller, &proof, &label).await?;
    Ok(Created(key.into()))
}
