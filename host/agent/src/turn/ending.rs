//! The end of a run.

use super::replay::{Replay, join};
use super::{RunOutcome, RunState};
use crate::{Failure, JournalError, Step, StopReason};

/// The code of a run that ended because a step of it could not be committed. Such a run has no end in its journal.
pub const JOURNAL_FAILED: &str = "journal_failed";

/// Why a run is over.
pub(super) struct Ending {
    pub(super) stop_reason: StopReason,
    pub(super) error: Option<Failure>,
}

impl From<StopReason> for Ending {
    fn from(stop_reason: StopReason) -> Self {
        let error = None;
        Self { stop_reason, error }
    }
}

impl Ending {
    pub(super) fn failed(code: &str, message: String) -> Self {
        let code = code.to_owned();
        Self {
            stop_reason: StopReason::Error,
            error: Some(Failure { code, message }),
        }
    }
}

/// Makes the last step of a run that has these steps and does not go on: because of this failure, or because it was
/// cancelled. What it said and used is kept.
pub fn last_step(before: &[Step], error: Option<Failure>) -> Step {
    let Replay { text, usage, .. } = Replay::of(before);
    Step::Ended {
        stop_reason: match error {
            Some(_) => StopReason::Error,
            None => StopReason::Cancelled,
        },
        answered_bytes: text.len(),
        partial_bytes: 0,
        text,
        usage,
        error,
    }
}

impl RunState {
    /// Says why, if a limit was the reason; commits the end.
    pub(super) async fn finish(&mut self, ending: Ending) -> Result<RunOutcome, JournalError> {
        let partial_bytes = self.text.len().saturating_sub(self.answered_bytes);
        let notice = self.turn.budget.notice(&ending.stop_reason, &self.usage);
        join(&mut self.text, &notice.unwrap_or_default());
        let Ending { stop_reason, error } = ending;
        let step = Step::Ended {
            stop_reason: stop_reason.clone(),
            text: self.text.clone(),
            answered_bytes: self.answered_bytes,
            partial_bytes,
            usage: self.usage,
            error: error.clone(),
        };
        self.record(step).await?;
        Ok(self.outcome(Ending { stop_reason, error }))
    }

    /// How the run ended.
    pub(super) fn outcome(&self, ending: Ending) -> RunOutcome {
        let Ending { stop_reason, error } = ending;
        RunOutcome {
            stop_reason,
            text: self.text.clone(),
            usage: self.usage,
            error,
        }
    }

    /// Ends a run whose step can't be committed: nothing was acted on. Whoever started the run has to end it in the
    /// journal too, or to go on from it.
    pub(super) fn give_up(&self, error: &JournalError) -> RunOutcome {
        tracing::error!(run = self.turn.run_id, %error, "a run stopped");
        let message = "The server could not record this run, and stopped it.";
        self.outcome(Ending::failed(JOURNAL_FAILED, message.to_owned()))
    }
}
