//! A run on its way: a task of its own, whoever listens.

use std::sync::Arc;

use skillgate_agent::{Event, EventReceiver, JOURNAL_FAILED, Message, RunInput, Step, event_queue};
use skillgate_runtime::LogLevel;
use skillgate_store::{Agent, Run};
use tokio_util::sync::CancellationToken;

use crate::run::journal::RunJournal;
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
    /// Starts the run and gives its events. They may be dropped, or read slowly; the run goes on.
    pub(crate) fn spawn(&self, ready: PreparedRun) -> EventReceiver {
        let PreparedRun {
            run,
            agent,
            stopped,
            prepared,
            history,
            steps,
            places,
        } = ready;
        let (events, receiver) = event_queue();
        let events = Arc::new(events);
        let store = self.store.clone();
        let journal = Arc::new(RunJournal::new(
            store,
            run.clone(),
            steps.clone(),
            steps.len() as i64,
            self.background.closing().clone(),
        ));
        let turn = RunInput {
            run_id: run.id.clone(),
            provider: prepared.provider,
            model: prepared.model,
            system: prepared.system,
            history,
            tools: prepared.tools,
            journal: journal.clone(),
            events: events.clone(),
            budget: self.budget,
            retry: self.providers.retry,
            redactor: prepared.secrets.redactor().clone(),
            cancel: stopped.child_token(),
            resume: steps,
        };
        let logs = self.logs.clone();
        self.background.spawn(async move {
        let failure = tokio::select! {
            outcome = skillgate_agent::run(turn) => {
                let line = match &outcome.error {
                    Some(failure) => format!("Run {} failed: {}: {}", run.id, failure.code, failure.message),
                    None => format!("Run {} ended: {:?}, {} tokens", run.id, outcome.stop_reason, outcome.usage.total()),
                };
                let level = if outcome.error.is_some() { LogLevel::Error } else { LogLevel::Info };
                logs.write(&(&*agent).into(), level, &line);
                outcome.error
            }
            () = journal.held() => {
                let message = "The server is shutting down. The run goes on after its restart; its answer will be in the history.";
                events.send(Event::Error { code: "unavailable".to_owned(), message: message.to_owned() });
                None
            }
        };
        // Nobody waits for what follows.
        drop((places, events, stopped));
        if let Some(failure) = failure.filter(|failure| failure.code == JOURNAL_FAILED) {
            journal.fail_when_possible(&failure).await;
        }
    });
        receiver
    }
}
