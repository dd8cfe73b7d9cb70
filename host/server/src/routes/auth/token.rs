//! `POST /v1/auth/token`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_service::IssueToken;
use skillgate_store::Timestamp;

use crate::envelope::{Confidential, Created};
use crate::extract::{Caller, OptionalJson};
use crate::{ApiError, App};

#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct IssueTokenRequest {
    /// All scopes of the caller when absent.
    scopes: Option<Vec<String>>,
    /// Seconds, 1 to 3600; 900 when absent.
    ttl: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssuedTokenView {
    /// A JWT, for `Authorization: Bearer`.
    token: String,
    token_type: &'static str,
    expires_at: Timestamp,
    scopes: Vec<String>,
}

/// Issues an access token. It is in this answer and nowhere else.
pub(crate) async fn issue_token(
    State(app): State<App>,
    caller: Caller,
    OptionalJson(body): OptionalJson<IssueTokenRequest>,
) -> Result<Confidential<Created<IssuedTokenView>>, ApiError> {
    let issue = IssueToken {
        scopes: body.scopes,
        ttl: body.ttl,
    };
    let issued = app.tokens.issue(caller.known(), issue)?;
    Ok(Confidential {
        answer: Created(IssuedTokenView {
            token: issued.token.expose().to_owned(),
            token_type: "Bearer",
            expires_at: issued.expires_at,
            scopes: issued.scopes,
        }),
        cookie: None,
    })
}
