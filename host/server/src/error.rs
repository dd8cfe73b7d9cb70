//! The only place that turns errors into HTTP statuses.
//!
//! An [`ApiError`] has two faces: a code and a message for the caller, and a source for the log, which never reaches the caller.
//! As a response it has a status and no body yet: it travels on the response to the layer that knows the surface's envelope
//! (`middleware/render.rs`).

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use serde_json::Value;
use skillgate_service::{ErrorKind, Scope, ServiceError, error_chain};

/// A refusal: what the caller is told, and what the log is told.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    code: Cow<'static, str>,
    message: String,
    /// Whether a well-formed body failed its schema, which one surface answers with a status of its own.
    is_misfit: bool,
    /// What has to be consented to, with `consent_required`. Boxed: every result carries room for it.
    difference: Option<Box<Value>>,
    /// The task whose approval consents to it.
    task_id: Option<String>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: Cow::Borrowed(code),
            message: message.into(),
            is_misfit: false,
            difference: None,
            task_id: None,
            source: None,
        }
    }

    /// 400 `validation_error`: what was wrong, where, what to do.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "validation_error", message)
    }

    /// 400 `validation_error` for a well-formed body that does not have the fields or types that it should; 422 where
    /// [`ApiError::tenant_status`] holds.
    pub(crate) fn misfit(message: impl Into<String>) -> Self {
        Self {
            is_misfit: true,
            ..Self::validation(message)
        }
    }

    /// 401 `unauthorized`. One message for every reason, so that it tells nothing about which keys exist.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Invalid or missing API key",
        )
    }

    /// 403 `forbidden`, naming the scope that the key lacks.
    pub fn forbidden(scope: Scope) -> Self {
        let message = format!("This API key lacks the scope `{scope}`. Use a key that holds it.");
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 403 `forbidden`: a session's cookie came without the text that only a page of the console knows.
    pub fn csrf() -> Self {
        let message = "A call that writes needs the header X-CSRF-Token beside the session's cookie. GET /v1/auth/session answers its value.";
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 412 `precondition_failed`: the thing is not as the caller saw it any more.
    pub fn precondition_failed() -> Self {
        let message = "This was changed since you read it: its ETag is none of those in If-Match. Read it again, and decide anew.";
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "precondition_failed",
            message,
        )
    }

    /// 404 `route_not_found`: nothing is served at this path.
    pub fn no_route(path: &str) -> Self {
        let message = format!(
            "Nothing is served at `{}`.",
            path.chars().take(200).collect::<String>()
        );
        Self::new(StatusCode::NOT_FOUND, "route_not_found", message)
    }

    /// 405 `method_not_allowed`: the path exists, with other methods.
    pub fn no_method(method: &http::Method) -> Self {
        let method: String = method.as_str().chars().take(20).collect();
        let message =
            format!("`{method}` is not served at this path. The header Allow lists what is.");
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            message,
        )
    }

    /// 413 `payload_too_large`, naming the limit in bytes.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("The body is larger than the {limit} bytes allowed here.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message)
    }

    /// 415 `unsupported_media_type`, naming what is taken.
    pub fn unsupported_media(wanted: &str) -> Self {
        let message = format!("Send this body as `{wanted}` and say so in Content-Type.");
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
        )
    }

    /// 429 `rate_limit_exceeded`; the time to wait is in the header Retry-After.
    pub fn rate_limited(seconds: i64) -> Self {
        let message = format!("Too many requests. Try again in {seconds} s.");
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limit_exceeded",
            message,
        )
    }

    /// 500 `internal_error`: the caller learns only that it happened.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let message = "Something went wrong in the server. The header X-Request-Id names this request in its log.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message).because(source)
    }

    /// Adds what the log is told.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// The status on every surface without statuses of its own.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The status on `/api/skills`, whose specification has no 409, and 422 for a body that fails its schema (section
    /// "Error Codes" of its page).
    pub(crate) fn tenant_status(&self) -> StatusCode {
        match self.status {
            StatusCode::CONFLICT => StatusCode::BAD_REQUEST,
            StatusCode::BAD_REQUEST if self.is_misfit => StatusCode::UNPROCESSABLE_ENTITY,
            status => status,
        }
    }

    /// The task whose approval consents, with `consent_required`.
    pub(crate) fn task_id(&self) -> Option<&str> {
        self.task_id.as_deref()
    }

    /// The code, such as `agent_not_found`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The message for the caller.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What has to be consented to, with the code `consent_required` alone.
    pub(crate) fn difference(&self) -> Option<&Value> {
        self.difference.as_deref()
    }

    /// What the log is told: this error and all its sources, as one line.
    pub fn chain(&self) -> String {
        error_chain(self)
    }

    /// Whether it is the server's fault, and so worth an error in the log. A 503 without a source is not: the server is
    /// starting, closing or full.
    pub(crate) fn is_ours(&self) -> bool {
        self.status.is_server_error()
            && (self.status != StatusCode::SERVICE_UNAVAILABLE || self.source.is_some())
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        let status = match error.kind() {
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            ErrorKind::NotFound(_) => StatusCode::NOT_FOUND,
            ErrorKind::Conflict | ErrorKind::ConsentRequired => StatusCode::CONFLICT,
            ErrorKind::Forbidden | ErrorKind::LimitReached => StatusCode::FORBIDDEN,
            ErrorKind::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::Provider => StatusCode::BAD_GATEWAY,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self {
            status,
            code: error.code(),
            message: error.message().to_owned(),
            is_misfit: false,
            difference: error
                .difference()
                .and_then(|one| serde_json::to_value(one).ok())
                .map(Box::new),
            task_id: error.task_id().map(str::to_owned),
            source: error.cause().cloned(),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 9110, section 15.5.2: a 401 names a scheme.
            response
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_never_sees_the_source() {
        let error = ApiError::internal("password is hunter2");
        assert!(!error.to_string().contains("hunter2"));
        assert!(error.chain().ends_with(": password is hunter2"));
        assert_eq!(
            error.source().map(ToString::to_string).as_deref(),
            Some("password is hunter2")
        );
    }
}
