//! Resumes the runs that a crash or a shutdown cut short.
//!
//! A run whose last step is older than [`Budget::resume_within`](skillgate_agent::Budget::resume_within), or whose journal
//! can't be read, ends with an error instead: what it would do may be unwanted by now, or have been done already.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use serde_json::Value;
use skillgate_agent::{Failure, Step};
use skillgate_store::{AgentStatus, Run, Step as Row};
use tokio::sync::Semaphore;

use crate::ServiceError;
use crate::run::journal::RunJournal;
use crate::run::session_queue::SessionTicket;
use crate::run::spawn::PreparedRun;
use crate::run::{RunDriver, RunPlaces, history};

/// How many journals are read at once, each of some megabytes.
const RESUMED_AT_ONCE: usize = 16;

impl RunDriver {
    /// Goes on, in the background, with every run that has not ended.
    /// One server works on a database: a run that another has not ended would be gone on with twice.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) async fn resume_runs(self: &Arc<Self>) -> Result<(), ServiceError> {
        let runs = self.store.unfinished_runs().await?;
        let driver = self.clone();
        let reading = Arc::new(Semaphore::new(RESUMED_AT_ONCE));
        // Each waits for places of its own account: one tenant's runs stand in no other's way.
        let resumed = stream::iter(runs).for_each_concurrent(None, move |run| {
            let (driver, reading) = (driver.clone(), Arc::clone(&reading));
            async move { driver.wait_and_go_on(run, &reading).await }
        });
        self.background.spawn(resumed);
        Ok(())
    }

    async fn wait_and_go_on(&self, run: Run, reading: &Semaphore) {
        let ticket = self.session_queues.join(&run.session_id);
        self.wait_and_drive(run, ticket, reading).await;
    }

    /// Drives a run in the background once its session and its account have a place for it.
    pub(crate) fn spawn_queued(self: &Arc<Self>, run: Run, ticket: SessionTicket) {
        let driver = self.clone();
        // Before this returns: a run that somebody waits to drive is not ended by anybody else.
        let attendance = self.hub.run(&run.id).attend();
        self.background.spawn(async move {
            let _attendance = attendance;
            let reading = Semaphore::new(1);
            driver.wait_and_drive(run, Ok(ticket), &reading).await;
        });
    }

    /// Waits for the places of a run, then drives it; ends it at once when it is cancelled. Does neither when the host closes:
    /// the run goes on after the restart.
    async fn wait_and_drive(
        &self,
        run: Run,
        ticket: Result<SessionTicket, ServiceError>,
        reading: &Semaphore,
    ) {
        let live = self.hub.run(&run.id);
        let _attendance = live.attend();
        let waited = async {
            let session = ticket?.enter().await?;
            // However long it takes: nobody waits for an answer any more, but the run must end.
            let account = self.places.runs.wait(&run.account_id).await;
            let account = account.map_err(ServiceError::internal)?;
            Ok::<_, ServiceError>(RunPlaces {
                _session: session,
                _account: account,
            })
        };
        let places = tokio::select! {
            () = self.background.closing().cancelled() => return,
            () = live.cancel().cancelled() => None,
            places = waited => Some(places),
        };
        // Journals are megabytes.
        if let Ok(_permit) = reading.acquire().await {
            match places {
                Some(places) => self.go_on(run, places).await,
                None => {
                    if let Err(error) = self.end_before_it_goes_on(&run).await {
                        tracing::error!(
                            error = error.chain(),
                            run = run.id,
                            "a cancelled run could not be ended"
                        );
                    }
                }
            }
        }
    }

    async fn go_on(&self, run: Run, places: Result<RunPlaces, ServiceError>) {
        let rows = match self.store.steps(&run.account_id, &run.id).await {
            Ok(rows) => rows,
            Err(error) => {
                // The database is away; the next start tries again.
                return tracing::error!(%error, run = run.id, "the journal of a run can't be read");
            }
        };
        let seq = rows.last().map_or(0, |row| row.seq + 1);
        let age = self.age(&run, &rows);
        let parsed = parse(rows);
        let steps = parsed.steps.clone();
        let ready = match parsed.problem {
            Some(problem) => Err(unreadable(&problem)),
            None if age > self.budget.resume_within => Err(too_old(age)),
            None => match places {
                Ok(places) => self.ready(&run, parsed.steps, places).await,
                Err(no_place) => Err(no_place),
            },
        };
        match ready {
            Ok(ready) => {
                tracing::info!(run = run.id, steps = steps.len(), "a run goes on");
                self.spawn(ready);
            }
            Err(error) => self.give_up(run, steps, seq, &error).await,
        }
    }

    /// Ends a cancelled run that nothing drives, with what its journal has.
    ///
    /// # Errors
    /// When its journal can't be read or written.
    pub(crate) async fn end_before_it_goes_on(&self, run: &Run) -> Result<(), ServiceError> {
        let rows = self.store.steps(&run.account_id, &run.id).await?;
        let seq = rows.last().map_or(0, |row| row.seq + 1);
        let journal = self.journal(run.clone(), parse(rows).steps, seq);
        Ok(journal.end(None).await?)
    }

    fn journal(&self, run: Run, steps: Vec<Step>, seq: i64) -> RunJournal {
        let (store, live) = (self.store.clone(), self.hub.run(&run.id));
        let closing = self.background.closing().clone();
        RunJournal::new(store, run, live, (steps, seq), closing)
    }

    /// How long ago the run did something.
    fn age(&self, run: &Run, rows: &[Row]) -> Duration {
        let last = rows.last().map_or(run.created_at, |row| row.created_at);
        let micros = self
            .store
            .now()
            .as_micros()
            .saturating_sub(last.as_micros());
        Duration::from_micros(u64::try_from(micros).unwrap_or_default())
    }

    async fn ready(
        &self,
        run: &Run,
        steps: Vec<Step>,
        places: RunPlaces,
    ) -> Result<PreparedRun, ServiceError> {
        let account = run.account_id.as_str();
        let stopped = self.agents.token(&run.agent_id);
        let agent = self
            .store
            .get_agent(account, &run.agent_id)
            .await?
            .ok_or_else(|| ServiceError::not_found("agent"))?;
        if agent.status == AgentStatus::Stopped {
            return Err(ServiceError::conflict(
                "The agent was stopped before the run went on.",
            ));
        }
        let session = self
            .store
            .get_session(account, &agent.id, &run.session_id)
            .await?;
        let session = session.ok_or_else(|| ServiceError::not_found("session"))?;
        let context = run
            .request
            .get("context")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let prepared = self.prepare(&agent, &session, context).await?;
        let history = history::read(&self.store, &session, Some(run)).await?;
        Ok(PreparedRun {
            run: run.clone(),
            agent: Arc::new(agent),
            stopped,
            prepared,
            history,
            steps,
            places,
        })
    }

    /// Ends a run that can't go on, so that its history says so.
    async fn give_up(&self, run: Run, steps: Vec<Step>, seq: i64, error: &ServiceError) {
        tracing::warn!(error = error.chain(), run = run.id, "a run can't go on");
        let id = run.id.clone();
        let failure = Failure {
            code: error.code().into_owned(),
            message: error.message().to_owned(),
        };
        if let Err(error) = self.journal(run, steps, seq).end(Some(failure)).await {
            // The next start tries again.
            tracing::error!(%error, run = id, "a run that can't go on could not be ended");
        }
    }
}

fn too_old(age: Duration) -> ServiceError {
    let minutes = age.as_secs() / 60;
    ServiceError::conflict(format!(
        "The run was interrupted {minutes} minutes ago. That is too long ago to go on with it: send the message again."
    ))
}

fn unreadable(problem: &str) -> ServiceError {
    ServiceError::conflict(
        "The run's journal has a step that can't be read, so nobody knows what it did. Send the message again.",
    )
    .because(problem.to_owned())
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
