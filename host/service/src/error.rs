//! Why a service refuses or fails, without a word of HTTP: each surface renders a kind in its own way.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use skillgate_runtime::{HostFault, LoadError};
use skillgate_skill::{PackageError, SignatureError};

use crate::{ConsentDifference, ConsentRequired};

/// The kinds of refusals and failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The input is not acceptable; the message names the field.
    Invalid,
    /// The account has no such thing, or it is another account's. Holds the noun in snake case, such as `api_key`.
    NotFound(&'static str),
    /// The state of the thing does not allow it now.
    Conflict,
    /// What is new in a version needs consent; the [difference](ServiceError::difference) says what.
    ConsentRequired,
    /// The caller may not do this, by its credential or by the plan of its account; the message says what it lacks.
    Forbidden,
    /// An `Idempotency-Key` came with another request than the first time.
    IdempotencyKeyReused,
    /// A limit of the account is reached.
    LimitReached,
    /// The language model cannot be asked.
    Provider,
    /// The host is starting, closing or full: the same call may succeed soon.
    Unavailable,
    /// The host failed. The message tells the caller nothing of why.
    Internal,
}

/// A refusal or a failure: what the caller is told, and what the log is told.
#[derive(Debug, Clone)]
pub struct ServiceError {
    kind: ErrorKind,
    message: String,
    consent: Option<Box<ConsentRequired>>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl ServiceError {
    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            consent: None,
            source: None,
        }
    }

    /// [`ErrorKind::Invalid`]: says what was wrong, where, and what to do.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// [`ErrorKind::NotFound`] for a thing named in snake case.
    pub fn not_found(thing: &'static str) -> Self {
        let message = format!("No such {} in this account.", thing.replace('_', " "));
        Self::new(ErrorKind::NotFound(thing), message)
    }

    /// [`ErrorKind::Conflict`].
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// [`ErrorKind::ConsentRequired`]: says what is new, and how to consent to it.
    pub fn consent_required(message: impl Into<String>, required: ConsentRequired) -> Self {
        Self {
            consent: Some(Box::new(required)),
            ..Self::new(ErrorKind::ConsentRequired, message)
        }
    }

    /// [`ErrorKind::Forbidden`]: says what the plan or the credential lacks.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Forbidden, message)
    }

    /// [`ErrorKind::IdempotencyKeyReused`].
    pub fn idempotency_key_reused() -> Self {
        let message = "This Idempotency-Key came with another request before. Use a new key for a new request.";
        Self::new(ErrorKind::IdempotencyKeyReused, message)
    }

    /// [`ErrorKind::LimitReached`], naming the limit.
    pub fn limit_reached(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::LimitReached, message)
    }

    /// [`ErrorKind::Provider`].
    pub fn provider(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Provider, message)
    }

    /// [`ErrorKind::Unavailable`].
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// [`ErrorKind::Internal`]: the caller learns only that it happened.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let message = "Something went wrong in the server. The header X-Request-Id names this request in its log.";
        Self::new(ErrorKind::Internal, message).because(source)
    }

    /// Adds what the log is told.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// The kind, from which a surface makes its status.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The name of the kind as journals, events and answers have it, such as `agent_not_found`.
    pub fn code(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self.kind {
            ErrorKind::Invalid => "validation_error",
            ErrorKind::NotFound(thing) => return Cow::Owned(format!("{thing}_not_found")),
            ErrorKind::Conflict => "conflict",
            ErrorKind::ConsentRequired => "consent_required",
            ErrorKind::Forbidden => "forbidden",
            ErrorKind::IdempotencyKeyReused => "idempotency_key_reused",
            ErrorKind::LimitReached => "limit_reached",
            ErrorKind::Provider => "provider_error",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::Internal => "internal_error",
        })
    }

    /// The message for the caller.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What has to be consented to.
    pub fn difference(&self) -> Option<&ConsentDifference> {
        self.consent.as_deref().map(|consent| &consent.difference)
    }

    /// The id of the task whose approval consents to it.
    pub fn task_id(&self) -> Option<&str> {
        self.consent.as_deref()?.task_id.as_deref()
    }

    /// The cause that only the log is told, shared.
    pub fn cause(&self) -> Option<&Arc<dyn Error + Send + Sync>> {
        self.source.as_ref()
    }

    /// What the log is told: this error and all its sources, as one line.
    pub fn chain(&self) -> String {
        error_chain(self)
    }

    /// Whether the host failed, rather than refused. What is unavailable without a source is a refusal: the host is
    /// starting, closing or full.
    pub(crate) fn is_host_failure(&self) -> bool {
        match self.kind {
            ErrorKind::Internal | ErrorKind::Provider => true,
            ErrorKind::Unavailable => self.source.is_some(),
            _ => false,
        }
    }
}

/// Writes an error and all its sources as one line.
pub fn error_chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        line.push_str(": ");
        line.push_str(&inner.to_string());
        source = inner.source();
    }
    line
}

impl From<PackageError> for ServiceError {
    fn from(error: PackageError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<SignatureError> for ServiceError {
    fn from(error: SignatureError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<HostFault> for ServiceError {
    fn from(fault: HostFault) -> Self {
        match fault {
            HostFault::Busy(_) => {
                Self::unavailable("The server runs as many skills as it can. Try again soon.")
                    .because(fault)
            }
            HostFault::CompilerBusy(waited) => Self::unavailable(format!(
                "Too many components are being compiled; no place became free within {} s. Try again in a minute.",
                waited.as_secs()
            )),
            other => Self::internal(other),
        }
    }
}

/// A skill that can't run here is its publisher's to mend.
impl From<LoadError> for ServiceError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Host(fault) => fault.into(),
            other => Self::invalid(other.to_string()),
        }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.message)
    }
}

impl Error for ServiceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_never_sees_the_source() {
        let error = ServiceError::internal("password is hunter2");
        assert!(!error.to_string().contains("hunter2"));
        assert!(error.chain().ends_with(": password is hunter2"));
        assert_eq!(
            error.source().map(ToString::to_string).as_deref(),
            Some("password is hunter2")
        );
    }
}
