//! Runs: one turn of an agent, from a user's message to its answer.

use serde::Serialize;
use serde_json::Value;

use crate::db::{Insert, Tx, args};
use crate::json_column::{JsonOrNote, storable, words};
use crate::message::{NewMessage, Role};
use crate::step::{NewStep, insert_step};
use crate::usage::{NewUsage, UsageKind, UsageTotals, add_usage};
use crate::{Conflict, Store, StoreError, Timestamp, id};

words! {
    /// Where a run is.
    RunStatus {
        /// Not at its end yet; after a crash, to be gone on with.
        Running = "running",
        /// It ended with an answer.
        Completed = "completed",
        /// It ended with an error.
        Failed = "failed",
        /// Somebody ended it.
        Cancelled = "cancelled",
    }
}

/// One turn of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// `run_…`
    pub id: String,
    /// Whose agent's run it is.
    pub account_id: String,
    /// The agent.
    pub agent_id: String,
    /// The conversation.
    pub session_id: String,
    /// Where it is.
    #[sqlx(try_from = "String")]
    pub status: RunStatus,
    /// What is needed to go on with it after a restart, as the caller gave it.
    #[sqlx(try_from = "JsonOrNote")]
    pub request: Value,
    /// Why it ended: `end_turn`, `max_steps`, …
    pub stop_reason: Option<String>,
    /// The error it ended with, for programs.
    pub error_code: Option<String>,
    /// The same, for people.
    pub error_message: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// A run to be begun.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// The agent.
    pub agent_id: String,
    /// The conversation: a session of that agent.
    pub session_id: String,
    /// What is needed to go on with it after a restart.
    pub request: Value,
    /// What the user said.
    pub message: NewMessage,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct RunEnd {
    /// Anything but [`RunStatus::Running`].
    pub status: RunStatus,
    /// Why: `end_turn`, `max_steps`, …
    pub stop_reason: String,
    /// Code and text of the error it ended with.
    pub error: Option<(String, String)>,
    /// The agent's answer, for the history.
    pub message: Option<NewMessage>,
    /// The last step of the journal.
    pub step: NewStep,
}

/// Selects [`Run`]s.
macro_rules! runs {
    () => {
        "SELECT id, account_id, agent_id, session_id, status, request, stop_reason, error_code, error_message, \
         created_at, ended_at FROM run"
    };
}

impl Store {
    /// Begins a run: the run and the user's message, in one transaction.
    ///
    /// `None` when the account has no such agent with such a session.
    pub async fn create_run(&self, account: &str, new: NewRun) -> Result<Option<Run>, StoreError> {
        let run = Run {
            id: id::prefixed("run"),
            account_id: account.into(),
            agent_id: new.agent_id,
            session_id: new.session_id,
            status: RunStatus::Running,
            request: new.request,
            stop_reason: None,
            error_code: None,
            error_message: None,
            created_at: self.now(),
            ended_at: None,
        };
        let mut tx = self.db.begin().await?;
        if insert_run(&mut tx, &run).await? == 0 {
            return Ok(None);
        }
        insert_message(self, &mut tx, &run, Role::User, &new.message).await?;
        tx.commit().await?;
        Ok(Some(run))
    }

    /// One run of an account.
    pub async fn get_run(&self, account: &str, id: &str) -> Result<Option<Run>, StoreError> {
        self.db
            .optional(
                concat!(runs!(), " WHERE id = $1 AND account_id = $2"),
                args![id, account],
            )
            .await
    }

    /// All runs that have not ended, oldest first, of every account: what a host goes on with when it starts.
    pub async fn unfinished_runs(&self) -> Result<Vec<Run>, StoreError> {
        self.db
            .all(
                concat!(runs!(), " WHERE ended_at IS NULL ORDER BY created_at, id"),
                args![],
            )
            .await
    }

    /// Journals a step of a run with what it used, in one transaction: what was used is counted once.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the step's place is taken, or the run's agent was deleted.
    pub async fn append_step_with_usage(
        &self,
        run: &Run,
        step: &NewStep,
        usage: &NewUsage,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.hold_agent(&run.agent_id).await?;
        insert_step(self, &mut tx, &run.id, step).await?;
        let agent = (run.account_id.as_str(), run.agent_id.as_str());
        add_usage(&mut tx, self.now(), agent, usage).await?;
        tx.commit().await
    }

    /// Ends a run: its status, its answer, the last step of its journal and that there was one run more, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it has ended already or its agent was deleted; nothing is changed then.
    pub async fn finish_run(&self, run: &Run, end: RunEnd) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.hold_agent(&run.agent_id).await?;
        if update_ended(self, &mut tx, run, &end).await? == 0 {
            return Err(Conflict::RunEnded.into());
        }
        insert_step(self, &mut tx, &run.id, &end.step).await?;
        if let Some(message) = &end.message {
            insert_message(self, &mut tx, run, Role::Assistant, message).await?;
        }
        let agent = (run.account_id.as_str(), run.agent_id.as_str());
        add_usage(&mut tx, self.now(), agent, &one_run()).await?;
        tx.commit().await
    }
}

/// A run that ended. What it used besides is counted with the steps that used it.
fn one_run() -> NewUsage {
    NewUsage {
        kind: UsageKind::Run,
        subject: String::new(),
        amounts: UsageTotals {
            runs: 1,
            ..UsageTotals::default()
        },
    }
}

/// Adds a message of a run within a transaction.
async fn insert_message(
    store: &Store,
    tx: &mut Tx,
    run: &Run,
    role: Role,
    new: &NewMessage,
) -> Result<(), StoreError> {
    let id = id::new();
    let row = Insert::into_table("message")
        .set("id", &id)
        .set("account_id", &run.account_id)
        .set("agent_id", &run.agent_id)
        .set("session_id", &run.session_id)
        .set("run_id", &run.id)
        .set("role", role)
        .set("content", storable(&new.content))
        .set("parts", &new.parts)
        .set("created_at", store.now());
    tx.insert(row).await.map(drop)
}

/// Only where account, agent and session belong together.
async fn insert_run(tx: &mut Tx, run: &Run) -> Result<u64, StoreError> {
    let row = Insert::into_table("run")
        .set("id", &run.id)
        .copy("account_id", "session.account_id")
        .copy("agent_id", "session.agent_id")
        .copy("session_id", "session.id")
        .set("status", run.status)
        .set("request", &run.request)
        .set("created_at", run.created_at)
        .select_from("session")
        .only_where("session.account_id", &run.account_id)
        .only_where("session.agent_id", &run.agent_id)
        .only_where("session.id", &run.session_id);
    tx.insert(row).await
}

async fn update_ended(
    store: &Store,
    tx: &mut Tx,
    run: &Run,
    end: &RunEnd,
) -> Result<u64, StoreError> {
    let (code, message) = end
        .error
        .as_ref()
        .map(|(code, message)| (code.as_str(), storable(message)))
        .unzip();
    tx.execute(
        "UPDATE run SET status = $2, stop_reason = $3, error_code = $4, error_message = $5, ended_at = $6 \
         WHERE id = $1 AND ended_at IS NULL",
        args![&run.id, end.status.as_str(), &end.stop_reason, code, message.as_deref(), store.now()],
    )
    .await
}
