//! Runs that a crash or a shutdown cut short, gone on with.

use std::sync::Arc;

use serde_json::Value;
use skillgate_agent::{Failure, Journal, Step, StopReason, Usage};
use skillgate_store::{AgentStatus, Run};

use crate::run::begin::{Ready, begin};
use crate::run::journal::RunJournal;
use crate::run::{history, prepare};
use crate::{ApiError, App};

impl App {
    /// Goes on, in the background, with every run that has not ended.
    /// One server works on a database: a run that another has not ended would be gone on with twice.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) async fn resume_runs(&self) -> Result<(), ApiError> {
        for run in self.store().unfinished_runs().await? {
            self.tasks().spawn(go_on(self.clone(), run));
        }
        Ok(())
    }
}

async fn go_on(app: App, run: Run) {
    let steps = match read_steps(&app, &run).await {
        Ok(steps) => steps,
        Err(error) => {
            return tracing::error!(
                error = error.chain(),
                run = run.id,
                "the journal of a run can't be read"
            );
        }
    };
    match ready(&app, &run, steps.clone()).await {
        Ok(ready) => {
            tracing::info!(run = run.id, steps = steps.len(), "a run goes on");
            drop(begin(&app, ready));
        }
        Err(error) => give_up(&app, run, steps, &error).await,
    }
}

async fn ready(app: &App, run: &Run, steps: Vec<Step>) -> Result<Ready, ApiError> {
    let account = run.account_id.as_str();
    let place = app.lanes().enter(&run.session_id).await?;
    // However long it takes: nobody waits for an answer any more, but the run must end.
    let run_place = app.runs().wait(account).await.map_err(ApiError::internal)?;
    let agent = app
        .store()
        .get_agent(account, &run.agent_id)
        .await?
        .ok_or_else(|| ApiError::not_found("agent"))?;
    if agent.status == AgentStatus::Stopped {
        return Err(ApiError::conflict(
            "The agent was stopped before the run went on.",
        ));
    }
    let session = app
        .store()
        .get_session(account, &agent.id, &run.session_id)
        .await?;
    let session = session.ok_or_else(|| ApiError::not_found("session"))?;
    let context = run
        .request
        .get("context")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let prepared = prepare::prepare(app, &agent, &session, context).await?;
    let history = history::read(app.store(), &session).await?;
    Ok(Ready {
        run: run.clone(),
        agent: Arc::new(agent),
        prepared,
        history,
        steps,
        place,
        run_place,
    })
}

async fn read_steps(app: &App, run: &Run) -> Result<Vec<Step>, ApiError> {
    let rows = app.store().steps(&run.account_id, &run.id).await?;
    let steps = rows.into_iter().map(|row| serde_json::from_value(row.body));
    steps.collect::<Result<_, _>>().map_err(ApiError::internal)
}

/// Ends a run that can't go on, so that its history says so.
async fn give_up(app: &App, run: Run, steps: Vec<Step>, error: &ApiError) {
    tracing::warn!(error = error.chain(), run = run.id, "a run can't go on");
    let failure = Failure {
        code: error.code().to_owned(),
        message: error.message().to_owned(),
    };
    let ended = Step::Ended {
        stop_reason: StopReason::Error,
        text: String::new(),
        usage: Usage::default(),
        error: Some(failure),
    };
    let journal = RunJournal::new(app.store().clone(), run, steps, app.closing().clone());
    // The journal has logged why, should this fail; the next start tries again.
    let _ = journal.append(ended).await;
}
