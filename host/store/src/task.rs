//! Tasks: what waits for a decision of the account.
//!
//! A pending task is expired from its `expires_at` on. Nothing has to change its row for that: every statement here reads a status
//! as it is now.

mod create;
mod decide;

use serde_json::Value;

use crate::db::args;
use crate::json_column::{JsonText, words};
use crate::{Page, Store, StoreError, Timestamp};

pub(crate) use self::decide::{decide, end_consents};

words! {
    /// What a task decides on.
    TaskKind {
        /// An agent asks for a skill.
        SkillRequest = "skill_request",
        /// An agent asks for a connector.
        ConnectorRequest = "connector_request",
        /// A call of a tool waits under a grant whose mode is `ask`.
        ToolApproval = "tool_approval",
        /// A version of a skill asks for more than the one whose place it takes.
        Consent = "consent",
    }
}

words! {
    /// Where a task is.
    TaskStatus {
        /// It waits for a decision.
        Pending = "pending",
        /// It was approved, and what it stood for was done.
        Approved = "approved",
        /// It was denied.
        Denied = "denied",
        /// Its time is over: it cannot be decided any more.
        Expired = "expired",
    }
}

/// What waits for a decision of the account, or waited for one.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Task {
    /// `task_…`
    pub id: String,
    /// Whose decision it is.
    pub account_id: String,
    /// The agent that it concerns.
    pub agent_id: Option<String>,
    /// The run that waits for it, or that asked.
    pub run_id: Option<String>,
    /// What it decides on.
    #[sqlx(try_from = "String")]
    pub kind: TaskKind,
    /// Where it is, now.
    #[sqlx(try_from = "String")]
    pub status: TaskStatus,
    /// What is asked for, by kind.
    #[sqlx(try_from = "JsonText")]
    pub subject: Value,
    /// Why it is asked for, in words for people.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it cannot be decided any more.
    pub expires_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// The API key that decided it.
    pub decided_by: Option<String>,
    /// What was said with the decision.
    pub decision_reason: Option<String>,
}

/// A task to be made.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// The agent that it concerns.
    pub agent_id: Option<String>,
    /// The run that waits for it, or that asks.
    pub run_id: Option<String>,
    /// What it decides on.
    pub kind: TaskKind,
    /// What is asked for: while a task of this kind and key is pending, no second one is made.
    pub idempotency_key: String,
    /// What is asked for, as the one who decides is shown it.
    pub subject: Value,
    /// Why, in words for people.
    pub reason: Option<String>,
    /// From when on it cannot be decided any more.
    pub expires_at: Timestamp,
}

/// How many tasks there may be.
#[derive(Clone, Copy, Debug)]
pub struct TaskLimits {
    /// Pending ones of one agent.
    pub pending_per_agent: i64,
    /// Pending ones of one account.
    pub pending_per_account: i64,
    /// Ended ones of one account that are kept; the oldest are deleted first.
    pub ended_per_account: i64,
}

/// A decision on a task.
#[derive(Clone, Debug)]
pub struct Decision {
    /// [`TaskStatus::Approved`] or [`TaskStatus::Denied`].
    pub status: TaskStatus,
    /// The API key that decides.
    pub decided_by: String,
    /// What is said with it.
    pub reason: Option<String>,
}

/// Which tasks to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskFilter<'a> {
    /// Those that are here now.
    pub status: Option<TaskStatus>,
    /// Those of this agent.
    pub agent: Option<&'a str>,
}

/// Selects tasks as they are at the time `$1`.
macro_rules! select_tasks {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, agent_id, run_id, kind, \
             CASE WHEN status = 'pending' AND expires_at <= $1 THEN 'expired' ELSE status END AS status, \
             subject, reason, created_at, expires_at, decided_at, decided_by, decision_reason FROM task ",
            $rest
        )
    };
}
use select_tasks;

const LATEST: &str = select_tasks!(
    "WHERE account_id = $2 AND kind = $3 AND idempotency_key = $4 ORDER BY created_at DESC, id DESC LIMIT 1"
);

const ONE: &str = select_tasks!("WHERE account_id = $2 AND id = $3");

const LIST: &str = select_tasks!(
    "WHERE account_id = $2 AND ($3 IS NULL OR agent_id = $3) AND ($4 IS NULL OR $4 = \
     CASE WHEN status = 'pending' AND expires_at <= $1 THEN 'expired' ELSE status END) \
     ORDER BY created_at DESC, id DESC LIMIT $5 OFFSET $6"
);

const COUNT: &str = "SELECT COUNT(*) FROM task WHERE account_id = $2 AND ($3 IS NULL OR agent_id = $3) \
     AND ($4 IS NULL OR $4 = CASE WHEN status = 'pending' AND expires_at <= $1 THEN 'expired' ELSE status END)";

impl Store {
    /// One task of an account.
    pub async fn get_task(&self, account: &str, id: &str) -> Result<Option<Task>, StoreError> {
        self.db.optional(ONE, args![self.now(), account, id]).await
    }

    /// The newest task of a kind and key, whatever became of it.
    pub async fn latest_task(
        &self,
        account: &str,
        kind: TaskKind,
        idempotency_key: &str,
    ) -> Result<Option<Task>, StoreError> {
        let key = args![self.now(), account, kind.as_str(), idempotency_key];
        self.db.optional(LATEST, key).await
    }

    /// At most `limit` tasks of an account, newest first, those left out that come before `offset`.
    pub async fn list_tasks(
        &self,
        account: &str,
        filter: TaskFilter<'_>,
        limit: i64,
        offset: i64,
    ) -> Result<Page<Task>, StoreError> {
        let (now, status) = (self.now(), filter.status.map(TaskStatus::as_str));
        let page = args![now, account, filter.agent, status, limit, offset];
        let items = self.db.all(LIST, page).await?;
        let all = args![now, account, filter.agent, status];
        let total = self.db.count(COUNT, all).await?;
        Ok(Page { items, total })
    }
}
