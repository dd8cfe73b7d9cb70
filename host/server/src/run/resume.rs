//! Resumes the runs that a crash or a shutdown cut short.
//!
//! A run whose last step is older than [`Budget::resume_within`](skillgate_agent::Budget::resume_within), or whose journal
//! can't be read, ends with an error instead: what it would do may be unwanted by now, or have been done already.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use serde_json::Value;
use skillgate_agent::Step;
use skillgate_runtime::Place;
use skillgate_store::{AgentStatus, Run, Step as Row};
use tokio::sync::Semaphore;

use crate::run::journal::RunJournal;
use crate::run::spawn::{PreparedRun, spawn_run};
use crate::run::{history, prepare, session_queue};
use crate::{ApiError, App};

/// How many journals are read at once, each of some megabytes.
const RESUMED_AT_ONCE: usize = 16;

impl App {
    /// Goes on, in the background, with every run that has not ended.
    /// One server works on a database: a run that another has not ended would be gone on with twice.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) async fn resume_runs(&self) -> Result<(), ApiError> {
        let runs = self.store().unfinished_runs().await?;
        let app = self.clone();
        let reading = Arc::new(Semaphore::new(RESUMED_AT_ONCE));
        // Each waits for places of its own account: one tenant's runs stand in no other's way.
        let resumed = stream::iter(runs).for_each_concurrent(None, move |run| {
            let (app, reading) = (app.clone(), Arc::clone(&reading));
            async move { wait_and_go_on(app, run, &reading).await }
        });
        self.tasks().spawn(resumed);
        Ok(())
    }
}

/// The places that a run holds until it has ended.
struct RunPlaces {
    session: session_queue::SessionPermit,
    account: Place,
}

async fn wait_and_go_on(app: App, run: Run, reading: &Semaphore) {
    let waited = async {
        let session = app.session_queues().enter(&run.session_id).await?;
        // However long it takes: nobody waits for an answer any more, but the run must end.
        let account = app.runs().wait(&run.account_id).await;
        let account = account.map_err(ApiError::internal)?;
        Ok::<_, ApiError>(RunPlaces { session, account })
    };
    let places = waited.await;
    // Journals are megabytes.
    if let Ok(_permit) = reading.acquire().await {
        go_on(app, run, places).await;
    }
}

async fn go_on(app: App, run: Run, places: Result<RunPlaces, ApiError>) {
    let rows = match app.store().steps(&run.account_id, &run.id).await {
        Ok(rows) => rows,
        Err(error) => {
            // The database is away; the next start tries again.
            return tracing::error!(%error, run = run.id, "the journal of a run can't be read");
        }
    };
    let seq = rows.last().map_or(0, |row| row.seq + 1);
    let age = age(&app, &run, &rows);
    let parsed = parse(rows);
    let steps = parsed.steps.clone();
    let ready = match parsed.problem {
        Some(problem) => Err(unreadable(&problem)),
        None if age > app.budget().resume_within => Err(too_old(age)),
        None => match places {
            Ok(places) => ready(&app, &run, parsed.steps, places).await,
            Err(no_place) => Err(no_place),
        },
    };
    match ready {
        Ok(ready) => {
            tracing::info!(run = run.id, steps = steps.len(), "a run goes on");
            drop(spawn_run(&app, ready));
        }
        Err(error) => give_up(&app, run, steps, seq, &error).await,
    }
}

/// How long ago the run did something.
fn age(app: &App, run: &Run, rows: &[Row]) -> Duration {
    let last = rows.last().map_or(run.created_at, |row| row.created_at);
    let micros = app.now().as_micros().saturating_sub(last.as_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

fn too_old(age: Duration) -> ApiError {
    let minutes = age.as_secs() / 60;
    ApiError::conflict(format!(
        "The run was interrupted {minutes} minutes ago. That is too long ago to go on with it: send the message again."
    ))
}

fn unreadable(problem: &str) -> ApiError {
    ApiError::conflict(
        "The run's journal has a step that can't be read, so nobody knows what it did. Send the message again.",
    )
    .because(problem.to_owned())
}

async fn ready(
    app: &App,
    run: &Run,
    steps: Vec<Step>,
    places: RunPlaces,
) -> Result<PreparedRun, ApiError> {
    let account = run.account_id.as_str();
    let stopped = app.agents().token(&run.agent_id);
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
    Ok(PreparedRun {
        run: run.clone(),
        agent: Arc::new(agent),
        stopped,
        prepared,
        history,
        steps,
        place: places.session,
        run_place: places.account,
    })
}

/// The steps of a journal up to the first that can't be read, and what is wrong with that.
struct Parsed {
    steps: Vec<Step>,
    problem: Option<String>,
}

fn parse(rows: Vec<Row>) -> Parsed {
    let mut steps = Vec::with_capacity(rows.len());
    let mut problem = None;
    for row in rows {
        match serde_json::from_value(row.body) {
            Ok(step) => steps.push(step),
            Err(error) => {
                problem = Some(format!("step {}: {error}", row.seq));
                break;
            }
        }
    }
    Parsed { steps, problem }
}

/// Ends a run that can't go on, so that its history says so.
async fn give_up(app: &App, run: Run, steps: Vec<Step>, seq: i64, error: &ApiError) {
    tracing::warn!(error = error.chain(), run = run.id, "a run can't go on");
    let (store, id) = (app.store().clone(), run.id.clone());
    let journal = RunJournal::new(store, run, steps, seq, app.closing().clone());
    if let Err(error) = journal.fail(error.code(), error.message()).await {
        // The next start tries again.
        tracing::error!(%error, run = id, "a run that can't go on could not be ended");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use skillgate_store::Timestamp;

    use super::*;

    #[test]
    fn a_journal_is_read_up_to_what_can_not_be_read() {
        let end = json!({ "type": "ended", "stop_reason": "end_turn" });
        let request = json!({
            "type": "model_request", "provider": "p", "model": "m", "messages": 1, "tools": 0, "digest": "",
        });
        let bodies = [request, end, json!({ "unreadable": "nested too deep" })];
        let rows = (0..).zip(bodies).map(|(seq, body)| Row {
            run_id: "run_1".to_owned(),
            seq,
            kind: String::new(),
            body,
            created_at: Timestamp::from_micros(0),
        });
        let parsed = parse(rows.collect());
        assert_eq!(parsed.steps.len(), 1);
        assert!(
            parsed
                .problem
                .is_some_and(|problem| problem.starts_with("step 1: "))
        );
    }
}
