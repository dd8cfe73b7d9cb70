//! A run on its way: a task of its own, apart from who listens.

use std::convert::Infallible;
use std::sync::Arc;

use skillgate_agent::{Failure, JOURNAL_FAILED, Message, RunInput, RunOutcome, Step};
use skillgate_runtime::LogLevel;
use skillgate_store::{Agent, Run};
use tokio_util::sync::CancellationToken;

use crate::run::hub::LiveRun;
use crate::run::journal::RunJournal;
use crate::run::listener::closing;
use crate::run::prepare::Prepared;
use crate::run::{RunDriver, RunPlaces};

/// A run that was committed and is ready to go.
pub(crate) struct PreparedRun {
    /// The run.
    pub run: Run,
    /// Whose run it is.
    pub agent: Arc<Agent>,
    /// Cancelled when the agent is stopped or deleted. Taken before the agent's status was looked at, so that no stop is missed.
    pub stopped: Arc<CancellationToken>,
    /// Model, prompt and tools.
    pub prepared: Prepared,
    /// The conversation, up to the message that is to be answered.
    pub history: Vec<Message>,
    /// The steps that the journal has already.
    pub steps: Vec<Step>,
    /// The session's turn and the account's place, given up when the run has ended.
    pub places: RunPlaces,
}

impl RunDriver {
    /// Starts the run. It goes on whether or not anybody listens.
    pub(crate) fn spawn(&self, ready: PreparedRun) {
        let PreparedRun {
            run,
            agent,
            stopped,
            prepared,
            history,
            steps,
            places,
        } = ready;
        let live = self.hub.run(&run.id);
        let seq = steps.len() as i64;
        let journal = Arc::new(RunJournal::new(
            self.store.clone(),
            run.clone(),
            live.clone(),
            (steps.clone(), seq),
            self.background.closing().clone(),
        ));
        let input = RunInput {
            run_id: run.id.clone(),
            provider: prepared.provider,
            model: prepared.model,
            system: prepared.system,
            history,
            tools: prepared.tools,
            journal: journal.clone(),
            listener: live.clone(),
            budget: self.budget,
            retry: self.providers.retry,
            redactor: prepared.secrets.redactor().clone(),
            cancel: live.cancel().clone(),
            resume: steps,
        };
        let logs = self.logs.clone();
        self.background.spawn(async move {
            let failure = tokio::select! {
                // In this order: a run whose agent was stopped while it was prepared does nothing.
                biased;
                never = cancel_with(&stopped, &live) => match never {},
                outcome = skillgate_agent::run(input) => {
                    let (level, line) = log_line(&run, &outcome);
                    logs.write(&(&*agent).into(), level, &line);
                    outcome.error
                }
                () = journal.held() => Some(closing()),
            };
            let is_unrecorded = failure.filter(|_| !live.has_ended());
            if let Some(why) = &is_unrecorded {
                live.interrupt(why.clone());
            }
            // Nobody waits for what follows.
            drop((places, stopped));
            if let Some(failure) = is_unrecorded.filter(|why| why.code == JOURNAL_FAILED) {
                journal.fail_when_possible(&failure).await;
            }
        });
    }
}

/// Cancels the run when its agent is stopped or deleted.
async fn cancel_with(stopped: &CancellationToken, run: &LiveRun) -> Infallible {
    stopped.cancelled().await;
    run.cancel().cancel();
    std::future::pending().await
}

/// What the agent's log says of the end of a run.
fn log_line(run: &Run, outcome: &RunOutcome) -> (LogLevel, String) {
    match &outcome.error {
        Some(Failure { code, message }) => {
            let line = format!("Run {} failed: {code}: {message}", run.id);
            (LogLevel::Error, line)
        }
        None => {
            let (reason, tokens) = (&outcome.stop_reason, outcome.usage.total());
            let line = format!("Run {} ended: {reason:?}, {tokens} tokens", run.id);
            (LogLevel::Info, line)
        }
    }
}
