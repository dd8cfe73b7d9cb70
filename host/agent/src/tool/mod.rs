//! Tools as the loop sees them: names, schemas, and something that calls them.

pub(crate) mod outcome;

use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

pub use outcome::ToolOutcome;

use crate::CallPlace;

/// The longest name that every provider accepts.
const LONGEST_NAME: usize = 64;
/// Hex digits of the digest at the end of a name that had to be changed: 128 bits, so that nobody finds a second
/// tool that gets another's name.
const DIGEST_DIGITS: usize = 32;

/// A tool as it is offered to a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolSpec {
    /// From [`tool_name`].
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON Schema of its arguments.
    pub input_schema: Value,
    /// Whether a second call with the same arguments changes nothing further.
    pub idempotent: bool,
    /// Whether it changes nothing at all.
    pub read_only: bool,
    /// The skill that offers it. Models are not told.
    #[serde(skip)]
    pub origin: ToolOrigin,
}

/// The skill that offers a tool, as events name it; both are `null` for the host's own tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolOrigin {
    /// The skill's name.
    pub skill_id: Option<String>,
    /// The version that is called.
    pub skill_version: Option<String>,
}

impl ToolSpec {
    /// Whether it may run again when nobody knows whether the first call ended.
    pub fn repeatable(&self) -> bool {
        self.idempotent || self.read_only
    }
}

/// What a tool answered.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolAnswer {
    /// The answer as text; also what it says when it was denied or hit a limit.
    pub content: String,
    /// How the call ended.
    pub outcome: ToolOutcome,
    /// What the call did and used; goes into the journal untouched.
    pub receipt: Option<CallReceipt>,
}

impl ToolAnswer {
    /// Makes an answer of a call that ended so, without a receipt.
    pub fn new(outcome: ToolOutcome, content: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            outcome,
            receipt: None,
        }
    }

    /// Answers what was asked for.
    pub fn result(content: impl Into<String>) -> Self {
        Self::new(ToolOutcome::Result, content)
    }

    /// Answers that the tool could not do it: says what was wrong and what to do, for the model.
    pub fn error(content: impl Into<String>) -> Self {
        Self::new(ToolOutcome::Error, content)
    }

    /// Adds what the call did and used.
    #[must_use]
    pub fn with_receipt(self, receipt: Option<CallReceipt>) -> Self {
        Self { receipt, ..self }
    }
}

/// What one call did and used, as whoever ran it wrote it down. The loop journals it and looks at nothing in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallReceipt(Value);

impl CallReceipt {
    /// Writes a receipt down. One that cannot be written says so, in the field `unreadable`.
    pub fn new(receipt: &impl Serialize) -> Self {
        let written = serde_json::to_value(receipt);
        Self(written.unwrap_or_else(|error| json!({ "unreadable": error.to_string() })))
    }

    /// A field of the receipt, as whoever ran the call wrote it.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

/// The tools of one agent. Skills in sandboxes implement it.
#[async_trait]
pub trait Tools: Send + Sync {
    /// The tools there are now, in a fixed order (a changed order costs the provider's cache).
    fn specs(&self) -> Vec<ToolSpec>;

    /// Asks whether a call has to be approved, before it is journalled as begun. No default: who passes calls on has to pass this
    /// on too.
    ///
    /// # Errors
    /// What the call is answered in place of being run: why it may not begin.
    async fn approval(
        &self,
        call: &ProposedCall<'_>,
    ) -> Result<Option<PendingApproval>, ToolAnswer>;

    /// Calls a tool.
    ///
    /// # Errors
    /// Only when the host itself failed. What the tool did wrong is an answer, whose outcome says so.
    async fn call(&self, call: ToolInvocation<'_>) -> Result<ToolAnswer, ToolsError>;
}

/// A call of a tool that has not begun.
#[derive(Clone, Debug)]
pub struct ProposedCall<'a> {
    /// The run that wants it.
    pub run_id: &'a str,
    /// Which call of the run it is; the same when it is proposed again after a crash.
    pub place: CallPlace,
    /// The call's id, as the model's provider gave it.
    pub id: &'a str,
    /// One of the names in [`Tools::specs`].
    pub name: &'a str,
    /// A JSON object.
    pub arguments: &'a Value,
    /// How long the run may take from now on: later, a decision comes too late.
    pub time_left: Duration,
}

/// A call that waits for a person.
pub struct PendingApproval {
    /// The task that is to be decided.
    pub task_id: String,
    /// Ends with the decision; otherwise what the call is answered in place of being run: why it may not begin.
    pub decision: BoxFuture<'static, Result<(), ToolAnswer>>,
}

/// One call of a tool.
#[derive(Clone, Debug)]
pub struct ToolInvocation<'a> {
    /// The call's id, unique within its run; the same when the call is repeated after a crash.
    pub id: &'a str,
    /// One of the names in [`Tools::specs`].
    pub name: &'a str,
    /// A JSON object, nested at most [`crate::MAX_ARGUMENT_DEPTH`] deep. Whether it fits the tool's schema is for the
    /// callee to check.
    pub arguments: &'a Value,
    /// Cancelled when nobody waits for the result any more. The callee then ends the call soon and still answers,
    /// so that what the call did until then is recorded.
    pub cancel: CancellationToken,
}

/// The host failed to run a tool; neither the model's nor the tool's mistake.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ToolsError {
    /// Why, for the log.
    pub message: String,
    /// What the call did and used before the host failed, if it had begun.
    pub receipt: Option<CallReceipt>,
}

impl ToolsError {
    /// A failure before the call did anything.
    pub fn new(message: impl Into<String>) -> Self {
        let message = message.into();
        let receipt = None;
        Self { message, receipt }
    }

    /// The same failure, of a call that had begun.
    #[must_use]
    pub fn with_receipt(self, receipt: CallReceipt) -> Self {
        let receipt = Some(receipt);
        Self { receipt, ..self }
    }
}

/// The name under which a skill's tool is offered: `<skill>__<tool>`, at most 64 characters of
/// `[a-zA-Z0-9_-]`. A name that is longer or has other characters is cut, its other characters become
/// `_`, and it ends in a digest of the full name, so that two tools never share one.
pub fn tool_name(skill: &str, tool: &str) -> String {
    let plain = format!("{skill}__{tool}");
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if plain.len() <= LONGEST_NAME && plain.chars().all(allowed) {
        return plain;
    }
    let mut digest = hex::encode(Sha256::digest(format!("{skill}\0{tool}")));
    digest.truncate(DIGEST_DIGITS);
    let kept = plain.chars().take(LONGEST_NAME - DIGEST_DIGITS - 1);
    let kept: String = kept.map(|c| if allowed(c) { c } else { '_' }).collect();
    format!("{kept}_{digest}")
}

#[cfg(test)]
mod tests {
    use super::tool_name;

    #[test]
    fn a_short_name_is_left_alone() {
        assert_eq!(tool_name("web-fetch", "fetch"), "web-fetch__fetch");
    }

    #[test]
    fn long_names_stay_apart() {
        let long = "x".repeat(80);
        let (one, two) = (
            tool_name(&long, "a"),
            tool_name(&format!("{long}{long}"), "a"),
        );
        assert_eq!((one.len(), two.len()), (64, 64));
        assert_ne!(one, two);
    }

    #[test]
    fn a_changed_name_ends_in_128_bits_of_digest() {
        let name = tool_name(&"x".repeat(80), "a");
        let (_, digest) = name.rsplit_once('_').expect("a digest");
        assert!(digest.len() == 32 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn other_characters_are_replaced_and_stay_apart() {
        let (one, two) = (tool_name("s", "größe.x"), tool_name("s", "größe_x"));
        assert!(one.starts_with("s__gr__e_x_"));
        assert_ne!(one, two);
    }
}
