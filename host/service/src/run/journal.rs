//! A run's journal, in the store.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use skillgate_agent::{
    CallPlace, Failure, Journal, JournalError, Message, Step, StopReason, last_step, transcript,
};
use skillgate_store::{NewMessage, NewStep, Run, RunEnd, RunStatus, Store, StoreError};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

use super::hub::{Attendance, LiveRun};
use crate::run::usage::usage_of;

/// The pauses before the attempts to end a run whose step could not be committed. Together five minutes: a database
/// that is away for longer is found again by a restart, or by nobody.
const END_PAUSES: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(120),
    Duration::from_secs(120),
];

/// Commits the steps of one run, one after the other, without gaps.
///
/// Once the server is closing, nothing new begins: a model request or a tool call is held back before it is committed,
/// and as soon as nothing is under way any more [`RunJournal::held`] says so. The run goes on there after the restart.
///
/// Who listens to the run is told of each step once it is committed, in the order of the steps.
pub(crate) struct RunJournal {
    store: Store,
    run: Run,
    live: Arc<LiveRun>,
    _attendance: Attendance,
    state: Mutex<State>,
    closing: CancellationToken,
    held: Notify,
}

struct State {
    steps: Vec<Step>,
    /// The number of the next step.
    seq: i64,
    holding: bool,
    /// The tool calls that this process began and that have not ended.
    under_way: HashSet<CallPlace>,
}

impl RunJournal {
    /// The journal of `run`, which has `steps` already. The next one gets the number `seq`: how many rows there are,
    /// of which the last may be unreadable.
    pub(crate) fn new(
        store: Store,
        run: Run,
        live: Arc<LiveRun>,
        (steps, seq): (Vec<Step>, i64),
        closing: CancellationToken,
    ) -> Self {
        let attendance = live.attend();
        live.begin(seq);
        Self {
            store,
            run,
            live,
            _attendance: attendance,
            state: Mutex::new(State {
                steps,
                seq,
                holding: false,
                under_way: HashSet::new(),
            }),
            closing,
            held: Notify::new(),
        }
    }

    /// Returns when the run stands still at a committed step because the server is closing.
    pub(crate) async fn held(&self) {
        self.held.notified().await;
    }

    /// Ends the run without doing anything more: with this error, or as cancelled when there is none.
    ///
    /// # Errors
    /// As [`Store::finish_run`]. Who listens is told then that the run stands still.
    pub(crate) async fn end(&self, error: Option<Failure>) -> Result<(), StoreError> {
        let step = last_step(&self.state.lock().await.steps, error);
        let ended = self.commit(step).await;
        if ended.is_err() {
            self.live.interrupt(Failure {
                code: "unavailable".to_owned(),
                message: "The run could not be ended now; it is tried again after a restart."
                    .to_owned(),
            });
        }
        ended
    }

    /// Ends a run whose step could not be committed, as soon as the database takes it: it must not act after some later
    /// restart, when nobody expects it any more. Gives up after a while, or when the server is closing.
    pub(crate) async fn fail_when_possible(&self, failure: &Failure) {
        for pause in END_PAUSES {
            let pause = self.closing.run_until_cancelled(tokio::time::sleep(pause));
            if pause.await.is_none() {
                return;
            }
            match self.end_after_failure(failure).await {
                // A conflict: it has ended, or another server works on it.
                Ok(()) | Err(StoreError::Conflict(_)) => return,
                Err(error) => {
                    tracing::error!(%error, run = self.run.id, "a run that failed could not be ended yet");
                }
            }
        }
    }

    /// The step that failed may have been committed all the same: only the answer was lost.
    async fn end_after_failure(&self, failure: &Failure) -> Result<(), StoreError> {
        let (account, run) = (&self.run.account_id, &self.run.id);
        let rows = self.store.steps(account, run).await?;
        let mut state = self.state.lock().await;
        state.seq = rows.last().map_or(0, |row| row.seq + 1);
        let steps = state.steps.clone();
        drop(state);
        self.commit(last_step(&steps, Some(failure.clone()))).await
    }

    async fn commit(&self, step: Step) -> Result<(), StoreError> {
        let mut state = self.state.lock().await;
        let body =
            serde_json::to_value(&step).map_err(|error| StoreError::Database(error.into()))?;
        let kind = body
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let row = NewStep {
            seq: state.seq,
            kind,
            body,
        };
        match end_of(&step, &state.steps) {
            Some(end) => {
                self.store
                    .finish_run(&self.run, RunEnd { step: row, ..end })
                    .await?
            }
            None => match usage_of(&step, &state.steps) {
                Some(usage) => {
                    self.store
                        .append_step_with_usage(&self.run, &row, &usage)
                        .await?
                }
                None => self.store.append_step(&self.run.id, &row).await?,
            },
        }
        match &step {
            Step::ToolBegun { place, .. } => {
                state.under_way.insert(*place);
            }
            Step::ToolEnded { place, .. } => {
                state.under_way.remove(place);
            }
            _ => {}
        }
        self.live.publish(state.seq, &step);
        state.steps.push(step);
        state.seq += 1;
        self.tell_if_held(&state);
        Ok(())
    }

    async fn hold(&self) {
        let mut state = self.state.lock().await;
        state.holding = true;
        self.tell_if_held(&state);
        drop(state);
        // Whoever waits for `held` drops the run, and with it this wait.
        std::future::pending().await
    }

    fn tell_if_held(&self, state: &State) {
        if state.holding && state.under_way.is_empty() {
            self.held.notify_one();
        }
    }
}

#[async_trait]
impl Journal for RunJournal {
    async fn append(&self, step: Step) -> Result<(), JournalError> {
        let begins = matches!(step, Step::ModelRequest { .. } | Step::ToolBegun { .. });
        if begins && self.closing.is_cancelled() {
            self.hold().await;
        }
        self.commit(step).await.map_err(|error| {
            tracing::error!(%error, source = ?std::error::Error::source(&error), run = self.run.id, "a step could not be committed");
            JournalError(error.to_string())
        })
    }
}

/// What the last step means for the run and the history; `None` for any other step. Its `step` is the caller's to fill.
fn end_of(step: &Step, before: &[Step]) -> Option<RunEnd> {
    let Step::Ended {
        stop_reason,
        text,
        error,
        ..
    } = step
    else {
        return None;
    };
    let status = match stop_reason {
        StopReason::Error => RunStatus::Failed,
        StopReason::Cancelled => RunStatus::Cancelled,
        _ => RunStatus::Completed,
    };
    let message = (!text.is_empty()).then(|| NewMessage {
        content: text.clone(),
        parts: said(before),
    });
    Some(RunEnd {
        status,
        stop_reason: word(stop_reason),
        error: error.clone().map(|failure| (failure.code, failure.message)),
        message,
        step: NewStep {
            seq: 0,
            kind: String::new(),
            body: Value::Null,
        },
    })
}

/// All that the run added to the conversation, tool calls too; `null` when that was only one text.
fn said(steps: &[Step]) -> Value {
    match transcript(steps).as_slice() {
        [] | [_] => Value::Null,
        messages => serde_json::to_value::<&[Message]>(messages).unwrap_or_default(),
    }
}

fn word(reason: &StopReason) -> String {
    serde_json::to_value(reason)
        .ok()
        .and_then(|word| Some(word.as_str()?.to_owned()))
        .unwrap_or_default()
}
