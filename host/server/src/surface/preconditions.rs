//! Conditional requests (RFC 9110, section 13): `ETag` and `If-None-Match` on reads, `If-Match` on writes.
//!
//! A tag is the digest of the answer's body. A write with `If-Match` reads the thing as `GET` of the same path shows it, compares
//! and writes while no other such write to the thing is under way in this process. A change by another process, or by a call
//! without `If-Match`, between the comparison and the write is not noticed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::MethodRouter;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt;

use crate::ApiError;
use crate::extract::Caller;

/// With so many entries, those without a write under way are dropped.
const MANY_THINGS: usize = 1_024;

/// Puts a tag on a success, and answers 304 without a body to those who have it already.
pub(super) async fn tag(request: Request, next: Next) -> Response {
    let seen = conditions(request.headers(), &IF_NONE_MATCH);
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let (mut response, tag) = tagged(response).await;
    let Some(tag) = tag else {
        return response;
    };
    let is_known = seen
        .iter()
        .any(|one| one == "*" || one.trim_start_matches("W/") == tag);
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(http::header::CONTENT_LENGTH);
    }
    response
}

/// A write, with the read that shows what it would change.
#[derive(Clone)]
pub(super) struct Precondition {
    /// The `GET` of the same path.
    pub(super) reader: MethodRouter,
    /// Writes that are under way.
    pub(super) turns: Arc<WriteTurns>,
}

/// Lets a write through whose `If-Match` names the thing as it is, or that has none; 412 otherwise.
pub(super) async fn require_match(
    State(precondition): State<Precondition>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let expected = conditions(request.headers(), &IF_MATCH);
    if expected.is_empty() {
        return Ok(next.run(request).await);
    }
    let thing = format!("{} {}", caller.account, request.uri().path());
    let _turn = precondition.turns.take(&thing).await;
    let Ok(current) = precondition.reader.oneshot(read_of(&request)).await;
    // What is not there fits no condition: a write that would make it is refused, too.
    if current.status() != StatusCode::OK {
        return Ok(current);
    }
    let (_, tag) = tagged(current).await;
    let tag = tag.ok_or_else(|| ApiError::internal("an answer without a tag"))?;
    if expected.iter().any(|one| one == "*" || *one == tag) {
        Ok(next.run(request).await)
    } else {
        Err(ApiError::precondition_failed())
    }
}

/// Makes the read, by the same caller, of what a write is about.
fn read_of(write: &Request) -> Request {
    let mut read = Request::new(Body::empty());
    *read.method_mut() = Method::GET;
    *read.uri_mut() = write.uri().clone();
    // The caller and the parameters of the path.
    *read.extensions_mut() = write.extensions().clone();
    read
}

/// The turns of those who compare and write, one at a time for each thing.
#[derive(Default)]
pub(super) struct WriteTurns(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

impl WriteTurns {
    async fn take(&self, thing: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = self.turn_of(thing);
        turn.lock_owned().await
    }

    fn turn_of(&self, thing: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(thing).and_then(Weak::upgrade) {
            return turn;
        }
        if turns.len() >= MANY_THINGS {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = Arc::default();
        turns.insert(thing.to_owned(), Arc::downgrade(&turn));
        turn
    }
}

/// The answer with its tag in the header `ETag`. Answers of one thing are whole in memory already.
async fn tagged(response: Response) -> (Response, Option<String>) {
    let Some(size) = response.body().size_hint().exact() else {
        return (response, None);
    };
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::try_from(size).unwrap_or(usize::MAX)).await else {
        return (Response::from_parts(parts, Body::empty()), None);
    };
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(&bytes)));
    if let Ok(value) = HeaderValue::try_from(tag.as_str()) {
        parts.headers.insert(ETAG, value);
    }
    (Response::from_parts(parts, Body::from(bytes)), Some(tag))
}

/// The tags that a header lists. Ours hold no comma.
fn conditions(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lines = headers.get_all(name).into_iter();
    let tags = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let tags = tags.map(|tag| String::from_utf8_lossy(tag).trim().to_owned());
    tags.collect()
}
