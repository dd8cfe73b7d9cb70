//! The form of a script, and the answers it stands for.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Completion, Message, Part, ProviderError, Role, StopReason, Usage};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    pub(super) turns: Vec<ScriptTurn>,
    #[serde(default)]
    pub(super) repeat: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ScriptTurn {
    #[serde(default)]
    pub(super) parts: Vec<ScriptPart>,
    stop_reason: Option<StopReason>,
    #[serde(default)]
    usage: Usage,
    pub(super) error: Option<ScriptFailure>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ScriptPart {
    Text {
        text: String,
    },
    ToolCall {
        name: String,
        #[serde(default = "empty")]
        arguments: Value,
    },
    Wait {
        milliseconds: u64,
    },
}

fn empty() -> Value {
    Value::Object(Map::new())
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ScriptFailure {
    pub(super) code: String,
    #[serde(default)]
    message: String,
    /// Seconds.
    retry_after: Option<u32>,
}

impl ScriptTurn {
    pub(super) fn calls_tools(&self) -> bool {
        let is_call = |part: &ScriptPart| matches!(part, ScriptPart::ToolCall { .. });
        self.parts.iter().any(is_call)
    }

    /// Whether the next turn answers the same message of the user.
    pub(super) fn goes_on(&self) -> bool {
        self.calls_tools() || self.error.is_some()
    }

    /// The complete answer; the calls' ids carry the place of the turn and of the call in it.
    pub(super) fn answer(&self, place: usize) -> Completion {
        let mut parts: Vec<Part> = Vec::new();
        for (number, part) in self.parts.iter().enumerate() {
            match (part, parts.last_mut()) {
                (ScriptPart::Text { text: more }, Some(Part::Text { text })) => text.push_str(more),
                (ScriptPart::Text { text }, _) => parts.push(Part::Text { text: text.clone() }),
                (ScriptPart::ToolCall { name, arguments }, _) => parts.push(Part::ToolCall {
                    id: format!("script_{place}_{number}"),
                    name: name.clone(),
                    arguments: arguments.clone(),
                }),
                (ScriptPart::Wait { .. }, _) => {}
            }
        }
        let usual = match self.calls_tools() {
            true => StopReason::ToolUse,
            false => StopReason::EndTurn,
        };
        let role = Role::Assistant;
        Completion {
            message: Message { role, parts },
            usage: self.usage,
            stop_reason: self.stop_reason.clone().unwrap_or(usual),
        }
    }
}

impl ScriptFailure {
    pub(super) fn to_error(&self) -> Option<ProviderError> {
        let message = self.message.clone();
        let retry_after = self.retry_after.map(|n| Duration::from_secs(n.into()));
        let all = [
            ProviderError::Unauthorized(message.clone()),
            ProviderError::Forbidden(message.clone()),
            ProviderError::NotFound(message.clone()),
            ProviderError::TooLarge(message.clone()),
            ProviderError::RateLimited { retry_after },
            ProviderError::Overloaded { retry_after },
            ProviderError::Server(message.clone()),
            ProviderError::BadRequest(message.clone()),
            ProviderError::Garbage(message.clone()),
            ProviderError::AnswerTooLarge(message.clone()),
            ProviderError::CutOff,
            ProviderError::Unreachable(message),
            ProviderError::TimedOut,
        ];
        all.into_iter().find(|error| error.code() == self.code)
    }
}
