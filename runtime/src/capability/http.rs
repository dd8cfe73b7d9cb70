//! `wasi:http/outgoing-handler`: requests through the egress door, by the rules that were both
//! asked for and granted, with secrets put in by the host after the destination was allowed.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt as _, Limited};
use skillgate_skill::{Denial, Injection, Permissions, SecretPermission};
use tokio::sync::OwnedSemaphorePermit;
use url::{Host, Url};
use wasmtime_wasi_http::p2::bindings::{LinkOptions, http as wasi_http};
use wasmtime_wasi_http::{
    Error as HttpError, RequestOptions, WasiBody, WasiHttp, WasiHttpHooks, WasiHttpView,
};

use super::Capability;
use crate::egress::{ByteCounter, EgressError, Held, RequestPolicy};
use crate::secret::Secret;
use crate::state::{Shared, State};

/// All that linking and loading know of it.
pub(super) const CAPABILITY: Capability = Capability {
    interfaces: &["wasi:http/types", "wasi:http/outgoing-handler"],
    is_in: |permissions| !permissions.http.is_empty(),
    part_of: |permissions| Permissions {
        http: permissions.http.clone(),
        ..Permissions::default()
    },
    link: |linker| {
        let options = LinkOptions::default();
        wasi_http::outgoing_handler::add_to_linker::<State, WasiHttp>(linker, State::http)?;
        wasi_http::types::add_to_linker::<State, WasiHttp>(linker, &(&options).into(), State::http)
    },
    example: "metadata:\n  skillgate:\n    permissions:\n      http:\n        - GET https://the-host-it-needs.example/*\n",
};

/// Requests of one call under way at the same time, until their answers' bodies were read to the end or dropped; later
/// ones wait.
pub(crate) const MAX_REQUESTS: usize = 8;

/// wasmtime-wasi-http's way to our sender.
pub(crate) struct HttpHooks(pub(crate) Arc<Shared>);

/// The rest of an exchange that has to be driven: none, the client drives itself.
type Driver = Box<dyn Future<Output = Result<(), HttpError>> + Send>;

impl WasiHttpHooks for HttpHooks {
    /// The door sets the host header from the URL that was allowed.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _body_sent: Driver,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Driver), HttpError>> + Send> {
        let shared = Arc::clone(&self.0);
        Box::new(async move {
            let exchange = send(Arc::clone(&shared), request);
            let answer = match options.and_then(|options| options.first_byte_timeout) {
                Some(longest) => tokio::time::timeout(longest, exchange)
                    .await
                    .unwrap_or(Err(EgressError::Timeout)),
                None => exchange.await,
            };
            let answer = answer.map_err(|error| {
                if let Some(denial) = error.denial() {
                    shared.deny(denial);
                }
                for_guest(&error)
            })?;
            Ok((answer, Box::new(std::future::ready(Ok(()))) as Driver))
        })
    }
}

async fn send(
    shared: Arc<Shared>,
    request: Request<WasiBody>,
) -> Result<Response<WasiBody>, EgressError> {
    let (head, body) = request.into_parts();
    let most = shared.egress.policy().max_request_body;
    let request_policy = SkillRequestPolicy {
        shared: Arc::clone(&shared),
        sent: std::sync::atomic::AtomicUsize::new(usize::MAX),
    };
    // Before the body is read: a request that is not allowed should not wait for it.
    let url = Url::parse(&head.uri.to_string())
        .map_err(|error| EgressError::BadRequest(error.to_string()))?;
    request_policy
        .permits(&head.method, &url)
        .map_err(EgressError::Denied)?;
    let under_way = under_way(&shared).await?;
    let connection = shared.egress.place(&shared.account).await?;
    let body = Limited::new(body, usize::try_from(most).unwrap_or(usize::MAX))
        .collect()
        .await
        .map_err(|_| EgressError::RequestTooLarge(most))?
        .to_bytes();
    let answer = shared
        .egress
        .fetch_in(connection, Request::from_parts(head, body), &request_policy)
        .await?;
    let place = request_policy.sent.into_inner();
    let counting = Arc::clone(&shared);
    Ok(answer.map(|body| {
        let counted = body.map_frame(move |frame| {
            counting
                .uses()
                .add_bytes(place, frame.data_ref().map_or(0, |data| data.len() as u64));
            frame
        });
        let counted = counted.map_err(|error| for_guest(&error));
        Held::new(counted, under_way).boxed_unsync()
    }))
}

/// Waits for one of the call's own requests to end, where it has as many under way as it may.
async fn under_way(shared: &Shared) -> Result<OwnedSemaphorePermit, EgressError> {
    let patience = shared.egress.policy().limits.place_timeout;
    let waiting = shared.requests().acquire_owned();
    match tokio::time::timeout(patience, waiting).await {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(EgressError::Busy(patience)),
    }
}

/// The skill's own policy at the egress door.
struct SkillRequestPolicy {
    shared: Arc<Shared>,
    /// Where in the receipt the last hop stands.
    sent: std::sync::atomic::AtomicUsize,
}

impl SkillRequestPolicy {
    fn permits(&self, method: &Method, url: &Url) -> Result<(), Denial> {
        self.shared.effective.http(method.as_str(), url)
    }
}

#[async_trait]
impl RequestPolicy for SkillRequestPolicy {
    fn account(&self) -> &str {
        &self.shared.account
    }

    fn allow(&self, method: &Method, url: &Url) -> Result<(), Denial> {
        self.permits(method, url)?;
        let destination = format!(
            "{method} {}{}",
            url.origin().ascii_serialization(),
            url.path()
        );
        // What a query says stays out of the receipt; how much it says does not.
        let query = url.query().map_or(0, str::len) as u64;
        let place = self.shared.uses().record("http", destination, query);
        self.sent.store(place, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }

    async fn authorise(&self, url: &Url, headers: &mut HeaderMap) -> Result<Url, EgressError> {
        let (asked, mut url) = (url, url.clone());
        let host = url.host_str().unwrap_or_default().to_owned();
        for permission in self.shared.effective.secrets_for(&host) {
            if let Some(secret) = self.shared.secrets.value(&permission.name).await {
                check_privacy(permission, asked)?;
                inject(permission, &secret, &mut url, headers)?;
                self.shared
                    .uses()
                    .record("secrets", format!("{} to {host}", permission.name), 0);
            }
        }
        Ok(url)
    }

    fn counter(&self) -> Option<ByteCounter> {
        let place = self.sent.load(std::sync::atomic::Ordering::Relaxed);
        let shared = Arc::clone(&self.shared);
        Some(Arc::new(move |bytes| shared.uses().add_bytes(place, bytes)))
    }
}

/// A secret travels under TLS, or stays on this machine.
fn check_privacy(permission: &SecretPermission, url: &Url) -> Result<(), EgressError> {
    let on_this_machine = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if url.scheme() == "https" || on_this_machine {
        return Ok(());
    }
    let tried = format!(
        "the secret {} over {}",
        permission.name,
        url.origin().ascii_serialization()
    );
    let reason = "a secret is not sent without encryption; ask for the host's https:// address";
    Err(EgressError::Denied(Denial::impossible(tried, reason)))
}

/// Puts a secret where the manifest says; what the guest put there itself is replaced.
fn inject(
    permission: &SecretPermission,
    secret: &Secret,
    url: &mut Url,
    headers: &mut HeaderMap,
) -> Result<(), EgressError> {
    // A header's value neither begins nor ends with white space (RFC 9110, section 5.5), and what comes from a file often does.
    let value = secret.expose().trim();
    let (name, value) = match &permission.inject {
        Injection::Bearer => (header::AUTHORIZATION, format!("Bearer {value}")),
        Injection::Basic { user } => (
            header::AUTHORIZATION,
            format!("Basic {}", BASE64.encode(format!("{user}:{value}"))),
        ),
        Injection::Header { name, prefix } => {
            let name = HeaderName::try_from(name).map_err(|_| unusable(permission))?;
            (
                name,
                [prefix.as_str(), value].join(if prefix.is_empty() { "" } else { " " }),
            )
        }
        Injection::Query { name } => {
            set_query(url, name, value);
            return Ok(());
        }
    };
    let mut value = HeaderValue::try_from(value).map_err(|_| unusable(permission))?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

fn set_query(url: &mut Url, name: &str, value: &str) {
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| key != name)
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair(name, value);
}

fn unusable(permission: &SecretPermission) -> EgressError {
    EgressError::BadRequest(format!(
        "the secret {} holds characters that cannot be sent in a header",
        permission.name
    ))
}

/// What the guest is told: the standard's error codes, without the host's details.
fn for_guest(error: &EgressError) -> HttpError {
    match error {
        EgressError::Denied(_) => HttpError::HttpRequestDenied,
        EgressError::Blocked(_) => HttpError::DestinationIpProhibited,
        EgressError::Dns(_) => HttpError::DestinationNotFound,
        EgressError::DnsTimeout(_) => HttpError::DnsTimeout,
        EgressError::Busy(_) => HttpError::ConnectionLimitReached,
        EgressError::Connect(_) => HttpError::ConnectionRefused,
        EgressError::Timeout => HttpError::ConnectionTimeout,
        EgressError::TooManyRedirects(_) => HttpError::LoopDetected,
        EgressError::RequestTooLarge(most) => HttpError::HttpRequestBodySize(Some(*most)),
        EgressError::HeadTooLarge(most) => {
            HttpError::HttpResponseHeaderSectionSize(u32::try_from(*most).ok())
        }
        EgressError::ResponseTooLarge(most) => HttpError::HttpResponseBodySize(Some(*most)),
        EgressError::BadRedirect(_) | EgressError::BadRequest(_) => {
            HttpError::HttpRequestUriInvalid
        }
        EgressError::Exchange(_) => HttpError::HttpProtocolError,
        EgressError::Client(_) => HttpError::ConfigurationError,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn injected(how: &str, url: &str) -> (String, HeaderMap) {
        let permission = SecretPermission {
            name: "TOKEN".into(),
            inject: how.parse().unwrap(),
            host: "a.example".into(),
        };
        let mut url = Url::parse(url).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(
            header::AUTHORIZATION,
            HeaderValue::from_static("the guest's own"),
        );
        inject(
            &permission,
            &Secret::new("s3cret\n"),
            &mut url,
            &mut headers,
        )
        .unwrap();
        (url.into(), headers)
    }

    #[test]
    fn each_way_of_injection_writes_what_it_says() {
        let (_, headers) = injected("bearer", "https://a.example/");
        assert_eq!(headers["authorization"], "Bearer s3cret");
        let (_, headers) = injected("basic ada", "https://a.example/");
        assert_eq!(headers["authorization"], "Basic YWRhOnMzY3JldA==");
        let (_, headers) = injected("header x-api-key", "https://a.example/");
        assert_eq!(headers["x-api-key"], "s3cret");
        let (_, headers) = injected("header x-auth Token", "https://a.example/");
        assert_eq!(headers["x-auth"], "Token s3cret");
        let (url, _) = injected("query key", "https://a.example/?key=guess&q=a%20b");
        assert_eq!(url, "https://a.example/?q=a+b&key=s3cret");
    }

    #[test]
    fn a_secret_is_not_sent_in_the_clear() {
        let permission = SecretPermission {
            name: "TOKEN".into(),
            inject: "bearer".parse().unwrap(),
            host: "a.example".into(),
        };
        let sent = |url: &str| check_privacy(&permission, &Url::parse(url).unwrap()).is_ok();
        assert!(sent("https://a.example/"));
        assert!(
            sent("http://127.0.0.1:8000/") && sent("http://[::1]/") && sent("http://localhost/")
        );
        assert!(!sent("http://a.example/") && !sent("http://10.0.0.1/"));
    }

    #[test]
    fn an_injected_header_is_marked_so_that_it_is_not_logged() {
        let (_, headers) = injected("bearer", "https://a.example/");
        assert!(headers["authorization"].is_sensitive());
        assert!(!format!("{headers:?}").contains("s3cret"));
    }
}
