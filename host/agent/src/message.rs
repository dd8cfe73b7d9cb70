//! Messages as no provider has them and every provider's can be mapped to, both ways.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who said a message. What tools answered is said by the user's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person or program that talks to the agent, and the results of tools.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who said it.
    pub role: Role,
    /// What was said, in order.
    pub parts: Vec<Part>,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Part {
    /// Plain text.
    Text {
        /// The text, UTF-8.
        text: String,
    },
    /// The model wants a tool to be called.
    ToolCall {
        /// The provider's id of this call; the result carries the same.
        id: String,
        /// `<skill>__<tool>`, see [`crate::tool_name`].
        name: String,
        /// A JSON object; anything else is what the model got wrong, and is answered with an error.
        arguments: Value,
    },
    /// What a tool answered.
    ToolResult {
        /// The id of the call.
        id: String,
        /// The name that the call had.
        name: String,
        /// The answer as text.
        content: String,
        /// Whether the tool failed.
        is_error: bool,
    },
    /// A block that only its provider understands (reasoning with its signature); sent back unchanged
    /// to that provider, and to no other.
    Reasoning {
        /// [`crate::Provider::name`] of the provider that made it.
        provider: String,
        /// The provider's own block.
        opaque: Value,
    },
    /// A picture.
    Image {
        /// For example `image/png`.
        mime_type: String,
        /// The bytes in base64.
        data: String,
    },
}

impl Message {
    /// A text that the user said.
    pub fn user(text: impl Into<String>) -> Self {
        Self::text_of(Role::User, text.into())
    }

    /// A text that the model said.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::text_of(Role::Assistant, text.into())
    }

    fn text_of(role: Role, text: String) -> Self {
        let parts = vec![Part::Text { text }];
        Self { role, parts }
    }

    /// The text parts, one after the other.
    pub fn text(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Text { text } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// The tool calls in it, in order: id, name, arguments.
    pub fn tool_calls(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.parts.iter().filter_map(|part| match part {
            Part::ToolCall {
                id,
                name,
                arguments,
            } => Some((id.as_str(), name.as_str(), arguments)),
            _ => None,
        })
    }
}

/// Why an answer, or a whole turn, ended. On the wire a snake_case string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The model said all it had to say.
    EndTurn,
    /// The answer, or the turn's budget of tokens, is used up.
    MaxTokens,
    /// A stop sequence was produced.
    StopSequence,
    /// The model waits for tools. Never the reason of a whole turn.
    ToolUse,
    /// The model paused a long answer; sent back, it goes on.
    PauseTurn,
    /// The model declined.
    Refusal,
    /// The conversation is longer than the model's window.
    ModelContextWindowExceeded,
    /// The turn's budget of model calls is used up.
    MaxSteps,
    /// The turn's budget of tool calls is used up.
    MaxToolCalls,
    /// The turn's budget of bytes in its journal is used up.
    MaxBytes,
    /// The turn's wall time is used up.
    Timeout,
    /// The turn was cancelled from outside.
    Cancelled,
    /// The turn failed; the error beside it says why.
    Error,
    /// A reason that this version does not know. What the provider called it is kept nowhere: a word of foreign
    /// choice would go into lists, logs and streams.
    #[serde(other)]
    Other,
}

/// Tokens used, as the provider counts them. The four do not overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// Input that was neither read from nor written to the provider's cache.
    pub input_tokens: u64,
    /// Output, reasoning included.
    pub output_tokens: u64,
    /// Input read from the provider's cache.
    pub cache_read_tokens: u64,
    /// Input written to the provider's cache.
    pub cache_write_tokens: u64,
}

impl Usage {
    /// All input, cached or not.
    pub fn all_input(&self) -> u64 {
        self.input_tokens
            .saturating_add(self.cache_read_tokens)
            .saturating_add(self.cache_write_tokens)
    }

    /// Input and output together: what a budget counts.
    pub fn total(&self) -> u64 {
        self.all_input().saturating_add(self.output_tokens)
    }

    /// Both sums, field by field; stays at the maximum rather than overflow.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cache_read_tokens: self
                .cache_read_tokens
                .saturating_add(other.cache_read_tokens),
            cache_write_tokens: self
                .cache_write_tokens
                .saturating_add(other.cache_write_tokens),
        }
    }
}
