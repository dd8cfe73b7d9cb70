//! The pool of an account: the skills that it can use, its own and installed ones, with the agents that have them.

use serde_json::Value;

use crate::db::args;
use crate::installation::Source;
use crate::json_column::JsonText;
use crate::{AgentStatus, Page, Store, StoreError, Timestamp};

/// A published skill in an account's pool, without its versions.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct PoolSkill {
    /// UUID.
    pub id: String,
    /// Its slug.
    pub name: String,
    /// What it does.
    pub description: String,
    /// As the manifest says.
    pub category: Option<String>,
    /// How it came into the pool.
    #[sqlx(try_from = "String")]
    pub source: Source,
    /// Whether the system manages it.
    pub locked: bool,
    /// The highest published version.
    pub latest_version: String,
    /// The names of that version's tools.
    #[sqlx(try_from = "JsonText")]
    pub tool_names: Vec<String>,
    /// `active` or `archived`.
    pub status: String,
    /// When its first version was published.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// On how many of the account's own agents it is.
    pub assigned_agents: i64,
}

/// Which skills of a pool are listed.
#[derive(Clone, Copy, Debug)]
pub struct PoolFilter<'a> {
    /// `active` or `archived`; all when absent.
    pub status: Option<&'a str>,
    /// All when absent.
    pub category: Option<&'a str>,
    /// How many, at most.
    pub limit: i64,
}

/// An agent that has a skill.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct AssignedAgent {
    /// The assignment: `as_…`
    pub assignment_id: String,
    /// The agent.
    pub agent_id: String,
    /// Its name.
    pub agent_name: String,
    /// What it does now.
    #[sqlx(try_from = "String")]
    pub agent_status: AgentStatus,
    /// Whether it may use the skill.
    pub is_enabled: bool,
    /// Values for the keys that the skill's manifest declares: a JSON object.
    #[sqlx(try_from = "JsonText")]
    pub config: Value,
    /// Higher is more likely to be used.
    pub priority: i64,
    /// When the version that it has was assigned.
    pub assigned_at: Timestamp,
    /// The API key that assigned it.
    pub assigned_by: String,
}

/// A skill that is on an agent, with what a list of skills shows.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct AssignedSkill {
    /// The assignment: `as_…`
    pub assignment_id: String,
    /// The skill's UUID.
    pub skill_id: String,
    /// Its slug.
    pub name: String,
    /// What it does.
    pub description: String,
    /// As the manifest says.
    pub category: Option<String>,
    /// Whether the account published it.
    pub is_own: bool,
    /// Whether the agent may use it.
    pub is_enabled: bool,
    /// Values for the keys that its manifest declares: a JSON object.
    #[sqlx(try_from = "JsonText")]
    pub config: Value,
    /// Higher is more likely to be used.
    pub priority: i64,
    /// When this version was assigned.
    pub assigned_at: Timestamp,
}

/// A row of a list with the length of the whole list.
#[derive(sqlx::FromRow)]
struct Counted {
    #[sqlx(flatten)]
    skill: PoolSkill,
    total: i64,
}

/// The columns of a [`PoolSkill`].
macro_rules! pool_skill {
    ($columns:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $columns,
            "skill.id, skill.name, skill.description, skill.category, installation.source, installation.locked, \
             skill.latest_version, skill_version.tool_names, skill.status, \
             skill.created_at, skill.updated_at, \
             (SELECT COUNT(*) FROM assignment WHERE assignment.skill_id = skill.id AND assignment.account_id = $1) \
             AS assigned_agents \
             FROM installation JOIN skill ON skill.id = installation.skill_id \
             JOIN skill_version ON skill_version.skill_id = skill.id \
             AND skill_version.version = skill.latest_version \
             WHERE installation.account_id = $1 ",
            $rest
        )
    };
}

impl Store {
    /// The skills of an account's pool, by name.
    pub async fn list_pool(
        &self,
        account: &str,
        filter: PoolFilter<'_>,
    ) -> Result<Page<PoolSkill>, StoreError> {
        let rows: Vec<Counted> = self
            .db
            .all(
                pool_skill!(
                    "COUNT(*) OVER () AS total, ",
                    "AND ($2 IS NULL OR skill.status = $2) AND ($3 IS NULL OR skill.category = $3) \
                     ORDER BY skill.name, skill.id LIMIT $4"
                ),
                args![account, filter.status, filter.category, filter.limit],
            )
            .await?;
        Ok(Page {
            total: rows.first().map_or(0, |row| row.total),
            items: rows.into_iter().map(|row| row.skill).collect(),
        })
    }

    /// A skill of an account's pool, by its UUID whatever its status, or by its alias or name while it is active: the account's
    /// own before an installed one.
    pub async fn get_pool_skill(
        &self,
        account: &str,
        name_or_id: &str,
    ) -> Result<Option<PoolSkill>, StoreError> {
        self.db
            .optional(
                pool_skill!(
                    "",
                    "AND (skill.id = $2 OR (skill.status = 'active' AND (skill.name = $2 OR installation.alias = $2))) \
                     ORDER BY CASE WHEN skill.id = $2 THEN 0 WHEN skill.account_id = $1 AND skill.name = $2 THEN 1 \
                     WHEN installation.alias = $2 THEN 2 ELSE 3 END, skill.created_at, skill.id LIMIT 1"
                ),
                args![account, name_or_id],
            )
            .await
    }

    /// The categories of the active skills in an account's pool, in alphabetical order.
    pub async fn list_pool_categories(&self, account: &str) -> Result<Vec<String>, StoreError> {
        let rows: Vec<(String,)> = self
            .db
            .all(
                "SELECT DISTINCT skill.category FROM installation JOIN skill ON skill.id = installation.skill_id \
                 WHERE installation.account_id = $1 AND skill.status = 'active' AND skill.category IS NOT NULL \
                 ORDER BY skill.category",
                args![account],
            )
            .await?;
        Ok(rows.into_iter().map(|(category,)| category).collect())
    }

    /// The agents of an account that have a skill, named by its UUID, in the order in which they got it.
    pub async fn list_assigned_agents(
        &self,
        account: &str,
        skill_id: &str,
    ) -> Result<Vec<AssignedAgent>, StoreError> {
        self.db
            .all(
                "SELECT assignment.id AS assignment_id, agent.id AS agent_id, agent.name AS agent_name, \
                 agent.status AS agent_status, assignment.is_enabled, assignment.config, assignment.priority, \
                 assignment.installed_at AS assigned_at, assignment.installed_by AS assigned_by \
                 FROM assignment JOIN agent ON agent.id = assignment.agent_id \
                 WHERE assignment.account_id = $1 AND assignment.skill_id = $2 \
                 ORDER BY assignment.installed_at, assignment.id",
                args![account, skill_id],
            )
            .await
    }

    /// The skills on an agent with what a list shows of them, in the order in which they came.
    pub async fn list_assigned_skills(
        &self,
        account: &str,
        agent: &str,
    ) -> Result<Vec<AssignedSkill>, StoreError> {
        self.db
            .all(
                "SELECT assignment.id AS assignment_id, skill.id AS skill_id, skill.name, skill.description, \
                 skill.category, skill.account_id = $1 AS is_own, assignment.is_enabled, assignment.config, \
                 assignment.priority, assignment.installed_at AS assigned_at \
                 FROM assignment JOIN skill ON skill.id = assignment.skill_id \
                 WHERE assignment.account_id = $1 AND assignment.agent_id = $2 \
                 ORDER BY assignment.installed_at, assignment.id",
                args![account, agent],
            )
            .await
    }
}
