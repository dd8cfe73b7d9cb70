//! A run's journal, in the store.

use async_trait::async_trait;
use serde_json::Value;
use skillgate_agent::{Journal, JournalError, Message, Step, StopReason, transcript};
use skillgate_store::{NewMessage, NewStep, Run, RunEnd, RunStatus, Store, StoreError};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

/// Commits the steps of one run, one after the other, without gaps.
///
/// Once the server is closing, nothing new begins: a model request or a tool call is held back before it is committed,
/// and as soon as nothing is under way any more [`RunJournal::held`] says so. The run goes on there after the restart.
pub(crate) struct RunJournal {
    store: Store,
    run: Run,
    state: Mutex<State>,
    closing: CancellationToken,
    held: Notify,
}

struct State {
    steps: Vec<Step>,
    holding: bool,
}

impl RunJournal {
    /// The journal of `run`, which has `steps` already.
    pub(crate) fn new(
        store: Store,
        run: Run,
        steps: Vec<Step>,
        closing: CancellationToken,
    ) -> Self {
        Self {
            store,
            run,
            state: Mutex::new(State {
                steps,
                holding: false,
            }),
            closing,
            held: Notify::new(),
        }
    }

    /// Returns when the run stands still at a committed step because the server is closing.
    pub(crate) async fn held(&self) {
        self.held.notified().await;
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
            seq: state.steps.len() as i64,
            kind,
            body,
        };
        match end_of(&step, &state.steps) {
            Some(end) => {
                self.store
                    .finish_run(&self.run, RunEnd { step: row, ..end })
                    .await?
            }
            None => self.store.append_step(&self.run.id, &row).await?,
        }
        state.steps.push(step);
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
        let balance = |open: i64, step: &Step| match step {
            Step::ToolBegun { .. } => open + 1,
            Step::ToolEnded { .. } => open - 1,
            _ => open,
        };
        if state.holding && state.steps.iter().fold(0, balance) <= 0 {
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
