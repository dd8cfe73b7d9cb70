//! How a tool call ended. The loop, the journal, the events and the API keep the cases apart; `isError` follows from them.

use serde::{Deserialize, Serialize};

/// How a tool call ended, as one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolOutcome {
    /// The tool answered.
    Result,
    /// The tool answered that it could not do it, or the call was not one that it takes.
    Error,
    /// The guest trapped, exited, or broke the contract.
    Fault,
    /// The call needed something that was not granted.
    Denied,
    /// A limit of the call or of the turn was reached.
    Limit,
    /// The call was cancelled, or its turn's time was up, before it ended.
    Cancelled,
    /// No place to run the call became free in time; it did not begin.
    Busy,
    /// The host failed. Neither the model nor the tool is at fault.
    HostFault,
    /// The server was interrupted during the call: whether it took effect is unknown.
    Unknown,
}

impl ToolOutcome {
    /// Whether the model should read the answer as a failure.
    pub fn is_error(self) -> bool {
        self != Self::Result
    }
}

/// Writes an outcome as the two fields `outcome` and `isError`, for `#[serde(flatten, with = …)]`, and reads what was
/// written when there was only `isError`.
pub(crate) mod as_fields {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::ToolOutcome;

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Fields {
        outcome: Option<ToolOutcome>,
        #[serde(default)]
        is_error: bool,
    }

    pub(crate) fn serialize<S: Serializer>(
        outcome: &ToolOutcome,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let fields = Fields {
            outcome: Some(*outcome),
            is_error: outcome.is_error(),
        };
        fields.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ToolOutcome, D::Error> {
        let fields = Fields::deserialize(deserializer)?;
        let before = match fields.is_error {
            true => ToolOutcome::Error,
            false => ToolOutcome::Result,
        };
        Ok(fields.outcome.unwrap_or(before))
    }
}
