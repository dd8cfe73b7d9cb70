//! Runs of an agent in a list: without what only going on with them needs.

use crate::db::args;
use crate::run::RunStatus;
use crate::{Store, StoreError, Timestamp};

/// A run as a list shows it.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct RunSummary {
    /// `run_…`
    pub id: String,
    /// The agent.
    pub agent_id: String,
    /// The conversation.
    pub session_id: String,
    /// Where it is.
    #[sqlx(try_from = "String")]
    pub status: RunStatus,
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

/// A part of an agent's runs, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct RunPage {
    /// The runs.
    pub items: Vec<RunSummary>,
    /// How many runs the agent has in all.
    pub total: i64,
    /// How many of them are newer than these.
    pub offset: i64,
}

const OLDER: &str = "SELECT id, agent_id, session_id, status, stop_reason, error_code, error_message, created_at, ended_at \
     FROM run WHERE account_id = $1 AND agent_id = $2 AND (created_at < $3 OR (created_at = $3 AND id < $4)) \
     ORDER BY created_at DESC, id DESC LIMIT $5";
const COUNT_OLDER: &str = "SELECT COUNT(*) FROM run WHERE account_id = $1 AND agent_id = $2 \
     AND (created_at < $3 OR (created_at = $3 AND id < $4))";
const COUNT: &str = "SELECT COUNT(*) FROM run WHERE account_id = $1 AND agent_id = $2";

impl Store {
    /// Lists at most `limit` runs of an agent, newest first: those older than the run that began at this time and has this
    /// id, where one is given. None for an agent that the account does not have.
    pub async fn list_runs(
        &self,
        account: &str,
        agent: &str,
        before: Option<(Timestamp, String)>,
        limit: i64,
    ) -> Result<RunPage, StoreError> {
        let total = self.db.count(COUNT, args![account, agent]).await?;
        let (at, id) = before.unwrap_or((Timestamp::from_micros(i64::MAX), String::new()));
        let older = self
            .db
            .count(COUNT_OLDER, args![account, agent, at, &id])
            .await?;
        let items = self
            .db
            .all(OLDER, args![account, agent, at, &id, limit])
            .await?;
        Ok(RunPage {
            items,
            total,
            offset: total - older,
        })
    }
}
