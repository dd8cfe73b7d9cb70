//! What a turn may use at most.

use std::time::Duration;

use crate::{AnswerLimits, StopReason, Usage};

/// The limits of one turn. Whichever is reached first ends it, with an answer that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Calls of the model.
    pub model_calls: u32,
    /// Tokens of all those calls, input and output. Checked before each call, so that a turn exceeds it by
    /// at most the input of one call: how long an input is, only the provider can tell.
    pub tokens: u64,
    /// Output tokens of one call; less when less is left of `tokens`.
    pub answer_tokens: u32,
    /// Wall time. A turn that goes on after a restart starts with all of it.
    pub wall: Duration,
    /// What is taken in of one answer, whatever its provider says that it used.
    pub answer: AnswerLimits,
    /// Tool calls of one answer; the others are answered with an error that says so. Models that call tools side by
    /// side call a handful.
    pub answer_tool_calls: u32,
    /// Tool calls of the whole turn; the answer that exceeds them is the last. A call may take a sandbox for half a
    /// minute, and each leaves two rows.
    pub tool_calls: u32,
    /// Bytes of JSON in the turn's journal, exceeded by at most one answer and the results of the calls under way.
    /// They are all held in memory while the turn lasts, and sent to the model again with each call of it: real turns
    /// have some hundred KiB, for more does not fit a model's window.
    pub journal_bytes: usize,
    /// How often one tool call may begin. One that was begun so often and never ended may be what ended the host:
    /// its outcome is then unknown, as if it could not be repeated.
    pub call_attempts: u32,
    /// How long a tool call that is cut may take to answer, so that what it did is recorded.
    pub stop_grace: Duration,
    /// How old the last step of a run may be when it is gone on with after a restart. An older one ends with an error:
    /// nobody waits for it any more, and what it would do may have become wrong.
    pub resume_within: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            model_calls: 20,
            tokens: 500_000,
            answer_tokens: 8192,
            wall: Duration::from_secs(300),
            answer: AnswerLimits::default(),
            answer_tool_calls: 64,
            tool_calls: 256,
            journal_bytes: 8 << 20,
            call_attempts: 2,
            stop_grace: Duration::from_secs(2),
            resume_within: Duration::from_secs(3600),
        }
    }
}

impl Budget {
    /// The output tokens that the next call of the model may have, or the limit that forbids the call.
    pub(crate) fn reserve(&self, model_calls: u32, used: &Usage) -> Result<u32, StopReason> {
        if model_calls >= self.model_calls {
            return Err(StopReason::MaxSteps);
        }
        match self.tokens.saturating_sub(used.total()) {
            0 => Err(StopReason::MaxTokens),
            left => {
                Ok(u32::try_from(left).map_or(self.answer_tokens, |n| n.min(self.answer_tokens)))
            }
        }
    }

    /// The sentence that tells a reader which limit ended the turn; `None` for other reasons, also when a
    /// single answer was cut at its own length.
    pub(crate) fn notice(&self, reason: &StopReason, used: &Usage) -> Option<String> {
        let limit = match reason {
            StopReason::MaxSteps => format!("{} calls of the model", self.model_calls),
            StopReason::MaxTokens if used.total() >= self.tokens => {
                format!("{} tokens", self.tokens)
            }
            StopReason::MaxToolCalls => format!("{} tool calls", self.tool_calls),
            StopReason::MaxBytes => format!("{} recorded bytes", self.journal_bytes),
            StopReason::Timeout => format!("{} seconds", self.wall.as_secs_f64()),
            _ => return None,
        };
        Some(format!(
            "(Stopped: the limit of {limit} for one turn is reached.)"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;
    use crate::{StopReason, Usage};

    fn budget() -> Budget {
        Budget {
            model_calls: 2,
            tokens: 100,
            answer_tokens: 40,
            ..Budget::default()
        }
    }

    #[test]
    fn the_last_call_gets_what_is_left() {
        let used = |output_tokens| Usage {
            output_tokens,
            ..Usage::default()
        };
        assert_eq!(budget().reserve(1, &used(10)), Ok(40));
        assert_eq!(budget().reserve(1, &used(90)), Ok(10));
        assert_eq!(budget().reserve(1, &used(100)), Err(StopReason::MaxTokens));
    }

    #[test]
    fn steps_are_counted() {
        assert_eq!(
            budget().reserve(2, &Usage::default()),
            Err(StopReason::MaxSteps)
        );
    }
}
