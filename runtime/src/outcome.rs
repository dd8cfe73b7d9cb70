//! What a call ended in: exactly one of the tool's answer, the guest's fault, a denial, a limit, or
//! the caller's wish to end it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Serialize, Serializer};
use serde_json::Value;
use skillgate_skill::Denial;

use crate::receipt::Receipt;

/// What [`Skill::call`](crate::Skill::call) gives back: how the call ended, and the record of it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// How the call ended.
    pub outcome: Outcome,
    /// What it used and how long it took. Holds no secret.
    pub receipt: Receipt,
}

/// How one call ended. A fault of the host itself is none of these: it is a [`HostFault`](crate::HostFault).
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Outcome {
    /// The tool answered.
    Result(ToolResult),
    /// The tool answered that it could not do it.
    Error(ToolError),
    /// The guest trapped, exited, or answered with something that breaks the contract.
    Fault(GuestFault),
    /// The guest needed something that was not both asked for and granted, and failed without it.
    Denied(Denial),
    /// The call reached one of its limits.
    Limit(LimitHit),
    /// The caller cancelled it: see [`Call::cancel`](crate::Call::cancel).
    Cancelled,
}

/// What a model is told of a call that was cancelled.
const CANCELLED: &str = "Stopped before it ended: whether it took effect is unknown.";

impl Outcome {
    /// One word for logs and receipts: `result`, `error`, `fault`, `denied`, `limit` or `cancelled`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Result(_) => "result",
            Self::Error(_) => "error",
            Self::Fault(_) => "fault",
            Self::Denied(_) => "denied",
            Self::Limit(_) => "limit",
            Self::Cancelled => "cancelled",
        }
    }

    /// The text that a model is shown, and whether it is an error.
    pub fn for_model(&self) -> (String, bool) {
        match self {
            Self::Result(result) => (result.text(), false),
            Self::Error(error) => (error.to_string(), true),
            Self::Fault(fault) => (fault.to_string(), true),
            Self::Denied(denial) => (denial.to_string(), true),
            Self::Limit(limit) => (limit.to_string(), true),
            Self::Cancelled => (CANCELLED.to_owned(), true),
        }
    }
}

/// A tool's answer, one to one with the result of the Model Context Protocol's `tools/call`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ToolResult {
    /// The pieces of the answer, in the tool's order.
    pub content: Vec<Content>,
    /// The same as JSON, when the tool has structured output.
    #[serde(rename = "structuredContent", skip_serializing_if = "Option::is_none")]
    pub structured: Option<Value>,
}

impl ToolResult {
    /// All text of the answer; what is not text is named, not shown. The structured form stands
    /// in when there is no other content.
    pub fn text(&self) -> String {
        if self.content.is_empty() {
            return self
                .structured
                .as_ref()
                .map(Value::to_string)
                .unwrap_or_default();
        }
        let pieces: Vec<String> = self.content.iter().map(Content::text).collect();
        pieces.join("\n")
    }
}

/// One piece of an answer, serialised as an MCP content block.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Content {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// The bytes; base64 when serialised.
        #[serde(serialize_with = "as_base64")]
        data: Vec<u8>,
        /// Its media type, such as `image/png`.
        mime_type: String,
    },
    /// A sound.
    Audio {
        /// The bytes; base64 when serialised.
        #[serde(serialize_with = "as_base64")]
        data: Vec<u8>,
        /// Its media type, such as `audio/wav`.
        mime_type: String,
    },
    /// Something that the reader may fetch itself.
    ResourceLink {
        /// Where it is.
        uri: String,
        /// What it is called.
        name: String,
        /// Its media type, when known.
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
    },
}

impl Content {
    fn text(&self) -> String {
        match self {
            Self::Text { text } => text.clone(),
            Self::Image { data, mime_type } => {
                format!("[image, {mime_type}, {} bytes]", data.len())
            }
            Self::Audio { data, mime_type } => {
                format!("[audio, {mime_type}, {} bytes]", data.len())
            }
            Self::ResourceLink { uri, name, .. } => format!("[{name}]({uri})"),
        }
    }
}

fn as_base64<S: Serializer>(data: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64.encode(data))
}

/// Why a tool gave no result, in the tool's own words (or the host's, for arguments that do not
/// fit the tool's schema).
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "kind", content = "message", rename_all = "snake_case")]
pub enum ToolError {
    /// The arguments do not fit the schema or make no sense.
    #[error("invalid arguments: {0}")]
    InvalidArguments(String),
    /// The tool says that the host refused something it needed.
    #[error("denied: {0}")]
    Denied(String),
    /// Something outside is missing or does not answer; trying later may help.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Anything else.
    #[error("failed: {0}")]
    Failed(String),
}

impl ToolError {
    /// The message without its kind.
    pub fn text(&self) -> &str {
        match self {
            Self::InvalidArguments(text)
            | Self::Denied(text)
            | Self::Unavailable(text)
            | Self::Failed(text) => text,
        }
    }
}

/// The guest broke: a trap, an exit, or an answer outside the contract.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[error("the skill's code failed: {message}")]
pub struct GuestFault {
    /// What happened, with the last line that the guest wrote to stderr when there is one.
    pub message: String,
}

/// The call reached a limit.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[error("the call reached its limit: {name} ({value})")]
pub struct LimitHit {
    /// Which limit: `timeout`, `memory`, `stack`, `output`, `host-calls`, `log-lines`, `host-memory`, …
    pub name: &'static str,
    /// The limit's value with its unit, such as `64 MiB`.
    pub value: String,
}
