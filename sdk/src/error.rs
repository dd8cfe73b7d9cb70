//! Why a tool gave no result.

use std::error::Error;
use std::fmt;

/// Why a call gave no result. The text is shown to the model: say what was wrong and what to do.
///
/// Any standard error becomes [`ToolError::Failed`] through `?`. (For that to be possible this type
/// is no [`std::error::Error`] itself.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolError {
    /// The arguments do not fit the schema or make no sense.
    InvalidArguments(String),
    /// The host refused something the tool needed.
    Denied(String),
    /// Something outside is missing or does not answer; trying later may help.
    Unavailable(String),
    /// Anything else.
    Failed(String),
}

impl ToolError {
    /// The arguments do not fit the schema or make no sense.
    pub fn invalid_arguments(message: impl Into<String>) -> Self {
        Self::InvalidArguments(message.into())
    }

    /// The host refused something the tool needed.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::Denied(message.into())
    }

    /// Something outside is missing or does not answer; trying later may help.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable(message.into())
    }

    /// Anything else.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// The text for the model.
    pub fn message(&self) -> &str {
        let (Self::InvalidArguments(message)
        | Self::Denied(message)
        | Self::Unavailable(message)
        | Self::Failed(message)) = self;
        message
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message())
    }
}

/// The error's text and those of its sources, joined by `: `.
impl<E: Error> From<E> for ToolError {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::Failed(message)
    }
}
