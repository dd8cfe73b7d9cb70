//! `Idempotency-Key`: a request that creates something and is sent again is answered as the first time, and done once.
//!
//! It follows <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>. Only successes are kept: what was
//! refused made nothing, and may fit the next time.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use skillgate_service::config::MAX_IDEMPOTENT_ANSWER_BYTES;
use skillgate_service::{Attempt, FirstAttempt};
use tokio::sync::oneshot;

use crate::extract::{Caller, read_body};
use crate::{ApiError, App};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is that of an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// One operation, whose requests are done once.
#[derive(Clone)]
pub(super) struct Replay {
    /// The services.
    pub(super) app: App,
    /// Method and path pattern.
    pub(super) operation: Arc<str>,
}

/// Answers a request that carries a key, from what is kept or by its handler; passes on the others.
pub(super) async fn answer_once(
    State(replay): State<Replay>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let Some(key) = request.headers().get(IDEMPOTENCY_KEY).cloned() else {
        return Ok(next.run(request).await);
    };
    let (parts, body) = request.into_parts();
    let body = read_body(Request::from_parts(parts.clone(), body), &replay.app).await?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let attempt = replay
        .app
        .idempotency
        .begin(&caller, &replay.operation, key.as_bytes(), path, &body)
        .await?;
    match attempt {
        Attempt::Again { status, body } => Ok(replayed(status, body)),
        Attempt::First(first) => {
            let request = Request::from_parts(parts, Body::from(body));
            first_answer(replay.app, first, request, next).await
        }
    }
}

fn replayed(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (REPLAYED, HeaderValue::from_static("true")),
    ];
    (status, headers, body).into_response()
}

/// Does the request apart from its connection: its answer is kept for the next caller, also when the first one
/// has disconnected.
async fn first_answer(
    app: App,
    first: FirstAttempt,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (send, receive) = oneshot::channel();
    app.background().clone().spawn(async move {
        let handled = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let response =
            handled.unwrap_or_else(|_| ApiError::internal("a handler panicked").into_response());
        let response = keep(&app, &first, response).await;
        // The caller may have disconnected.
        let _ = send.send(response);
    });
    let answered = receive.await;
    answered.map_err(|_| ApiError::internal("a request's task ended without an answer"))
}

/// Keeps a success for those who ask again; forgets the key of everything else.
async fn keep(app: &App, first: &FirstAttempt, response: Response) -> Response {
    if !response.status().is_success() {
        if let Err(error) = app.idempotency.release(first).await {
            tracing::warn!(error = error.chain(), "an idempotency key was not released");
        }
        return response;
    }
    let status = response.status().as_u16();
    let (response, body) = whole_body(response).await;
    if let Err(error) = app.idempotency.keep(first, status, body.as_deref()).await {
        tracing::warn!(
            error = error.chain(),
            "the answer under an idempotency key was not kept"
        );
    }
    response
}

/// The answer with a copy of its body, when it is not too large to keep.
async fn whole_body(response: Response) -> (Response, Option<axum::body::Bytes>) {
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
