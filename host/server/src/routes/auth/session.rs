//! `/v1/auth/session`

use axum::extract::State;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::{Credential, KnownCaller, ServiceError};
use skillgate_store::Timestamp;

use crate::credential::{session_cookie, set_cookie};
use crate::envelope::{Confidential, Created, Data};
use crate::extract::Caller;
use crate::{ApiError, App};

/// A session of the console. The session itself is in the cookie alone.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsoleSessionView {
    /// Goes into the header `X-CSRF-Token` of calls that write; `null` for a caller without a session.
    csrf_token: Option<String>,
    expires_at: Option<Timestamp>,
    account_id: String,
    scopes: Vec<String>,
}

impl ConsoleSessionView {
    fn new(caller: &KnownCaller) -> Self {
        let csrf_token = match &caller.credential {
            Credential::Session { csrf, .. } => Some(csrf.expose().to_owned()),
            _ => None,
        };
        Self {
            csrf_token,
            expires_at: caller.expires_at,
            account_id: caller.actor.account.to_string(),
            scopes: caller.actor.scopes.names().map(str::to_owned).collect(),
        }
    }
}

/// Confirms that a session was ended.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EndedSession {
    deleted: bool,
}

/// Opens a session for the API key that the request came with.
pub(crate) async fn log_in(
    State(app): State<App>,
    caller: Caller,
) -> Result<Confidential<Created<ConsoleSessionView>>, ApiError> {
    let opened = app.console_sessions.log_in(caller.known()).await?;
    let view = ConsoleSessionView {
        csrf_token: Some(opened.csrf_token.expose().to_owned()),
        expires_at: Some(opened.expires_at),
        ..ConsoleSessionView::new(caller.known())
    };
    Ok(Confidential {
        answer: Created(view),
        cookie: set_cookie(
            opened.cookie.expose(),
            opened.lifetime.as_secs(),
            app.console_sessions.over_https(),
        ),
    })
}

/// Shows who is calling. A page that was loaded anew finds its `csrfToken` here.
pub(crate) async fn get_session(caller: Caller) -> Confidential<Data<ConsoleSessionView>> {
    let data = ConsoleSessionView::new(caller.known());
    Confidential {
        answer: Data { data },
        cookie: None,
    }
}

/// Ends the session of the cookie, here and in the browser.
pub(crate) async fn log_out(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Confidential<Data<EndedSession>>, ApiError> {
    let over_https = app.console_sessions.over_https();
    let cookie =
        session_cookie(&headers, over_https).ok_or_else(|| ServiceError::not_found("session"))?;
    app.console_sessions.log_out(&caller, cookie).await?;
    Ok(Confidential {
        answer: Data {
            data: EndedSession { deleted: true },
        },
        cookie: set_cookie("", 0, over_https),
    })
}
