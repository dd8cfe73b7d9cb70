//! Who is calling, and whether they may call again already.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use skillgate_service::{KnownKey, Presented};

use super::rate_limit::{describe, refuse, stand};
use crate::surface::is_probe;
use crate::{ApiError, App};

/// Keys that an address may have looked up, for each request that it may send without one. Behind one address there may
/// be a proxy and many callers, whose keys are all unknown after a start.
const LOOKUPS: u32 = 10;

/// Finds the caller's key, counts the request against it and says in the headers how the caller stands.
///
/// Requests without a valid key are counted by their address. Whether a key is needed is the route's to say.
/// The two probes are never counted or refused, and cost no query. A limit of 0 is none, and then there is nothing to say.
pub(crate) async fn authenticate(State(app): State<App>, request: Request, next: Next) -> Response {
    let probe = is_probe(request.uri().path());
    let address = address_of(&request);
    let key = match find_key(&app, request.headers(), &address, probe).await {
        Ok(key) => key,
        Err(refusal) => return *refusal,
    };
    let limit = key
        .as_ref()
        .and_then(|key| key.rate_limit)
        .unwrap_or(app.api_keys.default_rate_limit());
    if limit == 0 {
        return answer(request, next, key).await;
    }
    let standing = stand(&app, &address, key.as_deref(), limit, probe);
    if standing.retry_after.is_some() {
        return refuse(standing);
    }
    let mut response = answer(request, next, key).await;
    describe(standing, response.headers_mut());
    response
}

/// The valid key of a request. One that nobody knows is counted by its address before it is looked up: whoever tries
/// keys has no query for each. What was a valid key lately is looked up all the same, so that strangers behind the same
/// address do not lock it out.
async fn find_key(
    app: &App,
    headers: &HeaderMap,
    address: &str,
    probe: bool,
) -> Result<Option<Arc<KnownKey>>, Box<Response>> {
    let Some(text) = presented(headers) else {
        return Ok(None);
    };
    let keys = app.api_key_cache();
    let (text, familiar) = match keys.present(text).await {
        Presented::Valid(key) => return Ok(Some(key)),
        Presented::Nothing => return Ok(None),
        Presented::Unknown { .. } if probe => return Ok(None),
        Presented::Unknown { text, familiar } => (text, familiar),
    };
    let limit = app.api_keys.default_rate_limit().saturating_mul(LOOKUPS);
    if !familiar && limit > 0 {
        let lookups = format!("lookups of {address}");
        let standing = app.limiter().take(&lookups, limit, app.now().as_micros());
        if standing.retry_after.is_some() {
            return Err(Box::new(refuse(standing)));
        }
    }
    let key = keys.look_up(&text).await;
    key.map_err(|error| {
        let mut response = ApiError::from(error).into_response();
        if app.api_keys.default_rate_limit() > 0 {
            let standing = stand(app, address, None, app.api_keys.default_rate_limit(), true);
            describe(standing, response.headers_mut());
        }
        Box::new(response)
    })
}

async fn answer(mut request: Request, next: Next, key: Option<Arc<KnownKey>>) -> Response {
    if let Some(key) = key {
        request.extensions_mut().insert(key);
    }
    next.run(request).await
}

/// A text of some 15 bytes for each request costs less than telling when it is needed.
fn address_of(request: &Request) -> String {
    let connection = request.extensions().get::<ConnectInfo<SocketAddr>>();
    connection.map_or_else(
        || "unknown".to_owned(),
        |ConnectInfo(address)| address.ip().to_string(),
    )
}

/// The text of the key: `X-Api-Key`, else `Authorization: Bearer`.
fn presented(headers: &HeaderMap) -> Option<&str> {
    if let Some(key) = headers.get("x-api-key") {
        return key.to_str().ok();
    }
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn presented_by(name: &'static str, value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        presented(&headers).map(str::to_owned)
    }

    #[test]
    fn both_headers_carry_a_key() {
        assert_eq!(presented_by("x-api-key", "k").as_deref(), Some("k"));
        assert_eq!(
            presented_by("authorization", "bearer k").as_deref(),
            Some("k")
        );
        assert_eq!(presented_by("authorization", "Basic k"), None);
        assert_eq!(presented_by("authorization", "k"), None);
    }
}
