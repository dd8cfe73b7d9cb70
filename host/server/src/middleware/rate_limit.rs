//! How often a caller may call, and what the headers say of it.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue};
use skillgate_service::KnownCaller;

use crate::limiter::Standing;
use crate::{ApiError, App};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// How a caller stands, known by its key or else its network; the request is counted unless it is a probe.
pub(super) fn stand(
    app: &App,
    network: &str,
    caller: Option<&KnownCaller>,
    limit: u32,
    probe: bool,
) -> Standing {
    let limiter = app.limiter();
    let (windows, subject) = match caller {
        Some(caller) => (&limiter.keys, caller.actor.key.as_str()),
        None => (&limiter.networks, network),
    };
    let clock = || app.now().as_micros();
    if probe {
        windows.peek(subject, limit, clock)
    } else {
        windows.take(subject, limit, clock)
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
