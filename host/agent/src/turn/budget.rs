//! What a turn may use at most.

use std::time::Duration;

use crate::{StopReason, Usage};

/// The limits of one turn. Whichever is reached first ends it, with an answer that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Calls of the model.
    pub steps: u32,
    /// Tokens of all those calls, input and output. Checked before each call, so that a turn exceeds it by
    /// at most the input of one call: how long an input is, only the provider can tell.
    pub tokens: u64,
    /// Output tokens of one call; less when less is left of `tokens`.
    pub answer_tokens: u32,
    /// Wall time. A turn that goes on after a restart starts with all of it.
    pub wall: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            steps: 20,
            tokens: 500_000,
            answer_tokens: 8192,
            wall: Duration::from_secs(300),
        }
    }
}

impl Budget {
    /// The output tokens that the next call of the model may have, or the limit that forbids the call.
    pub(crate) fn reserve(&self, steps: u32, used: &Usage) -> Result<u32, StopReason> {
        if steps >= self.steps {
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
            StopReason::MaxSteps => format!("{} calls of the model", self.steps),
            StopReason::MaxTokens if used.total() >= self.tokens => {
                format!("{} tokens", self.tokens)
            }
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
            steps: 2,
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
