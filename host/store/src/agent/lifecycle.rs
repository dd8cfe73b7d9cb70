//! What agents do, from their start to their end.

use super::{Agent, AgentStatus};
use crate::change::Change;
use crate::db::args;
use crate::secret::{SecretOwner, delete_secrets_of};
use crate::skill::delete_unused_skills;
use crate::{Store, StoreError, Timestamp};

/// An agent that should run, by what starting it needs.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AgentToStart {
    /// UUID.
    pub id: String,
    /// Whose agent it is.
    pub account_id: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Why an agent can not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentError {
    /// For programs: `skill`, `provider`, …
    pub category: String,
    /// For people.
    pub message: String,
}

impl Store {
    /// Agents that should run, of every account: what a host starts when it starts. At most `limit`, oldest first, of
    /// those that come after `after`.
    pub async fn agents_to_start(
        &self,
        after: Option<&AgentToStart>,
        limit: i64,
    ) -> Result<Vec<AgentToStart>, StoreError> {
        let (at, id) = after.map_or((Timestamp::from_micros(i64::MIN), ""), |agent| {
            (agent.created_at, agent.id.as_str())
        });
        self.db
            .all(
                "SELECT id, account_id, created_at FROM agent WHERE status <> 'stopped' AND (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3",
                args![at, id, limit],
            )
            .await
    }

    /// Notes what an agent does now, and since when; the agent as it is then.
    ///
    /// `error` is what it is shown with until the next change; running again needs no restart any more.
    pub async fn set_agent_status(
        &self,
        account: &str,
        id: &str,
        status: AgentStatus,
        error: Option<AgentError>,
    ) -> Result<Option<Agent>, StoreError> {
        let now = self.now();
        let (category, message) = error.map(|error| (error.category, error.message)).unzip();
        self.db
            .execute(
                "UPDATE agent SET status = $3, last_error = $4, error_category = $5, started_at = COALESCE($6, started_at), \
                 stopped_at = CASE WHEN $8 THEN COALESCE($7, stopped_at) END, needs_restart = needs_restart AND $8 \
                 WHERE id = $1 AND account_id = $2",
                args![
                    id,
                    account,
                    status.as_str(),
                    &message,
                    &category,
                    (status == AgentStatus::Running).then_some(now),
                    (status == AgentStatus::Stopped).then_some(now),
                    status != AgentStatus::Running
                ],
            )
            .await?;
        self.changed(Change::Agent(id.into()));
        self.get_agent(account, id).await
    }

    /// Notes that an agent was changed while it runs, until it is started anew; whether it runs.
    pub async fn mark_agent_for_restart(
        &self,
        account: &str,
        id: &str,
    ) -> Result<bool, StoreError> {
        let marked = self
            .db
            .execute(
                "UPDATE agent SET needs_restart = $3 WHERE id = $1 AND account_id = $2 AND status = 'running'",
                args![id, account, true],
            )
            .await?;
        self.changed(Change::Agent(id.into()));
        Ok(marked > 0)
    }

    /// Deletes an agent with its secrets, sessions, messages, runs, skills, grants and logs; whether it was there.
    pub async fn delete_agent(&self, account: &str, id: &str) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_agent_for_deletion(account, id).await?;
        let delete = "DELETE FROM agent WHERE id = $1 AND account_id = $2";
        if tx.execute(delete, args![id, account]).await? == 0 {
            return Ok(false);
        }
        delete_secrets_of(&mut tx, account, SecretOwner::Agent(id)).await?;
        delete_unused_skills(&mut tx, account).await?;
        tx.changed(Change::Agent(id.into()));
        tx.changed(Change::AgentSkills(id.into()));
        tx.commit().await?;
        Ok(true)
    }
}
