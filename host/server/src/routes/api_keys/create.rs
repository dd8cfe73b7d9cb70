//! `POST /v1/api-keys`

use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::list::View;
use crate::answer::Created;
use crate::extract::{Caller, Json};
use crate::service::api_keys::{self, Draft};
use crate::{ApiError, App};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body {
    label: String,
    scopes: Vec<String>,
    rate_limit: Option<u32>,
    expires_at: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Issued {
    /// The key itself, this once.
    key: String,
    #[serde(flatten)]
    view: View,
}

/// Makes a key. Its text is in this answer and nowhere else.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Body>,
) -> Result<Created<Issued>, ApiError> {
    let draft = Draft {
        label: body.label,
        scopes: body.scopes,
        rate_limit: body.rate_limit,
        expires_at: body.expires_at,
    };
    let issued = api_keys::create(&app, caller.account(), draft).await?;
    Ok(Created(Issued {
        key: issued.plaintext.expose().to_owned(),
        view: issued.key.into(),
    }))
}
