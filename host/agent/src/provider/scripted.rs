//! A model that plays a script.
use std::path::Path;

use async_trait::async_trait;

use crate::{DeltaStream, Provider, ProviderError, Request};

/// Plays a script and records what it was asked.
#[derive(Debug)]
pub struct Scripted {}

/// The script can't be played.
#[derive(Debug, thiserror::Error)]
#[error("the script can't be read: {0}")]
pub struct ScriptError(pub String);

impl Scripted {
    /// Reads a script.
    ///
    /// # Errors
    /// When it is not of the form above; the text names line and column.
    pub fn from_json(script: &str) -> Result<Self, ScriptError> {
        let _ = script;
        Ok(Self {})
    }

    /// Also appends each request as one line of JSON to this file.
    ///
    /// # Errors
    /// When the file can't be opened for appending.
    pub fn recording_to(self, path: &Path) -> Result<Self, ScriptError> {
        let _ = path;
        Ok(self)
    }

    /// What it was asked so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        Vec::new()
    }
}

#[async_trait]
impl Provider for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    async fn stream(&self, _request: &Request) -> Result<DeltaStream, ProviderError> {
        Err(ProviderError::CutOff)
    }
}
