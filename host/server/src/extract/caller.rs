//! Who is calling.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::ApiError;
use crate::api_key_cache::KnownKey;
use crate::scope::Scope;

/// The key that a request came with; 401 when it came without a valid one.
#[derive(Debug, Clone)]
pub(crate) struct Caller(Arc<KnownKey>);

impl Caller {
    /// The account that the key belongs to.
    pub(crate) fn account(&self) -> &str {
        &self.0.account
    }

    /// The key's id.
    pub(crate) fn key(&self) -> &str {
        &self.0.id
    }

    /// 403 naming `scope` unless the key holds it.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), ApiError> {
        if self.0.scopes.holds(scope) {
            Ok(())
        } else {
            Err(ApiError::forbidden(scope))
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Arc<KnownKey>>()
            .cloned()
            .map(Self)
            .ok_or_else(ApiError::unauthorized)
    }
}
