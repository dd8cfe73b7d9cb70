//! `POST /v1/api-keys`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::list::ApiKeyView;
use skillgate_service::CreateApiKey;

use crate::envelope::{Confidential, Created};
use crate::extract::{Caller, Json};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateApiKeyRequest {
    label: String,
    scopes: Vec<String>,
    rate_limit: Option<u32>,
    expires_at: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct IssuedApiKey {
    /// The key itself, this once.
    key: String,
    #[serde(flatten)]
    view: ApiKeyView,
}

/// Makes a key. Its text is in this answer and nowhere else.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CreateApiKeyRequest>,
) -> Result<Confidential<Created<IssuedApiKey>>, ApiError> {
    let create = CreateApiKey {
        label: body.label,
        scopes: body.scopes,
        rate_limit: body.rate_limit,
        expires_at: body.expires_at,
    };
    let issued = app.api_keys.create(caller.known(), create).await?;
    Ok(Confidential {
        answer: Created(IssuedApiKey {
            key: issued.plaintext.expose().to_owned(),
            view: issued.key.into(),
        }),
        cookie: None,
    })
}
