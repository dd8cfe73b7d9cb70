//! `POST /v1/publisher-keys/challenge`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_store::Timestamp;

use crate::envelope::Created;
use crate::extract::Caller;
use crate::{ApiError, App};

/// What the proof has to be made for.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublisherKeyChallenge {
    nonce: String,
    audience: String,
    expires_at: Timestamp,
}

/// Gives out a nonce, good for one registration within five minutes.
pub(crate) async fn challenge(
    State(app): State<App>,
    caller: Caller,
) -> Result<Created<PublisherKeyChallenge>, ApiError> {
    let challenge = app.publisher_keys.challenge(&caller).await?;
    Ok(Created(PublisherKeyChallenge {
        nonce: challenge.nonce,
        audience: challenge.audience,
        expires_at: challenge.expires_at,
    }))
}
