//! A route's scope, checked before anything of the body is read.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::ApiError;
use crate::extract::Caller;
use crate::scope::Scope;

/// Lets the request through when its caller holds `scope`: else 401 without a valid key, 403 without the scope.
pub(crate) async fn require(
    State(scope): State<Scope>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    caller.require(scope)?;
    Ok(next.run(request).await)
}
