//! Requests to the web, through the host, which checks each destination against the manifest's
//! rules, follows redirects, and puts secrets in.

mod address;
mod response;

use std::time::Duration;

use serde::Serialize;

pub(crate) use address::Address;
pub use response::Response;

use crate::{ToolError, host};

/// What a body may hold unless [`Request::max_body`] says otherwise: 4 MiB.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// How long each step (connect, first byte, between bytes) may take unless [`Request::timeout`] says otherwise.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A request that is being made up; [`Request::send`] sends it.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) max_body: usize,
    pub(crate) timeout: Duration,
}

/// A GET request.
pub fn get(url: impl Into<String>) -> Request {
    Request::new("GET", url)
}

/// A POST request.
pub fn post(url: impl Into<String>) -> Request {
    Request::new("POST", url)
}

impl Request {
    /// A request with any method; the URL starts with `https://` or `http://`.
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self {
            method: method.to_ascii_uppercase(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            max_body: MAX_BODY,
            timeout: TIMEOUT,
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the body to JSON, and the content type with it.
    ///
    /// # Errors
    /// When the value has no JSON form.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Result<Self, ToolError> {
        let body = serde_json::to_vec(value)?;
        Ok(self.header("content-type", "application/json").body(body))
    }

    /// How many bytes the answer's body may have.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// How long each step may take: connecting, the wait for the first byte, and for each next one.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The method, in capitals.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The URL as it was given.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The first header of that name, if there is one.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        response::find(&self.headers, name)
    }

    /// The body; empty when there is none.
    pub fn body_bytes(&self) -> &[u8] {
        &self.body
    }

    /// Sends the request and waits for the whole answer. An answer with a status such as 404 is
    /// an answer; see [`Response::success`].
    ///
    /// # Errors
    /// [`ToolError::InvalidArguments`] for a URL that is none, [`ToolError::Denied`] when the host
    /// does not allow the destination, [`ToolError::Unavailable`] when it can't be reached,
    /// [`ToolError::Failed`] for a body over the limit and anything else.
    pub fn send(self) -> Result<Response, ToolError> {
        Address::parse(&self.url)?;
        host::http::send(self)
    }

    pub(crate) fn body_too_large(&self) -> ToolError {
        let Self { url, max_body, .. } = self;
        ToolError::Failed(format!("{url}: the answer has more than {max_body} bytes"))
    }
}
