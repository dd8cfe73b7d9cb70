//! Checks who may call an operation, before anything of the body is read.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::ApiError;
use crate::extract::Caller;
use skillgate_service::Scope;

/// The callers who may use an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a key.
    Public,
    /// Every valid key.
    AnyKey,
    /// A key that holds this scope.
    Scoped(Scope),
}

impl Access {
    /// The scope that a key must hold.
    pub fn scope(self) -> Option<Scope> {
        match self {
            Self::Public | Self::AnyKey => None,
            Self::Scoped(scope) => Some(scope),
        }
    }
}

/// Lets the request through when its caller may make it: else 401 without a valid key, 403 without the scope.
pub(super) async fn require(
    State(access): State<Access>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if let Access::Scoped(scope) = access {
        caller.require(scope)?;
    }
    Ok(next.run(request).await)
}
