//! Who is calling, and whether they may call again already.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName};
use skillgate_service::{KnownCaller, Presented, ServiceError};

use super::rate_limit::{describe, refuse, stand};
use crate::credential::presented;
use crate::extract::CallerUnknown;
use crate::network::network;
use crate::surface::is_probe;
use crate::{ApiError, App};

/// Credentials that a network may have looked up, for each request that it may send without one. Behind one address there
/// may be a proxy and many callers, whose keys are all unknown after a start.
const LOOKUPS: u32 = 10;

/// What a page of the console sends with calls that write.
const CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// The caller, if there is one; an error where it could not be looked up.
type Found = Result<Option<Arc<KnownCaller>>, ServiceError>;

/// Finds the caller by its credential, counts the request and says in the headers how the caller stands.
///
/// Requests without a valid credential are counted by their network. Whether one is needed is the route's to say, and so is
/// what it answers where the credential could not be looked up; such a request was counted by its look-up.
/// The two probes are never counted or refused, and cost no query. A limit of 0 is none, and then there is nothing to say.
pub(crate) async fn authenticate(State(app): State<App>, request: Request, next: Next) -> Response {
    let probe = is_probe(request.uri().path());
    let network = network_of(&request);
    let found = match find_caller(&app, request.headers(), &network, probe).await {
        Ok(found) => found,
        Err(refusal) => return *refusal,
    };
    let caller = found.as_ref().ok().and_then(Option::as_deref);
    let limit = caller
        .and_then(|caller| caller.rate_limit)
        .unwrap_or(app.api_keys.default_rate_limit());
    if limit == 0 {
        return answer(request, next, found).await;
    }
    let standing = stand(&app, &network, caller, limit, probe || found.is_err());
    if standing.retry_after.is_some() {
        return refuse(standing);
    }
    let mut response = answer(request, next, found).await;
    describe(standing, response.headers_mut());
    response
}

/// The caller with the request's credential. A credential that is not known is counted by its network before it is looked
/// up: guessing keys costs the guesser's allowance, not a query for each. What was issued or valid lately, and what is signed
/// rightly, is looked up all the same, so that strangers behind the same address do not lock it out.
async fn find_caller(
    app: &App,
    headers: &HeaderMap,
    network: &str,
    probe: bool,
) -> Result<Found, Box<Response>> {
    let Some(text) = presented(headers, app.console_sessions.over_https()) else {
        return Ok(Ok(None));
    };
    let (text, familiar) = match app.callers.present(text).await {
        Presented::Valid(caller) => return Ok(Ok(Some(caller))),
        Presented::Nothing => return Ok(Ok(None)),
        Presented::Unknown { .. } if probe => return Ok(Ok(None)),
        Presented::Unknown { text, familiar } => (text, familiar),
    };
    let limit = app.api_keys.default_rate_limit().saturating_mul(LOOKUPS);
    if !familiar && limit > 0 {
        let clock = || app.now().as_micros();
        let standing = app.limiter().lookups.take(network, limit, clock);
        if standing.retry_after.is_some() {
            return Err(Box::new(refuse(standing)));
        }
    }
    Ok(app.callers.look_up(&text).await)
}

async fn answer(mut request: Request, next: Next, found: Found) -> Response {
    match found {
        Ok(Some(caller)) => {
            let csrf = request.headers().get(CSRF_TOKEN);
            let csrf = csrf.and_then(|value| value.to_str().ok());
            if !request.method().is_safe() && !caller.may_write_with(csrf) {
                return ApiError::csrf().into_response();
            }
            request.extensions_mut().insert(caller);
        }
        Ok(None) => {}
        Err(error) => {
            let unknown = CallerUnknown(ApiError::from(error));
            request.extensions_mut().insert(unknown);
        }
    }
    next.run(request).await
}

/// A text of some 15 bytes for each request costs less than telling when it is needed.
fn network_of(request: &Request) -> String {
    let connection = request.extensions().get::<ConnectInfo<SocketAddr>>();
    connection.map_or_else(
        || "unknown".to_owned(),
        |ConnectInfo(address)| network(address.ip()).to_string(),
    )
}
