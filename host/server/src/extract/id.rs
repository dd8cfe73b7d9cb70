//! The parameters of a path.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use skillgate_service::ServiceError;

use crate::ApiError;

/// The path's parameter: 404 of its noun when it can be no id.
pub(crate) struct Id<T>(pub T);

/// The path's two parameters, in order: 404 of its noun for the first that can be no id.
pub(crate) struct Ids<A, B>(pub A, pub B);

impl<S, T> FromRequestParts<S> for Id<T>
where
    S: Send + Sync,
    T: FromStr<Err = ServiceError>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match texts(parts, state).await?.as_slice() {
            [(_, id)] => Ok(Self(id.parse()?)),
            _ => Err(ApiError::no_route(parts.uri.path())),
        }
    }
}

impl<S, A, B> FromRequestParts<S> for Ids<A, B>
where
    S: Send + Sync,
    A: FromStr<Err = ServiceError>,
    B: FromStr<Err = ServiceError>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match texts(parts, state).await?.as_slice() {
            [(_, first), (_, second)] => Ok(Self(first.parse()?, second.parse()?)),
            _ => Err(ApiError::no_route(parts.uri.path())),
        }
    }
}

/// Names and decoded texts of all parameters, in the order of the path.
async fn texts<S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
) -> Result<Vec<(String, String)>, ApiError> {
    let unknown = ApiError::no_route(parts.uri.path());
    let path = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
    path.map(|Path(texts)| texts).map_err(|_| unknown)
}
