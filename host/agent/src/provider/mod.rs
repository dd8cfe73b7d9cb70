//! Language models: what the loop asks of any of them. One file, or folder, for each.

pub mod anthropic;
pub mod demo;
mod http;
mod kind;
pub mod retry;
pub mod scripted;

use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Message, StopReason, ToolSpec, Usage};

pub use http::HttpClient;
pub use kind::{PROVIDERS, ProviderConnection, ProviderKind, ProviderService};

/// A model's answer as it comes: some [`Delta::Text`], then one [`Delta::End`], or an error at any place.
pub type DeltaStream = BoxStream<'static, Result<Delta, ProviderError>>;

/// A language model behind some protocol. Holds its own credential.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The name that `config.llmProvider` of an agent uses.
    fn name(&self) -> &'static str;

    /// Asks once; never retries by itself.
    ///
    /// # Errors
    /// When no answer began. What goes wrong later is an item of the stream.
    async fn stream(&self, request: &Request) -> Result<DeltaStream, ProviderError>;
}

/// What a model is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The provider's name of the model.
    pub model: String,
    /// The system prompt; may be empty.
    pub system: String,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// The tools that may be called.
    pub tools: Vec<ToolSpec>,
    /// The most tokens that the answer may have.
    pub max_tokens: u32,
    /// What of an answer is taken in. Not sent: how many tokens it used, only the provider says.
    #[serde(skip)]
    pub limits: AnswerLimits,
}

/// The most that is taken in of one answer, whatever its provider says that it is. More ends it with
/// [`ProviderError::AnswerTooLarge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerLimits {
    /// Bytes of text, reasoning, names and arguments. The longest answers of models have a hundred thousand tokens,
    /// which is less than half of the default of 1 MiB.
    pub bytes: usize,
    /// Content blocks. Real answers have a handful, and one for each tool call; the default is 512.
    pub blocks: usize,
    /// Bytes on the wire, in which a token of four bytes takes some 120: 16 MiB by default.
    pub wire_bytes: usize,
}

impl Default for AnswerLimits {
    fn default() -> Self {
        Self {
            bytes: 1 << 20,
            blocks: 512,
            wire_bytes: 16 << 20,
        }
    }
}

impl Request {
    /// SHA-256 of the request's JSON, lowercase hex.
    pub fn digest(&self) -> String {
        // A request is made of strings, numbers and JSON: it can always be written.
        hex::encode(Sha256::digest(serde_json::to_vec(self).unwrap_or_default()))
    }
}

/// A piece of a model's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// Further text, to be shown at once.
    Text(String),
    /// The whole answer, the text above included. Nothing follows.
    End(Completion),
}

/// A complete answer of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// Role assistant.
    pub message: Message,
    /// What it cost.
    pub usage: Usage,
    /// Why it ended.
    pub stop_reason: StopReason,
}

/// Why a provider gave no (whole) answer. Texts in it come from the provider and are cut short; the
/// credential is in none of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// 401: the credential is not accepted.
    #[error(
        "the provider did not accept the API key ({0}). Check the key in the agent's secrets or the operator's setting."
    )]
    Unauthorized(String),
    /// 403: the credential may not do this.
    #[error("the provider does not allow this API key to use the model ({0}).")]
    Forbidden(String),
    /// 404: usually an unknown model.
    #[error("the provider does not know what was asked for ({0}). Check `config.model`.")]
    NotFound(String),
    /// 413: the request has too many bytes.
    #[error("the conversation is too large for the provider ({0}). Start a new session.")]
    TooLarge(String),
    /// 429.
    #[error("the provider limits the rate of requests. Try again later.")]
    RateLimited {
        /// How long the provider wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// 529, or an overload that was told inside the stream.
    #[error("the provider is overloaded. Try again later.")]
    Overloaded {
        /// How long the provider wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// 500 and the like.
    #[error("the provider failed ({0}). Try again later.")]
    Server(String),
    /// 400 and the like: what was sent is not acceptable.
    #[error("the provider refused the request ({0}).")]
    BadRequest(String),
    /// What came back is not this protocol.
    #[error(
        "the provider answered with something that is not its protocol ({0}). Check the base address."
    )]
    Garbage(String),
    /// The answer has more than [`AnswerLimits`] allow.
    #[error("the provider's answer is too large ({0}), and was cut.")]
    AnswerTooLarge(String),
    /// The answer stopped before its end.
    #[error("the connection to the provider was lost in the middle of an answer.")]
    CutOff,
    /// No connection could be made.
    #[error(
        "the provider can't be reached ({0}). Check the network and the provider's base address."
    )]
    Unreachable(String),
    /// Nothing was heard for too long.
    #[error("the provider did not answer in time.")]
    TimedOut,
}

impl ProviderError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized(_) => "provider_unauthorized",
            Self::Forbidden(_) => "provider_forbidden",
            Self::NotFound(_) => "provider_not_found",
            Self::TooLarge(_) => "provider_too_large",
            Self::RateLimited { .. } => "provider_rate_limited",
            Self::Overloaded { .. } => "provider_overloaded",
            Self::Server(_) => "provider_failed",
            Self::BadRequest(_) => "provider_bad_request",
            Self::Garbage(_) => "provider_garbage",
            Self::AnswerTooLarge(_) => "provider_answer_too_large",
            Self::CutOff => "provider_cut_off",
            Self::Unreachable(_) => "provider_unreachable",
            Self::TimedOut => "provider_timed_out",
        }
    }

    /// Whether the same request may well succeed a little later.
    pub fn retryable(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::Overloaded { .. }
                | Self::Server(_)
                | Self::CutOff
                | Self::Unreachable(_)
                | Self::TimedOut
        )
    }

    /// How long the provider asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } | Self::Overloaded { retry_after } => *retry_after,
            _ => None,
        }
    }
}

/// The first part of a provider's text, on one line, for an error message.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 300;
    let short = text.trim().chars().take(LONGEST);
    short
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
