//! Who is calling, and whether they may call again already.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::keys::KnownKey;
use crate::limiter::Standing;
use crate::{ApiError, App};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Finds the caller's key, counts the request against it and says in the headers how the caller stands.
///
/// Requests without a valid key are counted by their address. Whether a key is needed is the route's to say.
/// The two probes are never counted or refused. A limit of 0 is none, and then there is nothing to say.
pub(crate) async fn gate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let probe = matches!(request.uri().path(), "/healthz" | "/readyz");
    let key = match app.keys().find(request.headers()).await {
        Ok(key) => key,
        Err(_) if probe => None,
        Err(error) => return error.into_response(),
    };
    let limit = key
        .as_ref()
        .and_then(|key| key.rate_limit)
        .unwrap_or(app.rate_limit());
    if limit == 0 {
        return answer(request, next, key).await;
    }
    let standing = stand(&app, &mut request, key.as_deref(), limit, probe);
    let mut response = match standing.retry_after {
        Some(seconds) => ApiError::rate_limited(seconds).into_response(),
        None => answer(request, next, key).await,
    };
    describe(standing, response.headers_mut());
    response
}

async fn answer(mut request: Request, next: Next, key: Option<Arc<KnownKey>>) -> Response {
    if let Some(key) = key {
        request.extensions_mut().insert(key);
    }
    next.run(request).await
}

fn stand(
    app: &App,
    request: &mut Request,
    key: Option<&KnownKey>,
    limit: u32,
    probe: bool,
) -> Standing {
    let address;
    let caller = match key {
        Some(key) => key.id.as_str(),
        None => {
            address = address_of(request);
            &address
        }
    };
    let now = app.now().as_micros();
    if probe {
        app.limiter().peek(caller, limit, now)
    } else {
        app.limiter().take(caller, limit, now)
    }
}

fn address_of(request: &Request) -> String {
    let connection = request.extensions().get::<ConnectInfo<SocketAddr>>();
    connection.map_or_else(
        || "unknown".to_owned(),
        |ConnectInfo(address)| address.ip().to_string(),
    )
}

fn describe(standing: Standing, headers: &mut HeaderMap) {
    headers.insert(LIMIT, HeaderValue::from(standing.limit));
    headers.insert(REMAINING, HeaderValue::from(standing.remaining));
    headers.insert(RESET, HeaderValue::from(standing.reset));
    if let Some(seconds) = standing.retry_after {
        headers.insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}
