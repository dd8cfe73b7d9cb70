//! The steps of a run, and where they are committed.

use std::borrow::Cow;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CallReceipt, Message, StopReason, ToolOrigin, ToolOutcome, Usage};

/// One thing that a run did. A run is the list of its steps: [`crate::run`] goes on from any prefix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Step {
    /// The model is about to be asked.
    ModelRequest {
        /// Name of the provider.
        provider: String,
        /// Name of the model.
        model: String,
        /// How many messages are sent.
        messages: usize,
        /// How many tools are offered.
        tools: usize,
        /// SHA-256 of the request's JSON, lowercase hex: tells whether two requests were the same.
        digest: String,
    },
    /// The model answered; none of the answer's tool calls has run yet.
    ModelAnswer {
        /// The answer.
        message: Message,
        /// What it cost.
        usage: Usage,
        /// Why it ended.
        stop_reason: StopReason,
        /// How many bytes of text the run had said before.
        #[serde(default)]
        text_before: usize,
        /// Its text as it was shown, where that is not the message's own: what is known of an answer's parts only at their
        /// ends, such as a secret that is split over two, is not in it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shown: Option<String>,
    },
    /// A call of a tool waits for a person, and has not begun.
    ToolWaiting {
        /// Which call of which answer.
        #[serde(flatten)]
        place: CallPlace,
        /// The call's id.
        id: String,
        /// `<skill>__<tool>`.
        name: String,
        /// The task that is to be decided.
        task_id: String,
    },
    /// A tool is about to run.
    ToolBegun {
        /// Which call of which answer.
        #[serde(flatten)]
        place: CallPlace,
        /// How often it has begun, this time included.
        attempt: u32,
        /// The call's id.
        id: String,
        /// `<skill>__<tool>`.
        name: String,
        /// What it is called with.
        arguments: Value,
        /// Whether it may run again when nobody knows whether it ended.
        repeatable: bool,
        /// The skill that offers the tool.
        #[serde(flatten)]
        origin: ToolOrigin,
    },
    /// A tool ended, or a call was refused without having begun.
    ToolEnded {
        /// Which call of which answer.
        #[serde(flatten)]
        place: CallPlace,
        /// The call's id.
        id: String,
        /// `<skill>__<tool>`.
        name: String,
        /// What the model is told, cut to size and with secrets removed.
        content: String,
        /// How it ended: the fields `outcome` and `isError`.
        #[serde(flatten, with = "crate::tool::outcome::as_fields")]
        outcome: ToolOutcome,
        /// What the call did and used, from whoever ran it.
        receipt: Option<CallReceipt>,
        /// The skill that offers the tool.
        #[serde(flatten)]
        origin: ToolOrigin,
    },
    /// The run is over. Nothing follows.
    Ended {
        /// Why.
        stop_reason: StopReason,
        /// All text that was shown during the run: the assistant's message in a history.
        text: String,
        /// How many bytes of `text` are those of the committed answers. Steps that do not say it have no other text.
        #[serde(default = "everything")]
        answered_bytes: usize,
        /// How many of the bytes that follow are those of an answer that was cut short. What follows them is said by the host.
        #[serde(default)]
        partial_bytes: usize,
        /// What the whole run used.
        usage: Usage,
        /// Set exactly when `stop_reason` is [`StopReason::Error`].
        error: Option<Failure>,
    },
}

/// All bytes of a text, however long it is.
fn everything() -> usize {
    usize::MAX
}

/// Which tool call of a run. Ids are the provider's words; the place is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallPlace {
    /// Which answer of the run, from 0.
    pub answer: u32,
    /// Which tool call of that answer, from 0.
    pub call: u32,
}

impl Step {
    /// The text that was shown as it came while this step was waited for: that of an answer, or of the answer that the end
    /// cut short. Begins with an empty line where the run had said something before.
    pub fn shown_text(&self) -> Cow<'_, str> {
        match self {
            Self::ModelAnswer {
                message,
                text_before,
                shown,
                ..
            } => {
                let text = shown.clone().unwrap_or_else(|| message.text());
                let apart = *text_before > 0 && !text.is_empty();
                Cow::Owned(if apart { format!("\n\n{text}") } else { text })
            }
            Self::Ended {
                text,
                answered_bytes,
                partial_bytes,
                ..
            } => {
                let partial =
                    text.get(*answered_bytes..answered_bytes.saturating_add(*partial_bytes));
                Cow::Borrowed(partial.unwrap_or_default())
            }
            _ => Cow::Borrowed(""),
        }
    }

    /// The text that the host added at the end of the run, such as which limit was reached.
    pub fn notice(&self) -> &str {
        match self {
            Self::Ended {
                text,
                answered_bytes,
                partial_bytes,
                ..
            } => text
                .get(answered_bytes.saturating_add(*partial_bytes)..)
                .unwrap_or_default(),
            _ => "",
        }
    }

    /// How many bytes its JSON has.
    pub(crate) fn bytes(&self) -> usize {
        let mut count = ByteCount(0);
        // A step is made of strings, numbers and JSON: it can always be written.
        let _ = serde_json::to_writer(&mut count, self);
        count.0
    }
}

/// Counts what is written and keeps nothing.
struct ByteCount(usize);

impl std::io::Write for ByteCount {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Why a run failed, in the two forms that a client needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// Where steps are committed, in the order of the calls.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends one step, and returns when it would survive a crash. Several calls may be under way at
    /// once (tools run side by side). A call is never dropped half-way by the loop.
    ///
    /// # Errors
    /// When it could not be committed. The run then stops without acting on the step.
    async fn append(&self, step: Step) -> Result<(), JournalError>;
}

/// A step could not be committed.
#[derive(Debug, thiserror::Error)]
#[error("the run's journal could not be written: {0}")]
pub struct JournalError(pub String);
