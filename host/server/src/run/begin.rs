//! A run on its way: a task of its own, whoever listens.

use std::sync::Arc;

use skillgate_agent::{Event, Message, Step, Turn};
use skillgate_runtime::LogLevel;
use skillgate_store::{Agent, Run};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::App;
use crate::run::journal::RunJournal;
use crate::run::lane::Place;
use crate::run::prepare::Prepared;

/// A run that was committed and is ready to go.
pub(crate) struct Ready {
    /// The run.
    pub run: Run,
    /// Whose run it is.
    pub agent: Arc<Agent>,
    /// Model, prompt and tools.
    pub prepared: Prepared,
    /// The conversation, up to the message that is to be answered.
    pub history: Vec<Message>,
    /// The steps that the journal has already.
    pub steps: Vec<Step>,
    /// The session's turn, given up when the run has ended.
    pub place: Place,
    /// The account's place among all runs, given up with it.
    pub run_place: skillgate_runtime::Place,
}

/// Starts the run and gives its events. They may be dropped; the run goes on.
pub(crate) fn begin(app: &App, ready: Ready) -> UnboundedReceiver<Event> {
    let Ready {
        run,
        agent,
        prepared,
        history,
        steps,
        place,
        run_place,
    } = ready;
    let (events, receiver) = unbounded_channel();
    let store = app.store().clone();
    let journal = Arc::new(RunJournal::new(
        store,
        run.clone(),
        steps.clone(),
        app.closing().clone(),
    ));
    let turn = Turn {
        run_id: run.id.clone(),
        provider: prepared.provider,
        model: prepared.model,
        system: prepared.system,
        history,
        tools: prepared.tools,
        journal: journal.clone(),
        events: events.clone(),
        budget: app.budget(),
        retry: app.providers().retry,
        redactor: prepared.secrets.redactor().clone(),
        cancel: app.agents().token(&agent.id),
        resume: steps,
    };
    let logs = app.logs().clone();
    app.tasks().spawn(async move {
        tokio::select! {
            outcome = skillgate_agent::run(turn) => {
                let line = match &outcome.error {
                    Some(failure) => format!("Run {} failed: {}: {}", run.id, failure.code, failure.message),
                    None => format!("Run {} ended: {:?}, {} tokens", run.id, outcome.stop_reason, outcome.usage.total()),
                };
                let level = if outcome.error.is_some() { LogLevel::Error } else { LogLevel::Info };
                logs.write(&(&*agent).into(), level, &line);
            }
            () = journal.held() => {
                let message = "The server is shutting down. The run goes on after its restart; its answer will be in the history.";
                let _ = events.send(Event::Error { code: "unavailable".to_owned(), message: message.to_owned() });
            }
        }
        drop((place, run_place));
    });
    receiver
}
