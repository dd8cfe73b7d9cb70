//! The query string.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::ApiError;

/// The query string as `T`; 400 naming the field when it does not fit.
pub(crate) struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(ApiError::validation(
                "The query holds the character U+0000, which no text may hold. Leave it out.",
            ));
        }
        let parsed = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        parsed
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|error| ApiError::validation(error.body_text()))
    }
}
