//! How often a caller may call, and what the headers say of it.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue};
use skillgate_service::KnownKey;

use crate::limiter::Standing;
use crate::{ApiError, App};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// How a caller stands, known by its key or else its address; the request is counted unless it is a probe.
pub(super) fn stand(
    app: &App,
    address: &str,
    key: Option<&KnownKey>,
    limit: u32,
    probe: bool,
) -> Standing {
    let caller = key.map_or(address, |key| key.actor.key.as_str());
    let now = app.now().as_micros();
    if probe {
        app.limiter().peek(caller, limit, now)
    } else {
        app.limiter().take(caller, limit, now)
    }
}

/// 429, saying when to try again.
pub(super) fn refuse(standing: Standing) -> Response {
    let seconds = standing.retry_after.unwrap_or_default();
    let mut response = ApiError::rate_limited(seconds).into_response();
    describe(standing, response.headers_mut());
    response
}

/// Says in the headers how the caller stands.
pub(super) fn describe(standing: Standing, headers: &mut HeaderMap) {
    headers.insert(LIMIT, HeaderValue::from(standing.limit));
    headers.insert(REMAINING, HeaderValue::from(standing.remaining));
    headers.insert(RESET, HeaderValue::from(standing.reset));
    if let Some(seconds) = standing.retry_after {
        headers.insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}
