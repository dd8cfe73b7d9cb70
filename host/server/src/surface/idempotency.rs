//! `Idempotency-Key`: a request that creates something and is sent again is answered as the first time, and done once.
//!
//! It follows <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>. Successes are kept. What
//! was refused made nothing, and may fit the next time; of what failed it is kept that nobody knows.

use std::panic::AssertUnwindSafe;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use skillgate_service::config::MAX_IDEMPOTENT_ANSWER_BYTES;
use skillgate_service::{Attempt, FirstAttempt};
use tokio::sync::oneshot;

use crate::extract::{Caller, JSON_LIMIT, read_body};
use crate::{ApiError, App};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is that of an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Answers a request that carries a key, from what is kept or by its handler; passes on the others.
///
/// All of it but reading the body is done apart from the request's connection: whoever has disconnected leaves no claim behind
/// without an answer, and finds the answer when it comes again.
pub(super) async fn answer_once(
    State(app): State<App>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let Some(key) = key_of(&request)? else {
        return Ok(next.run(request).await);
    };
    let (parts, body) = request.into_parts();
    let body = read_body(Request::from_parts(parts.clone(), body), &app, JSON_LIMIT).await?;
    let (send, receive) = oneshot::channel();
    app.background().clone().spawn(async move {
        let request = Request::from_parts(parts, Body::from(body.clone()));
        let response = answered(&app, &caller, &key, body, request, next).await;
        // The caller may have disconnected.
        let _ = send.send(response);
    });
    let answered = receive.await;
    answered.unwrap_or_else(|_| {
        Err(ApiError::internal(
            "a request's task ended without an answer",
        ))
    })
}

/// The one key of a request. Of several none would say which the request is known by.
fn key_of(request: &Request) -> Result<Option<HeaderValue>, ApiError> {
    let mut keys = request.headers().get_all(IDEMPOTENCY_KEY).iter();
    let key = keys.next().cloned();
    match keys.next() {
        None => Ok(key),
        Some(_) => Err(ApiError::validation(
            "Idempotency-Key: is there more than once. Send one.",
        )),
    }
}

async fn answered(
    app: &App,
    caller: &Caller,
    key: &HeaderValue,
    body: Bytes,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let path = request.uri().path_and_query();
    let path = path.map_or("", |path| path.as_str());
    let attempt = app
        .idempotency
        .begin(caller, key.as_bytes(), path, &body)
        .await?;
    let first = match attempt {
        Attempt::Again { status, body } => return Ok(replayed(status, body)),
        Attempt::First(first) => first,
    };
    let handled = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let response =
        handled.unwrap_or_else(|_| ApiError::internal("a handler panicked").into_response());
    Ok(keep(app, &first, response).await)
}

fn replayed(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (REPLAYED, HeaderValue::from_static("true")),
    ];
    (status, headers, body).into_response()
}

/// Keeps a success for those who ask again, and forgets the key of what was refused. What failed may have made something.
async fn keep(app: &App, first: &FirstAttempt, response: Response) -> Response {
    let status = response.status();
    let (response, kept) = if status.is_success() {
        let (response, body) = whole_body(response).await;
        let kept = app
            .idempotency
            .keep(first, status.as_u16(), body.as_deref());
        (response, kept.await)
    } else if status.is_client_error() {
        (response, app.idempotency.release(first).await)
    } else {
        (response, app.idempotency.keep_unknown(first).await)
    };
    if let Err(error) = kept {
        let error = error.chain();
        tracing::warn!(
            error,
            "what became of a request with an idempotency key was not written down"
        );
    }
    response
}

/// The answer with a copy of its body, when it is not too large to keep.
async fn whole_body(response: Response) -> (Response, Option<Bytes>) {
    let upper = response.body().size_hint().upper();
    if upper.is_none_or(|bytes| bytes > MAX_IDEMPOTENT_ANSWER_BYTES as u64) {
        return (response, None);
    }
    let (parts, body) = response.into_parts();
    match to_bytes(body, MAX_IDEMPOTENT_ANSWER_BYTES).await {
        Ok(bytes) => (
            Response::from_parts(parts, Body::from(bytes.clone())),
            Some(bytes),
        ),
        Err(error) => (ApiError::internal(error).into_response(), None),
    }
}
