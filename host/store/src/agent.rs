//! Agents.

mod lifecycle;

pub use self::lifecycle::{AgentError, AgentToStart};

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::db::{Insert, Tx, args};
use crate::json_column::{JsonText, words};
use crate::personality::sha256_hex;
use crate::secret::{SecretOwner, put_secret};
use crate::{Limit, Limited, Page, SecretText, Store, StoreError, Swarm, SwarmRef, Timestamp, id};

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
    /// The swarm's name; present exactly when the agent belongs to one.
    pub swarm_name: Option<String>,
    /// The swarm's slug; present exactly when the agent belongs to one.
    pub swarm_slug: Option<String>,
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
    /// SHA-256 of SOUL.md, 64 hexadecimal digits.
    pub soul_md_sha256: String,
    /// When SOUL.md was last changed.
    pub soul_md_updated_at: Timestamp,
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
    /// The swarm's name; present exactly when the agent belongs to one.
    pub swarm_name: Option<String>,
    /// The swarm's slug; present exactly when the agent belongs to one.
    pub swarm_slug: Option<String>,
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

impl Agent {
    /// The swarm it belongs to, as an agent shows it.
    pub fn swarm(&self) -> Option<SwarmRef<'_>> {
        SwarmRef::of(&self.swarm_id, &self.swarm_name, &self.swarm_slug)
    }
}

impl AgentSummary {
    /// The swarm it belongs to, as an agent shows it.
    pub fn swarm(&self) -> Option<SwarmRef<'_>> {
        SwarmRef::of(&self.swarm_id, &self.swarm_name, &self.swarm_slug)
    }
}

/// How many agents an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AgentCounts {
    /// All of them.
    pub total: i64,
    /// Those that run.
    pub running: i64,
}

/// An agent to be made.
#[derive(Clone, Debug)]
pub struct NewAgent {
    /// Shown to people.
    pub name: String,
    /// The swarm that it joins: one of the same account.
    pub swarm: Option<Swarm>,
    /// `eu` or `us`.
    pub region: String,
    /// The runtime's name and version.
    pub image: String,
    /// A JSON object.
    pub config: Value,
    /// SOUL.md
    pub soul_md: String,
    /// WORKFLOW.md
    pub workflow_md: String,
    /// How it starts its life.
    pub status: AgentStatus,
    /// Its secrets by name.
    pub secrets: BTreeMap<String, SecretText>,
    /// The most agents that the account may have, this one included.
    pub max_agents: i64,
}

/// Selects an [`Agent`], with the name and slug of its swarm, by id and account.
pub(crate) const SELECT_AGENT: &str = "SELECT agent.id, agent.account_id, swarm_id, swarm.name AS swarm_name, swarm.slug AS swarm_slug, agent.name, status, region, \
         image, avatar_url, config, soul_md, soul_md_sha256, soul_md_updated_at, workflow_md, needs_restart, last_error, error_category, \
         agent.created_at, started_at, stopped_at FROM agent LEFT JOIN swarm ON swarm.id = agent.swarm_id \
     WHERE agent.id = $1 AND agent.account_id = $2";

impl Store {
    /// Makes an agent with its secrets, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::LimitReached`] when the account has [`NewAgent::max_agents`] already, [`StoreError::Conflict`] when the
    /// swarm was deleted meanwhile.
    pub async fn create_agent(&self, account: &str, new: NewAgent) -> Result<Agent, StoreError> {
        let mut tx = self.begin().await?;
        let agent = self.create_agent_in(&mut tx, account, new).await?;
        tx.commit().await?;
        Ok(agent)
    }

    /// As [`Store::create_agent`], within a transaction.
    pub async fn create_agent_in(
        &self,
        tx: &mut Tx,
        account: &str,
        new: NewAgent,
    ) -> Result<Agent, StoreError> {
        let now = self.now();
        tx.hold_account(account).await?;
        let count = "SELECT COUNT(*) FROM agent WHERE account_id = $1";
        let count = tx.count(count, args![account]).await?;
        Limit::check(Limited::Agents, count + 1, new.max_agents)?;
        let (swarm_name, swarm_slug) = new
            .swarm
            .as_ref()
            .map(|swarm| (swarm.name.clone(), swarm.slug.clone()))
            .unzip();
        let agent = Agent {
            id: id::new(),
            account_id: account.into(),
            swarm_id: new.swarm.map(|swarm| swarm.id),
            swarm_name,
            swarm_slug,
            name: new.name,
            status: new.status,
            region: new.region,
            image: new.image,
            avatar_url: None,
            config: new.config,
            soul_md_sha256: sha256_hex(&new.soul_md),
            soul_md: new.soul_md,
            soul_md_updated_at: now,
            workflow_md: new.workflow_md,
            needs_restart: false,
            last_error: None,
            error_category: None,
            created_at: now,
            started_at: (new.status == AgentStatus::Running).then_some(now),
            stopped_at: None,
        };
        tx.insert(row_of(&agent)).await?;
        for (name, value) in &new.secrets {
            let owner = SecretOwner::Agent(&agent.id);
            put_secret(self, tx, account, owner, name, value).await?;
        }
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
                "SELECT agent.id, swarm_id, swarm.name AS swarm_name, swarm.slug AS swarm_slug, agent.name, status, region, image, \
                 agent.created_at, started_at, stopped_at FROM agent LEFT JOIN swarm ON swarm.id = agent.swarm_id \
                 WHERE agent.account_id = $1 ORDER BY agent.created_at DESC, agent.id DESC LIMIT $2 OFFSET $3",
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
                "SELECT COUNT(*) AS total, COUNT(CASE WHEN status = 'running' THEN 1 END) AS running FROM agent WHERE account_id = $1",
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
        self.db.optional(SELECT_AGENT, args![id, account]).await
    }
}

fn row_of(agent: &Agent) -> Insert<'_> {
    Insert::into_table("agent")
        .set("id", &agent.id)
        .set("account_id", &agent.account_id)
        .set("swarm_id", &agent.swarm_id)
        .set("name", &agent.name)
        .set("status", agent.status)
        .set("region", &agent.region)
        .set("image", &agent.image)
        .set("avatar_url", &agent.avatar_url)
        .set("config", &agent.config)
        .set("soul_md", &agent.soul_md)
        .set("soul_md_sha256", &agent.soul_md_sha256)
        .set("soul_md_updated_at", agent.soul_md_updated_at)
        .set("workflow_md", &agent.workflow_md)
        .set("needs_restart", agent.needs_restart)
        .set("created_at", agent.created_at)
        .set("started_at", agent.started_at)
}
