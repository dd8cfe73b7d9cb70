//! Conditional requests (RFC 9110, section 13): `ETag` and `If-None-Match` on reads, `If-Match` on writes.
//!
//! A tag is the digest of the answer's body. A write with `If-Match` reads the thing as `GET` of the same path shows it, compares
//! and writes while no other such write to the thing is under way in this process. A change by another process, or by a call
//! without `If-Match`, between the comparison and the write is not noticed.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::MethodRouter;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedMutexGuard;
use tower::ServiceExt;

use super::describe::Input;
use crate::extract::{Caller, JSON_LIMIT, read_body};
use crate::{ApiError, App};

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

/// What a write with `If-Match` needs.
#[derive(Clone)]
pub(super) struct Precondition {
    /// The services.
    pub(super) app: App,
    /// The `GET` of the same path.
    pub(super) reader: MethodRouter,
    /// Writes that are under way.
    pub(super) turns: Arc<WriteTurns>,
    /// Whether the handler works on the body as it comes, and takes its turn by [`IfMatch::hold`] when it has all of it.
    pub(super) streams_body: bool,
}

/// Lets a write through whose `If-Match` names the thing as it is, or that has none; 412 otherwise. Nobody waits for another's
/// body: it is read before the turn is taken.
pub(super) async fn require_match(
    State(precondition): State<Precondition>,
    caller: Caller,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let expected = conditions(request.headers(), &IF_MATCH);
    if expected.is_empty() {
        return Ok(next.run(request).await);
    }
    let condition = Condition {
        account: caller.account.to_string(),
        path: request.uri().path().parse().map_err(ApiError::internal)?,
        extensions: request.extensions().clone(),
        expected,
        precondition,
    };
    if condition.precondition.streams_body {
        // What does not fit is refused before its body is asked for.
        condition.fitting().await?;
        request.extensions_mut().insert(Arc::new(condition));
        return Ok(next.run(request).await);
    }
    let (parts, body) = request.into_parts();
    let unread = Request::from_parts(parts.clone(), body);
    let body = read_body(unread, &condition.precondition.app, JSON_LIMIT).await?;
    let _turn = condition.hold().await?;
    Ok(next.run(Request::from_parts(parts, Body::from(body))).await)
}

/// The `If-Match` of a write whose handler works on the body as it comes.
pub(crate) struct IfMatch(Option<Arc<Condition>>);

impl IfMatch {
    /// Compares, and lets no other such write to the thing begin until what this gives is dropped.
    ///
    /// # Errors
    /// 412 when the thing is another by now.
    pub(crate) async fn hold(&self) -> Result<Option<Turn>, ApiError> {
        match &self.0 {
            Some(condition) => condition.hold().await.map(Some),
            None => Ok(None),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<Arc<Condition>>().cloned()))
    }
}

impl Input for IfMatch {}

/// What one write expects of the thing that it is about.
struct Condition {
    precondition: Precondition,
    account: String,
    /// The path alone: a query of the write says nothing of the thing.
    path: Uri,
    /// The caller and the parameters of the path.
    extensions: Extensions,
    expected: Vec<String>,
}

impl Condition {
    /// Waits for the turn to write to the thing as it is, which must be as it is expected to be.
    ///
    /// Who saw the same waits for the same turn, by whatever name it calls the thing: turns are told apart by the account and
    /// the tag, and the tag is read again when the turn has come.
    async fn hold(&self) -> Result<Turn, ApiError> {
        let mut seen = self.fitting().await?;
        loop {
            let thing = format!("{} {seen}", self.account);
            let turn = self.precondition.turns.take(&thing).await;
            let current = self.fitting().await?;
            if current == seen {
                return Ok(Turn { _held: turn });
            }
            seen = current;
        }
    }

    /// The tag of the thing as it is, when it is one of those expected. What is not there fits no condition: a write that would
    /// make it is refused, too.
    async fn fitting(&self) -> Result<String, ApiError> {
        let Ok(current) = self.precondition.reader.clone().oneshot(self.read()).await;
        if current.status() != StatusCode::OK {
            let refusal = current.extensions().get::<ApiError>().cloned();
            return Err(refusal.unwrap_or_else(|| ApiError::internal("a read without an answer")));
        }
        let (_, tag) = tagged(current).await;
        let tag = tag.ok_or_else(|| ApiError::internal("an answer without a tag"))?;
        match self.expected.iter().any(|one| one == "*" || *one == tag) {
            true => Ok(tag),
            false => Err(ApiError::precondition_failed()),
        }
    }

    /// The read, by the same caller, of what the write is about.
    fn read(&self) -> Request {
        let mut read = Request::new(Body::empty());
        *read.method_mut() = Method::GET;
        *read.uri_mut() = self.path.clone();
        *read.extensions_mut() = self.extensions.clone();
        read
    }
}

/// The turn to write to a thing, until it is dropped.
pub(crate) struct Turn {
    _held: OwnedMutexGuard<()>,
}

/// The turns of those who compare and write, one at a time for each thing.
#[derive(Default)]
pub(super) struct WriteTurns(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

impl WriteTurns {
    async fn take(&self, thing: &str) -> OwnedMutexGuard<()> {
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
