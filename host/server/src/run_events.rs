//! The events of a run, as they are streamed.

use axum::response::sse::Event;
use futures::stream;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use skillgate_service::{RunEvent, RunListener, StopReason, ToolOrigin, ToolOutcome};

use crate::event_stream::{EventStream, event_stream};

/// One event of a run. `done` or `error` is the last.
#[derive(Serialize, JsonSchema)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub(crate) enum RunEventView {
    /// A further piece of the answer.
    Text { content: String },
    /// A call of a tool waits for a person, until the task is decided.
    Waiting { run_id: String, task_id: String },
    /// A tool is about to run.
    ToolCall {
        id: String,
        name: String,
        arguments: Value,
        #[serde(flatten)]
        origin: OriginView,
    },
    /// A tool has ended.
    ToolResult {
        id: String,
        name: String,
        content: String,
        /// `result`, `error`, `fault`, `denied`, `limit`, `cancelled`, `busy`, `host_fault` or `unknown`.
        #[schemars(with = "String")]
        outcome: ToolOutcome,
        /// Whether the outcome is any but `result`.
        is_error: bool,
        #[serde(flatten)]
        origin: OriginView,
    },
    /// What the whole run used.
    Usage {
        input_tokens: u64,
        output_tokens: u64,
    },
    /// What came after the event of this id does not hold; `null` when nothing holds that came before.
    Reset { to_event: Option<String> },
    /// The run ended.
    Done {
        run_id: String,
        #[schemars(with = "String")]
        stop_reason: StopReason,
    },
    /// The run failed.
    Error { code: String, message: String },
}

/// The skill that offers a tool; both are `null` for the host's own tools.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OriginView {
    skill_id: Option<String>,
    skill_version: Option<String>,
}

impl From<ToolOrigin> for OriginView {
    fn from(origin: ToolOrigin) -> Self {
        Self {
            skill_id: origin.skill_id,
            skill_version: origin.skill_version,
        }
    }
}

impl From<RunEvent> for RunEventView {
    fn from(event: RunEvent) -> Self {
        match event {
            RunEvent::Text { content } => Self::Text { content },
            RunEvent::Waiting { run_id, task_id } => Self::Waiting { run_id, task_id },
            RunEvent::ToolCall {
                id,
                name,
                arguments,
                origin,
            } => Self::ToolCall {
                id,
                name,
                arguments,
                origin: origin.into(),
            },
            RunEvent::ToolResult {
                id,
                name,
                content,
                outcome,
                origin,
            } => Self::ToolResult {
                id,
                name,
                content,
                is_error: outcome.is_error(),
                outcome,
                origin: origin.into(),
            },
            RunEvent::Usage {
                input_tokens,
                output_tokens,
            } => Self::Usage {
                input_tokens,
                output_tokens,
            },
            RunEvent::Reset { to_event } => Self::Reset {
                to_event: to_event.map(|id| id.to_string()),
            },
            RunEvent::Done {
                run_id,
                stop_reason,
            } => Self::Done {
                run_id,
                stop_reason,
            },
            RunEvent::Error { code, message } => Self::Error { code, message },
        }
    }
}

/// Streams what a listener hears, each event with its id. Takes the next event only when the client has taken the last.
pub(crate) fn run_events(listener: RunListener) -> EventStream<RunEventView> {
    event_stream(stream::unfold(listener, async |mut listener| {
        let (id, event) = listener.next().await?;
        // An event is made of strings, numbers and JSON: it can always be written.
        let data = serde_json::to_string(&RunEventView::from(event)).unwrap_or_default();
        let event = Event::default().id(id.to_string()).data(data);
        Some((event, listener))
    }))
}
