//! Agents.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::db::args;
use crate::json_column::{JsonText, words};
use crate::secret::put_secret;
use crate::{Page, SecretText, Store, StoreError, Timestamp, id};

words! {
    /// What an agent is doing.
    AgentStatus {
        /// Its skills are verified, compiled and linked; it answers.
        Running = "running",
        /// It does not answer.
        Stopped = "stopped",
        /// It should run and can not; `last_error` says why.
        Error = "error",
    }
}

/// An agent of an account.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// UUID.
    pub id: String,
    /// Whose agent it is.
    pub account_id: String,
    /// The swarm it belongs to.
    pub swarm_id: Option<String>,
    /// Shown to people.
    pub name: String,
    /// What it is doing.
    #[sqlx(try_from = "String")]
    pub status: AgentStatus,
    /// `eu` or `us`.
    pub region: String,
    /// The runtime's name and version.
    pub image: String,
    /// A picture of it.
    pub avatar_url: Option<String>,
    /// Provider, model and whatever else was configured: a JSON object.
    #[sqlx(try_from = "JsonText")]
    pub config: Value,
    /// SOUL.md: its personality.
    pub soul_md: String,
    /// IDENTITY.md: who it says it is.
    pub identity_md: String,
    /// WORKFLOW.md: its role and procedures.
    pub workflow_md: String,
    /// Whether a change waits for a restart.
    pub needs_restart: bool,
    /// Why it is in [`AgentStatus::Error`], for people.
    pub last_error: Option<String>,
    /// The same, for programs.
    pub error_category: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last began to run.
    pub started_at: Option<Timestamp>,
    /// When it stopped; absent while it runs.
    pub stopped_at: Option<Timestamp>,
}

/// An agent as a list shows it: without its texts, of which an account may have gigabytes.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct AgentSummary {
    /// UUID.
    pub id: String,
    /// The swarm it belongs to.
    pub swarm_id: Option<String>,
    /// Shown to people.
    pub name: String,
    /// What it is doing.
    #[sqlx(try_from = "String")]
    pub status: AgentStatus,
    /// `eu` or `us`.
    pub region: String,
    /// The runtime's name and version.
    pub image: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last began to run.
    pub started_at: Option<Timestamp>,
    /// When it stopped; absent while it runs.
    pub stopped_at: Option<Timestamp>,
}

/// How many agents an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AgentCounts {
    /// All of them.
    pub total: i64,
    /// Those that run.
    pub running: i64,
}

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

/// An agent to be made.
#[derive(Clone, Debug)]
pub struct NewAgent {
    /// Shown to people.
    pub name: String,
    /// `eu` or `us`.
    pub region: String,
    /// The runtime's name and version.
    pub image: String,
    /// A JSON object.
    pub config: Value,
    /// SOUL.md
    pub soul_md: String,
    /// IDENTITY.md
    pub identity_md: String,
    /// WORKFLOW.md
    pub workflow_md: String,
    /// How it starts its life.
    pub status: AgentStatus,
    /// Its secrets by name.
    pub secrets: BTreeMap<String, SecretText>,
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
    /// Makes an agent with its secrets, in one transaction.
    pub async fn create_agent(&self, account: &str, new: NewAgent) -> Result<Agent, StoreError> {
        let now = self.now();
        let agent = Agent {
            id: id::new(),
            account_id: account.into(),
            swarm_id: None,
            name: new.name,
            status: new.status,
            region: new.region,
            image: new.image,
            avatar_url: None,
            config: new.config,
            soul_md: new.soul_md,
            identity_md: new.identity_md,
            workflow_md: new.workflow_md,
            needs_restart: false,
            last_error: None,
            error_category: None,
            created_at: now,
            started_at: (new.status == AgentStatus::Running).then_some(now),
            stopped_at: None,
        };
        let mut tx = self.db.begin().await?;
        tx.execute(
            "INSERT INTO agent (id, account_id, name, status, region, image, config, soul_md, identity_md, \
             workflow_md, needs_restart, created_at, started_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            args![
                &agent.id,
                account,
                &agent.name,
                agent.status.as_str(),
                &agent.region,
                &agent.image,
                &agent.config,
                &agent.soul_md,
                &agent.identity_md,
                &agent.workflow_md,
                agent.needs_restart,
                agent.created_at,
                agent.started_at
            ],
        )
        .await?;
        for (name, value) in &new.secrets {
            put_secret(self, &mut tx, account, &agent.id, name, value).await?;
        }
        tx.commit().await?;
        Ok(agent)
    }

    /// Agents of an account, newest first.
    pub async fn list_agents(
        &self,
        account: &str,
        limit: i64,
        offset: i64,
    ) -> Result<Page<AgentSummary>, StoreError> {
        let items = self
            .db
            .all(
                "SELECT id, swarm_id, name, status, region, image, created_at, started_at, stopped_at FROM agent WHERE account_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3",
                args![account, limit, offset],
            )
            .await?;
        let total = self.count_agents(account).await?.total;
        Ok(Page { items, total })
    }

    /// How many agents an account has, and how many of them run.
    pub async fn count_agents(&self, account: &str) -> Result<AgentCounts, StoreError> {
        let counts = self
            .db
            .optional(
                "SELECT COUNT(*) AS total, COUNT(CASE WHEN status = 'running' THEN 1 END) AS running                  FROM agent WHERE account_id = $1",
                args![account],
            )
            .await?;
        Ok(counts.unwrap_or(AgentCounts {
            total: 0,
            running: 0,
        }))
    }

    /// Whether the account has such an agent.
    pub async fn has_agent(&self, account: &str, id: &str) -> Result<bool, StoreError> {
        let sql = "SELECT COUNT(*) FROM agent WHERE id = $1 AND account_id = $2";
        Ok(self.db.count(sql, args![id, account]).await? > 0)
    }

    /// One agent of an account.
    pub async fn get_agent(&self, account: &str, id: &str) -> Result<Option<Agent>, StoreError> {
        self.db
            .optional(
                "SELECT * FROM agent WHERE id = $1 AND account_id = $2",
                args![id, account],
            )
            .await
    }

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
                "SELECT id, account_id, created_at FROM agent WHERE status <> 'stopped'                  AND (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3",
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
        Ok(marked > 0)
    }

    /// Deletes an agent with its secrets, sessions, messages, runs, skills, grants and logs; whether it was there.
    pub async fn delete_agent(&self, account: &str, id: &str) -> Result<bool, StoreError> {
        let deleted = self
            .db
            .execute(
                "DELETE FROM agent WHERE id = $1 AND account_id = $2",
                args![id, account],
            )
            .await?;
        Ok(deleted > 0)
    }
}
