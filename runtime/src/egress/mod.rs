//! The one door for requests that leave the host: rules, floor, connection to the checked address,
//! and each redirect through all of it again.
//!
//! Not only skills: whatever sends a request on somebody's behalf passes here with its own [`RequestPolicy`].

mod blocked_addresses;
mod counted;
mod error;
mod held;
mod hop;
mod lookup;
mod resolve;

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt as _;
use http::{HeaderMap, Method};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, StreamBody};
use skillgate_skill::Denial;
use url::Url;

use crate::config::EgressPolicy;
use crate::places::{NoPlace, Place, PlaceLimits, Places};
pub use counted::ByteCounter;
use counted::counted;
pub use error::{Blocked, EgressError};
pub(crate) use held::Held;
use hop::Hop;
use lookup::Names;
pub use lookup::{NameLookup, SystemLookup};
use resolve::{Checked, CheckedResolver};

/// A response's body: a stream that ends with an error when it grows too large.
pub type Body = UnsyncBoxBody<Bytes, EgressError>;

/// Decides for one sender. Asked before every hop, the first and each redirect.
#[async_trait]
pub trait RequestPolicy: Send + Sync {
    /// The account that the sender works for: requests and lookups are shared out by it.
    fn account(&self) -> &str;

    /// Whether a request may go there.
    fn allow(&self, method: &Method, url: &Url) -> Result<(), Denial>;

    /// Puts the sender's secrets for this destination into a request that was allowed, and gives
    /// the URL to send it to. What is put in here is not carried to the next hop.
    async fn authorise(&self, url: &Url, _headers: &mut HeaderMap) -> Result<Url, EgressError> {
        Ok(url.clone())
    }

    /// What is told of the body's bytes as they leave for the hop that was allowed last.
    fn counter(&self) -> Option<ByteCounter> {
        None
    }
}

/// The door. Cheap to clone; the client behind it is made at the first request.
#[derive(Debug, Clone)]
pub struct Egress {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    policy: EgressPolicy,
    client: OnceLock<reqwest::Client>,
    names: Names,
    places: Places,
}

impl Egress {
    /// A door with this policy.
    pub fn new(policy: EgressPolicy) -> Self {
        let limits = &policy.limits;
        Self {
            inner: Arc::new(Inner {
                names: Names::new(Arc::clone(&policy.names), limits),
                places: Places::new(PlaceLimits {
                    per_account: limits.requests_per_account,
                    in_all: limits.requests,
                    queue: limits.place_timeout,
                }),
                policy,
                client: OnceLock::new(),
            }),
        }
    }

    /// The policy of this door.
    pub fn policy(&self) -> &EgressPolicy {
        &self.inner.policy
    }

    /// Sends a request, follows its redirects, and gives the answer. Headers that describe the
    /// connection are the door's own; what the sender put there is dropped.
    ///
    /// It waits for a place where the account, or all together, have as many requests under way as they may. A request
    /// is under way until its answer's body was read to the end or dropped.
    ///
    /// # Errors
    /// See [`EgressError`]. A request that is not allowed never touches the network.
    pub async fn fetch(
        &self,
        request: http::Request<Bytes>,
        request_policy: &dyn RequestPolicy,
    ) -> Result<http::Response<Body>, EgressError> {
        let place = self.place(request_policy.account()).await?;
        self.fetch_in(place, request, request_policy).await
    }

    /// Waits for a place for one request of the account's, at most as long as the policy says.
    pub(crate) async fn place(&self, account: &str) -> Result<Place, EgressError> {
        let place = self.inner.places.take(account).await;
        place.map_err(|NoPlace(waited)| EgressError::Busy(waited))
    }

    /// [`Egress::fetch`] for whoever has a place already.
    pub(crate) async fn fetch_in(
        &self,
        place: Place,
        request: http::Request<Bytes>,
        request_policy: &dyn RequestPolicy,
    ) -> Result<http::Response<Body>, EgressError> {
        let policy = &self.inner.policy;
        let ends = Instant::now() + policy.timeout;
        let answered = self.follow(request, request_policy, ends);
        let response = tokio::time::timeout_at(ends.into(), answered).await;
        answer(response.map_err(|_| EgressError::Timeout)??, policy, place)
    }

    /// The first response that is no redirect.
    async fn follow(
        &self,
        request: http::Request<Bytes>,
        request_policy: &dyn RequestPolicy,
        ends: Instant,
    ) -> Result<reqwest::Response, EgressError> {
        let policy = &self.inner.policy;
        let mut hop = Hop::first(request)?;
        if hop.body.len() as u64 > policy.max_request_body {
            return Err(EgressError::RequestTooLarge(policy.max_request_body));
        }
        for _ in 0..=policy.max_redirects {
            let response = self.send(&hop, request_policy, ends).await?;
            match hop.redirected(response.status(), response.headers())? {
                Some(next) => hop = next,
                None => return Ok(response),
            }
        }
        Err(EgressError::TooManyRedirects(policy.max_redirects))
    }

    async fn send(
        &self,
        hop: &Hop,
        request_policy: &dyn RequestPolicy,
        ends: Instant,
    ) -> Result<reqwest::Response, EgressError> {
        request_policy
            .allow(&hop.method, &hop.url)
            .map_err(EgressError::Denied)?;
        let host = hop
            .url
            .host()
            .ok_or_else(|| EgressError::BadRequest("the URL has no host".into()))?;
        let (names, allow) = (&self.inner.names, &self.inner.policy.allow);
        let destination = Checked::new(&host, request_policy.account(), names, allow).await?;
        let mut headers = hop.headers.clone();
        let url = request_policy.authorise(&hop.url, &mut headers).await?;
        let request = self
            .client()?
            .request(hop.method.clone(), url)
            .headers(headers)
            .body(counted(&hop.body, request_policy.counter()))
            .timeout(ends.saturating_duration_since(Instant::now()));
        destination
            .scope(request.send())
            .await
            .map_err(|error| explain(&error, &hop.url))
    }

    /// One connection for one request: nothing is kept open for a next one, so that what is open is what is under way,
    /// and no account's request ever goes over another's connection. HTTP/2 has nothing to share then; without it there
    /// are no windows, header tables and frames to bound.
    fn client(&self) -> Result<&reqwest::Client, EgressError> {
        if let Some(client) = self.inner.client.get() {
            return Ok(client);
        }
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .http1_only()
            .dns_resolver(CheckedResolver)
            .connect_timeout(self.inner.policy.connect_timeout)
            .user_agent(concat!("skillgate/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| EgressError::Client(error.to_string()))?;
        Ok(self.inner.client.get_or_init(|| client))
    }
}

/// The answer with its head measured and its body counted. The body holds the place.
fn answer(
    response: reqwest::Response,
    policy: &EgressPolicy,
    place: Place,
) -> Result<http::Response<Body>, EgressError> {
    let (head_most, most) = (policy.max_response_head, policy.max_response_body);
    if size(response.headers()) > head_most {
        return Err(EgressError::HeadTooLarge(head_most));
    }
    let mut head = http::Response::new(());
    *head.status_mut() = response.status();
    *head.headers_mut() = response.headers().clone();
    let url = response.url().clone();
    let mut seen = 0u64;
    let frames = response
        .bytes_stream()
        .map_err(move |error| explain(&error, &url))
        .and_then(move |chunk| {
            seen += chunk.len() as u64;
            let checked = if seen > most {
                Err(EgressError::ResponseTooLarge(most))
            } else {
                Ok(Frame::data(chunk))
            };
            std::future::ready(checked)
        });
    let body = StreamBody::new(frames).boxed_unsync();
    Ok(head.map(|()| Held::new(body, place).boxed_unsync()))
}

fn size(headers: &HeaderMap) -> u64 {
    let bytes = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.as_str().len() + value.len()) as u64
    };
    headers.iter().map(bytes).sum()
}

/// What went wrong. The URL that was sent may hold a secret in its query, and reqwest's own text shows it, so only the
/// host of `url` is shown.
fn explain(error: &reqwest::Error, url: &Url) -> EgressError {
    let place = url.host_str().unwrap_or_default().to_owned();
    match error {
        e if e.is_timeout() => EgressError::Timeout,
        e if e.is_connect() => EgressError::Connect(place),
        e if e.is_builder() => EgressError::BadRequest("it cannot be sent as it is".into()),
        _ => EgressError::Exchange(format!("{place} broke it off")),
    }
}
