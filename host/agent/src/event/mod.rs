//! What a client that chats sees of a run.

mod queue;

pub use queue::{EventReceiver, EventSender, event_queue};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{StopReason, ToolOrigin};

/// One event of the chat stream; its JSON is what the API sends. [`Event::Done`] or [`Event::Error`]
/// is the last of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Event {
    /// A further piece of the answer.
    Text {
        /// To be appended to what came before.
        content: String,
    },
    /// A call of a tool waits for a person.
    Waiting {
        /// Which run waits.
        run_id: String,
        /// The task that is to be decided.
        task_id: String,
    },
    /// A tool is about to run.
    ToolCall {
        /// The call's id.
        id: String,
        /// `<skill>__<tool>`.
        name: String,
        /// What it is called with.
        arguments: Value,
        /// The skill that offers the tool.
        #[serde(flatten)]
        origin: ToolOrigin,
    },
    /// A tool has ended.
    ToolResult {
        /// The call's id.
        id: String,
        /// `<skill>__<tool>`.
        name: String,
        /// What the model is told.
        content: String,
        /// Whether it failed.
        is_error: bool,
        /// The skill that offers the tool.
        #[serde(flatten)]
        origin: ToolOrigin,
    },
    /// What the whole run used, once, before its last event.
    Usage {
        /// All input tokens, cached or not.
        input_tokens: u64,
        /// All output tokens.
        output_tokens: u64,
    },
    /// The run ended.
    Done {
        /// Which run.
        run_id: String,
        /// Why it ended.
        stop_reason: StopReason,
    },
    /// The run failed.
    Error {
        /// A stable word for programs, for example `provider_rate_limited`.
        code: String,
        /// A sentence for people: what happened, and what to do.
        message: String,
    },
}
