//! The envelopes of success: `{"data": …}`, and for lists `pagination` beside it; and the bodies of refusals, by surface.

mod refusal;

pub use refusal::Envelope;
pub(crate) use refusal::{AuthoringRefusal, ControlPlaneRefusal, Envelopes, TenantRefusal};

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

/// 200 with `{"data": …}`.
#[derive(Debug, Serialize)]
pub(crate) struct Data<T> {
    /// What was asked for.
    pub data: T,
}

impl<T: Serialize> IntoResponse for Data<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// 201 with `{"data": …}`.
#[derive(Debug)]
pub(crate) struct Created<T>(pub T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(Data { data: self.0 })).into_response()
    }
}

/// 201 with the thing alone, as the surfaces without `data` have it.
#[derive(Debug)]
pub(crate) struct CreatedBare<T>(pub T);

impl<T: Serialize> IntoResponse for CreatedBare<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

/// 200 with `{"data": […], "pagination": {…}}`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct List<T> {
    /// One page of things.
    pub data: Vec<T>,
    /// Where the page lies in the whole.
    pub pagination: Pagination,
}

/// An answer with a secret in it: no cache may keep it. It may set the session's cookie.
pub(crate) struct Confidential<T> {
    /// The answer itself.
    pub(crate) answer: T,
    /// The header `Set-Cookie`.
    pub(crate) cookie: Option<HeaderValue>,
}

impl<T: IntoResponse> IntoResponse for Confidential<T> {
    fn into_response(self) -> Response {
        let mut response = self.answer.into_response();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(cookie) = self.cookie {
            headers.insert(SET_COOKIE, cookie);
        }
        response
    }
}

/// 200 with a text that never changes.
pub(crate) struct PlainText(pub &'static str);

impl IntoResponse for PlainText {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

/// 200 with JSON that never changes, already written.
pub(crate) struct StaticJson(pub &'static str);

impl IntoResponse for StaticJson {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}

/// 200 with a file that is embedded in the binary.
pub(crate) struct StaticFile {
    /// Its Content-Type.
    pub media_type: &'static str,
    /// What a browser may do with it.
    pub content_security_policy: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
}

impl IntoResponse for &'static StaticFile {
    fn into_response(self) -> Response {
        let headers = [
            (CONTENT_TYPE, self.media_type),
            (CONTENT_SECURITY_POLICY, self.content_security_policy),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
            // Short, so that a browser sees the files of a new version soon.
            (CACHE_CONTROL, "public, max-age=600"),
        ];
        (headers, self.bytes).into_response()
    }
}

/// Confirms a deletion.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    id: String,
    deleted: bool,
}

impl Deleted {
    /// Confirms that this was deleted for good.
    pub(crate) fn new(id: String) -> Self {
        Self { id, deleted: true }
    }
}

/// Confirms a revocation.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Revoked {
    id: String,
    revoked: bool,
}

impl Revoked {
    /// Confirms that this is revoked from now on.
    pub(crate) fn new(id: String) -> Self {
        Self { id, revoked: true }
    }
}

/// Where a page lies in the whole.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub(crate) struct Pagination {
    /// How many things there are in all.
    pub total: u64,
    /// How many a page holds at most.
    pub limit: u64,
    /// How many come before this page.
    pub offset: u64,
}

impl<T> List<T> {
    /// A list that is one whole page: its limit is its length, as the specification shows it.
    pub(crate) fn whole(data: Vec<T>) -> Self {
        let total = data.len() as u64;
        Self {
            data,
            pagination: Pagination {
                total,
                limit: total,
                offset: 0,
            },
        }
    }
}

impl<T: Serialize> IntoResponse for List<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}
