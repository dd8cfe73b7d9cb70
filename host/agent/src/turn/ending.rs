//! The end of a run: committed, then told.

use super::{RunOutcome, RunState};
use crate::{Event, Failure, JournalError, Step, StopReason};

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

impl RunState {
    /// Says why, if a limit was the reason; commits the end; then tells it.
    pub(super) async fn finish(&mut self, ending: Ending) -> Result<RunOutcome, JournalError> {
        let notice = self.turn.budget.notice(&ending.stop_reason, &self.usage);
        self.screen().show(notice.unwrap_or_default());
        let Ending { stop_reason, error } = ending;
        let step = Step::Ended {
            stop_reason: stop_reason.clone(),
            text: self.text.clone(),
            usage: self.usage,
            error: error.clone(),
        };
        self.record(step).await?;
        Ok(self.report(Ending { stop_reason, error }))
    }

    /// The last events, and the outcome.
    pub(super) fn report(&self, ending: Ending) -> RunOutcome {
        let Ending { stop_reason, error } = ending;
        self.send(Event::Usage {
            input_tokens: self.usage.all_input(),
            output_tokens: self.usage.output_tokens,
        });
        self.send(match &error {
            Some(Failure { code, message }) => Event::Error {
                code: code.clone(),
                message: message.clone(),
            },
            None => Event::Done {
                run_id: self.turn.run_id.clone(),
                stop_reason: stop_reason.clone(),
            },
        });
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
        self.report(Ending::failed(JOURNAL_FAILED, message.to_owned()))
    }
}
