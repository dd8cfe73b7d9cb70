//! Anthropic Messages.
use async_trait::async_trait;
use reqwest::header::HeaderValue;

use crate::{DeltaStream, Provider, ProviderError, Request};

/// Where the vendor's own client goes when `ANTHROPIC_BASE_URL` is not set.
pub const DEFAULT_BASE_URL: &str = "https://api.anthropic.com";

/// The Messages API of Anthropic, or of anything that speaks it.
#[derive(Clone, Debug)]
pub struct Anthropic {
    http: reqwest::Client,
    endpoint: reqwest::Url,
    key: HeaderValue,
}

impl Anthropic {
    /// `base_url` is what `ANTHROPIC_BASE_URL` holds: without `/v1`; a path in it is kept.
    ///
    /// # Errors
    /// [`ProviderError::BadRequest`] when the address is no `http` or `https` URL, and
    /// [`ProviderError::Unauthorized`] when the key can't be sent in a header.
    pub fn new(http: reqwest::Client, base_url: &str, key: &str) -> Result<Self, ProviderError> {
        let _ = (http, base_url, key);
        Err(ProviderError::CutOff)
    }
}

#[async_trait]
impl Provider for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    async fn stream(&self, _request: &Request) -> Result<DeltaStream, ProviderError> {
        let _ = (&self.http, &self.endpoint, &self.key);
        Err(ProviderError::CutOff)
    }
}
