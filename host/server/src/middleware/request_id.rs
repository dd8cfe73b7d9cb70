//! Every answer carries X-Request-Id, and what went wrong inside is logged under it.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};

use crate::ApiError;

/// The header's name.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The most characters of a caller's own id.
const MAX_ID_BYTES: usize = 128;

/// Gives the answer the request's id: the caller's own when it is well formed, else a new one.
pub(crate) async fn request_id(request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(&HEADER)
        .filter(|id| is_well_formed(id))
        .cloned()
        .unwrap_or_else(fresh);
    let method = request.method().clone();
    let uri = request.uri().clone();
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        let (status, path) = (response.status().as_u16(), uri.path());
        let chain = error.chain();
        if error.is_ours() {
            tracing::error!(request_id = ?id, %method, path, status, error = chain, "request failed");
        } else {
            tracing::debug!(request_id = ?id, %method, path, status, error = chain, "request refused");
        }
    }
    response.headers_mut().insert(HEADER, id);
    response
}

fn is_well_formed(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=MAX_ID_BYTES).contains(&bytes.len()) && bytes.iter().all(allowed)
}

fn fresh() -> HeaderValue {
    let id = format!("req_{:032x}", rand::random::<u128>());
    HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static("req_unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_plain_ids_are_kept() {
        let kept = |id: &str| is_well_formed(&HeaderValue::from_str(id).unwrap());
        assert!(kept("build-17_a.b") && kept(&"a".repeat(128)));
        assert!(!kept("") && !kept("a b") && !kept("a\"b") && !kept(&"a".repeat(129)));
    }
}
