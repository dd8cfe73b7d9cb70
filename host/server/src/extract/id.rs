//! The parameters of a path.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::ApiError;

/// The path's parameters, in order: a `String`, or a tuple of them. What is no well-formed id finds nothing:
/// 404 `route_not_found`.
pub(crate) struct Id<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = parts.uri.path();
        let unknown = ApiError::no_route(path);
        if path.contains("%00") || path.len() > 1_000 {
            return Err(unknown);
        }
        Path::<T>::from_request_parts(parts, state)
            .await
            .map(|Path(value)| Self(value))
            .map_err(|_| unknown)
    }
}
