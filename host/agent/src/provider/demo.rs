//! The demo model.
use async_trait::async_trait;

use crate::{DeltaStream, Provider, ProviderError, Request};

/// No language model: calls the tool that the message names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Demo;

#[async_trait]
impl Provider for Demo {
    fn name(&self) -> &'static str {
        "demo"
    }

    async fn stream(&self, _request: &Request) -> Result<DeltaStream, ProviderError> {
        Err(ProviderError::CutOff)
    }
}
