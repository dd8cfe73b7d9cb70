//! The Messages API of Anthropic, streaming, over HTTP.
//!
//! `POST {base}/v1/messages` with `x-api-key` and `anthropic-version: 2023-06-01`; the answer is a stream of
//! server-sent events. `request` makes the body, `stream` reads the events, `error` the failures.

mod error;
mod request;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream as streams};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Response, StatusCode, Url};
use sse_stream::{Sse, SseByteStream};

use crate::provider::{ProviderConnection, ProviderKind, ProviderService, excerpt};
use crate::{Delta, DeltaStream, HttpClient, Provider, ProviderError, Request};
use error::Quotes;
use stream::Decoder;

/// Where the vendor's own client goes when `ANTHROPIC_BASE_URL` is not set.
pub const DEFAULT_BASE_URL: &str = "https://api.anthropic.com";

const NAME: &str = "anthropic";
/// The version of the protocol; the only one that is documented.
const VERSION: &str = "2023-06-01";
/// The most bytes that are read of an error's body.
const LARGEST_ERROR: usize = 64 << 10;
/// How long to wait for the end of the body once the answer is whole.
const LAST_CHUNK: Duration = Duration::from_millis(20);

/// All that the host knows of it.
pub(super) const KIND: ProviderKind = ProviderKind {
    name: NAME,
    service: Some(ProviderService {
        title: "Anthropic",
        secret: "anthropic_api_key",
        secret_field: "anthropicApiKey",
        api_key_variable: "ANTHROPIC_API_KEY",
        base_url_variable: "ANTHROPIC_BASE_URL",
        model_variable: "ANTHROPIC_MODEL",
        default_base_url: DEFAULT_BASE_URL,
    }),
    default_model: "claude-sonnet-4-6",
    connect: |connection| {
        let ProviderConnection {
            http,
            base_url,
            api_key,
            ..
        } = connection;
        Ok(Arc::new(Anthropic::new(http, base_url, api_key)?))
    },
};

/// Anthropic, or anything that speaks its protocol.
#[derive(Clone, Debug)]
pub struct Anthropic {
    http: HttpClient,
    endpoint: Url,
    key: HeaderValue,
}

impl Anthropic {
    /// `base_url` is what `ANTHROPIC_BASE_URL` holds: without `/v1`; a path in it is kept.
    ///
    /// # Errors
    /// [`ProviderError::BadRequest`] when the address is no `http` or `https` URL, and
    /// [`ProviderError::Unauthorized`] when the key can't be sent in a header.
    pub fn new(http: HttpClient, base_url: &str, key: &str) -> Result<Self, ProviderError> {
        let refused = |why: &str| {
            ProviderError::BadRequest(format!(
                "ANTHROPIC_BASE_URL is {base_url:?}: {why}; it has the form {DEFAULT_BASE_URL}"
            ))
        };
        let text = format!("{}/v1/messages", base_url.trim().trim_end_matches('/'));
        let endpoint = Url::parse(&text).map_err(|error| refused(&error.to_string()))?;
        if !matches!(endpoint.scheme(), "http" | "https") {
            return Err(refused("not an http or https address"));
        }
        let unsendable =
            |_| ProviderError::Unauthorized("it has characters that no key has".into());
        let mut key = HeaderValue::from_str(key.trim()).map_err(unsendable)?;
        key.set_sensitive(true);
        Ok(Self {
            http,
            endpoint,
            key,
        })
    }
}

impl Anthropic {
    async fn refusal(&self, response: Response) -> ProviderError {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = beginning(response).await;
        error::from_status(status, &headers, &body, &self.quotes())
    }

    fn quotes(&self) -> Quotes {
        Quotes::new(self.key.to_str().unwrap_or_default())
    }
}

/// The first bytes of a body, as text; as far as it could be read.
async fn beginning(response: Response) -> String {
    let mut chunks = response.bytes_stream();
    let mut start: Vec<u8> = Vec::new();
    while let Ok(Some(chunk)) = chunks.try_next().await {
        let room = LARGEST_ERROR - start.len();
        start.extend(chunk.iter().take(room));
        if start.len() == LARGEST_ERROR {
            break;
        }
    }
    String::from_utf8_lossy(&start).into_owned()
}

#[async_trait]
impl Provider for Anthropic {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn stream(&self, request: &Request) -> Result<DeltaStream, ProviderError> {
        let sent = self
            .http
            .get()?
            .post(self.endpoint.clone())
            .header("x-api-key", self.key.clone())
            .header("anthropic-version", VERSION)
            .header(ACCEPT, "text/event-stream")
            .json(&request::body(request))
            .send();
        let response = sent.await.map_err(unreachable)?;
        if response.status() != StatusCode::OK {
            return Err(self.refusal(response).await);
        }
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("text/event-stream") {
            let kind = kind.to_owned();
            let text = beginning(response).await;
            let said = self.quotes().excerpt(&format!("{kind}: {text}"));
            return Err(ProviderError::Garbage(said));
        }
        let bytes = bounded(response.bytes_stream(), request.limits.wire_bytes);
        Ok(deltas(bytes, Decoder::new(request.limits, self.quotes())).boxed())
    }
}

/// Deltas until [`Delta::End`] or the first error. A stream that stops before its end is cut off.
fn deltas(
    bytes: impl Stream<Item = Result<Bytes, ReadError>> + Send + 'static,
    decoder: Decoder,
) -> impl Stream<Item = Result<Delta, ProviderError>> + Send {
    let events = Box::pin(SseByteStream::new(bytes));
    let state = Some((events, decoder));
    streams::unfold(state, |state| async move {
        let (mut events, mut decoder) = state?;
        loop {
            let item = match events.next().await {
                None => Err(ProviderError::CutOff),
                Some(Err(error)) => Err(broken(error, decoder.quotes())),
                Some(Ok(Sse { data: None, .. })) => continue,
                Some(Ok(Sse {
                    data: Some(data), ..
                })) => decoder.event(&data),
            };
            match item {
                Ok(None) => {}
                Ok(Some(delta @ Delta::Text(_))) => {
                    return Some((Ok(delta), Some((events, decoder))));
                }
                Ok(Some(end @ Delta::End(_))) => {
                    // A body that was read to its end leaves the connection free for the next request.
                    let _ = tokio::time::timeout(LAST_CHUNK, events.next()).await;
                    return Some((Ok(end), None));
                }
                Err(error) => return Some((Err(error), None)),
            }
        }
    })
}

/// Why the bytes of an answer ended early.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("{0}")]
    Network(reqwest::Error),
    #[error("more than {0} bytes on the wire")]
    TooLong(usize),
}

fn bounded(
    bytes: impl Stream<Item = reqwest::Result<Bytes>>,
    most: usize,
) -> impl Stream<Item = Result<Bytes, ReadError>> {
    let mut left = most;
    bytes.map(move |chunk| {
        let chunk = chunk.map_err(ReadError::Network)?;
        let rest = left.checked_sub(chunk.len());
        left = rest.ok_or(ReadError::TooLong(most))?;
        Ok(chunk)
    })
}

fn broken(error: sse_stream::Error, quotes: &Quotes) -> ProviderError {
    let sse_stream::Error::Body(source) = error else {
        return ProviderError::Garbage(quotes.excerpt(&error.to_string()));
    };
    match source.downcast_ref::<ReadError>() {
        Some(ReadError::Network(error)) if error.is_timeout() => ProviderError::TimedOut,
        Some(ReadError::TooLong(_)) => ProviderError::AnswerTooLarge(source.to_string()),
        _ => ProviderError::CutOff,
    }
}

fn unreachable(error: reqwest::Error) -> ProviderError {
    if error.is_timeout() && !error.is_connect() {
        return ProviderError::TimedOut;
    }
    // The innermost cause says it best: "Connection refused", "invalid peer certificate".
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    ProviderError::Unreachable(excerpt(&cause.to_string()))
}

#[cfg(test)]
mod tests;
