//! Who is calling.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use skillgate_service::{Actor, KnownCaller, Scope};

use crate::ApiError;

/// Why it could not be found out who a request came from. It is told where a caller is needed, and only there.
#[derive(Debug, Clone)]
pub(crate) struct CallerUnknown(pub(crate) ApiError);

/// Who a request came from; 401 when it came without a valid credential.
#[derive(Debug, Clone)]
pub(crate) struct Caller(Arc<KnownCaller>);

impl Caller {
    /// The caller with the credential that it presented.
    pub(crate) fn known(&self) -> &KnownCaller {
        &self.0
    }

    /// 403 naming `scope` unless the key holds it.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), ApiError> {
        if self.scopes.holds(scope) {
            Ok(())
        } else {
            Err(ApiError::forbidden(scope))
        }
    }
}

impl Deref for Caller {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.0.actor
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Arc<KnownCaller>>()
            .cloned()
            .map(Self)
            .ok_or_else(|| match parts.extensions.get::<CallerUnknown>() {
                Some(CallerUnknown(error)) => error.clone(),
                None => ApiError::unauthorized(),
            })
    }
}
