//! Assignments: a version of a skill on an agent, with what it is granted there.

mod install;

use serde::Serialize;
use serde_json::Value;

pub use self::install::{AssignmentGrant, AssignmentSettings, NewAssignment};
use crate::db::args;
use crate::grant::revoke_agent_grants;
use crate::json_column::JsonText;
use crate::skill::delete_unused_skills;
use crate::task::end_consents;
use crate::version::TrustLevel;
use crate::{Store, StoreError, Timestamp};

/// A skill on an agent, as the agent's list of skills shows it.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    /// `as_…`
    pub id: String,
    /// Whose agent it is.
    pub account_id: String,
    /// The agent.
    pub agent_id: String,
    /// The skill's UUID.
    pub skill_id: String,
    /// The skill's slug.
    pub skill_name: String,
    /// Shown to people.
    pub skill_title: String,
    /// Whether the account published the skill.
    pub is_own: bool,
    /// The version's UUID.
    pub version_id: String,
    /// The version.
    pub version: String,
    /// What its installer took it for.
    #[sqlx(try_from = "String")]
    pub trust_level: TrustLevel,
    /// Whether the agent may use it.
    pub is_enabled: bool,
    /// Values for the keys that its manifest declares: a JSON object.
    #[sqlx(try_from = "JsonText")]
    pub config: Value,
    /// Higher is more likely to be used.
    pub priority: i64,
    /// The API key that installed it.
    pub installed_by: String,
    /// When this version was installed.
    pub installed_at: Timestamp,
}

/// Selects [`Assignment`]s.
macro_rules! assignments {
    () => {
        "SELECT assignment.id, assignment.account_id, assignment.agent_id, assignment.skill_id, skill.name AS skill_name, \
         skill.title AS skill_title, skill.account_id = assignment.account_id AS is_own, \
         assignment.version_id, skill_version.version, assignment.trust_level, \
         assignment.is_enabled, assignment.config, assignment.priority, assignment.installed_by, assignment.installed_at \
         FROM assignment JOIN skill ON skill.id = assignment.skill_id \
         JOIN skill_version ON skill_version.id = assignment.version_id"
    };
}

impl Store {
    /// Takes a skill, named by its UUID, from an agent and revokes its grants there; whether it was on it.
    pub async fn uninstall_skill(
        &self,
        account: &str,
        agent: &str,
        skill_id: &str,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        tx.hold_agent_alone(agent).await?;
        // Of several that take the same deleted skill from their agents, the last one sees that no agent has it any more.
        tx.lock_skill_for_deletion(skill_id).await?;
        let removed = tx
            .execute(
                "DELETE FROM assignment WHERE account_id = $1 AND agent_id = $2 AND skill_id = $3",
                args![account, agent, skill_id],
            )
            .await?;
        revoke_agent_grants(self, &mut tx, account, agent, skill_id).await?;
        end_consents(&mut tx, self.now(), agent, skill_id).await?;
        delete_unused_skills(&mut tx, account).await?;
        tx.commit().await?;
        Ok(removed > 0)
    }

    /// Bytes of all tools of the skills on an agent, as JSON, but for those of one skill.
    pub async fn tool_bytes_beside(
        &self,
        account: &str,
        agent: &str,
        skill_id: &str,
    ) -> Result<i64, StoreError> {
        self.db
            .count(
                "SELECT CAST(COALESCE(SUM(OCTET_LENGTH(skill_version.tools)), 0) AS BIGINT) FROM assignment \
                 JOIN skill_version ON skill_version.id = assignment.version_id \
                 WHERE assignment.account_id = $1 AND assignment.agent_id = $2 AND assignment.skill_id <> $3",
                args![account, agent, skill_id],
            )
            .await
    }

    /// A skill, named by its UUID, on an agent.
    pub async fn get_assignment(
        &self,
        account: &str,
        agent: &str,
        skill_id: &str,
    ) -> Result<Option<Assignment>, StoreError> {
        self.db
            .optional(
                concat!(
                    assignments!(),
                    " WHERE assignment.account_id = $1 AND assignment.agent_id = $2 AND assignment.skill_id = $3"
                ),
                args![account, agent, skill_id],
            )
            .await
    }

    /// The skills on an agent, in the order in which they came.
    pub async fn list_assignments(
        &self,
        account: &str,
        agent: &str,
    ) -> Result<Vec<Assignment>, StoreError> {
        self.db
            .all(
                concat!(
                    assignments!(),
                    " WHERE assignment.account_id = $1 AND assignment.agent_id = $2 \
                     ORDER BY assignment.installed_at, assignment.id"
                ),
                args![account, agent],
            )
            .await
    }
}
