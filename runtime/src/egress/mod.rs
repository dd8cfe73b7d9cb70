//! The one door for requests that leave the host: rules, floor, connection to the checked address,
//! and each redirect through all of it again.
//!
//! Not only skills: whatever sends a request on somebody's behalf passes here with its own [`Gate`].

mod counted;
mod error;
mod floor;
mod hop;
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
pub use counted::ByteCounter;
use counted::counted;
pub use error::{Blocked, EgressError};
use hop::Hop;

/// A response's body: a stream that ends with an error when it grows too large.
pub type Body = UnsyncBoxBody<Bytes, EgressError>;

/// Decides for one sender. Asked before every hop, the first and each redirect.
#[async_trait]
pub trait Gate: Send + Sync {
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
}

impl Egress {
    /// A door with this policy.
    pub fn new(policy: EgressPolicy) -> Self {
        Self {
            inner: Arc::new(Inner {
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
    /// # Errors
    /// See [`EgressError`]. A request that is not allowed never touches the network.
    pub async fn fetch(
        &self,
        request: http::Request<Bytes>,
        gate: &dyn Gate,
    ) -> Result<http::Response<Body>, EgressError> {
        let policy = &self.inner.policy;
        let ends = Instant::now() + policy.timeout;
        let mut hop = Hop::first(request)?;
        if hop.body.len() as u64 > policy.max_request_body {
            return Err(EgressError::RequestTooLarge(policy.max_request_body));
        }
        for _ in 0..=policy.max_redirects {
            let response = self.send(&hop, gate, ends).await?;
            match hop.redirected(response.status(), response.headers())? {
                Some(next) => hop = next,
                None => return Ok(answer(response, policy.max_response_body)),
            }
        }
        Err(EgressError::TooManyRedirects(policy.max_redirects))
    }

    async fn send(
        &self,
        hop: &Hop,
        gate: &dyn Gate,
        ends: Instant,
    ) -> Result<reqwest::Response, EgressError> {
        gate.allow(&hop.method, &hop.url)
            .map_err(EgressError::Denied)?;
        let host = hop
            .url
            .host()
            .ok_or_else(|| EgressError::BadRequest("the URL has no host".into()))?;
        resolve::check_literal(&host, &self.inner.policy.allow).map_err(EgressError::Blocked)?;
        let mut headers = hop.headers.clone();
        let url = gate.authorise(&hop.url, &mut headers).await?;
        self.client()?
            .request(hop.method.clone(), url)
            .headers(headers)
            .body(counted(&hop.body, gate.counter()))
            .timeout(ends.saturating_duration_since(Instant::now()))
            .send()
            .await
            .map_err(|error| explain(&error, &hop.url))
    }

    fn client(&self) -> Result<&reqwest::Client, EgressError> {
        if let Some(client) = self.inner.client.get() {
            return Ok(client);
        }
        let policy = &self.inner.policy;
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(resolve::FloorResolver {
                allow: policy.allow.clone().into(),
            }))
            .connect_timeout(policy.connect_timeout)
            .user_agent(concat!("skillgate/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| EgressError::Client(error.to_string()))?;
        Ok(self.inner.client.get_or_init(|| client))
    }
}

/// The answer with its body counted.
fn answer(response: reqwest::Response, most: u64) -> http::Response<Body> {
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
    head.map(|()| StreamBody::new(frames).boxed_unsync())
}

/// What went wrong, from the chain of causes. The URL that was sent may hold a secret in its
/// query, and reqwest's own text shows it, so only `url`, as it was asked for, is shown.
fn explain(error: &reqwest::Error, url: &Url) -> EgressError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(blocked) = inner.downcast_ref::<Blocked>() {
            return EgressError::Blocked(blocked.clone());
        }
        if let Some(resolve::NoAddress(name)) = inner.downcast_ref() {
            return EgressError::Dns(name.clone());
        }
        cause = inner.source();
    }
    let place = url.host_str().unwrap_or_default().to_owned();
    match error {
        e if e.is_timeout() => EgressError::Timeout,
        e if e.is_connect() => EgressError::Connect(place),
        e if e.is_builder() => EgressError::BadRequest("it cannot be sent as it is".into()),
        _ => EgressError::Exchange(format!("{place} broke it off")),
    }
}
