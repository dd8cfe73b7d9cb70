//! Assignments: a version of a skill on an agent, with what it is granted there.

use serde::Serialize;
use serde_json::Value;

use crate::db::{Tx, args};
use crate::grant::{NewGrant, insert_grant, revoke_agent_grants};
use crate::installation::{Source, insert_installation};
use crate::json_column::JsonText;
use crate::skill::delete_unused_skills;
use crate::version::TrustLevel;
use crate::{Store, StoreError, Timestamp, id};

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

/// A skill to be put on an agent.
#[derive(Clone, Debug)]
pub struct NewAssignment {
    /// The skill's UUID.
    pub skill_id: String,
    /// The version's UUID.
    pub version_id: String,
    /// What its installer takes it for.
    pub trust_level: TrustLevel,
    /// What it may do on this agent; at most what it asks for takes effect.
    pub grant: AssignmentGrant,
    /// The API key that installs it.
    pub installed_by: String,
}

/// What becomes of the permissions of a skill on an agent.
#[derive(Clone, Debug)]
pub enum AssignmentGrant {
    /// These are granted, and what was granted there before is revoked.
    Anew(Value),
    /// These are granted, to a skill of which no version is on the agent yet.
    First(Value),
    /// What there is stays: as it is when the version replaces the one of this UUID, signed by the same key.
    Kept {
        /// The version that is on the agent until now.
        replaces: String,
    },
}

impl Store {
    /// Puts a version of a skill on an agent with its grant there, in one transaction.
    ///
    /// Another version of the same skill is replaced.
    /// `None` when the account has no such agent, or may not see such a version.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when this version is on the agent already, or was yanked; or when a grant is to be kept and
    /// another version than the caller saw is on the agent.
    pub async fn install_skill(
        &self,
        account: &str,
        agent: &str,
        new: NewAssignment,
    ) -> Result<Option<Assignment>, StoreError> {
        let mut tx = self.db.begin().await?;
        tx.hold_agent(agent).await?;
        tx.hold_skill(&new.skill_id).await?;
        let Some(version) = installable(&mut tx, account, agent, &new).await? else {
            return Ok(None);
        };
        insert_installation(self, &mut tx, account, &new.skill_id, Source::Grant).await?;
        assign(self, &mut tx, account, agent, &new).await?;
        version.check_grant(&new.grant)?;
        match new.grant {
            AssignmentGrant::Kept { .. } => {}
            AssignmentGrant::First(permissions) | AssignmentGrant::Anew(permissions) => {
                let grant = NewGrant {
                    agent_id: Some(agent.into()),
                    skill_id: new.skill_id.clone(),
                    publisher_key_id: version.publisher_key_id,
                    permissions,
                    granted_by: new.installed_by,
                    expires_at: None,
                };
                revoke_agent_grants(self, &mut tx, account, agent, &new.skill_id).await?;
                insert_grant(self, &mut tx, account, &grant).await?;
            }
        }
        tx.commit().await?;
        self.get_assignment(account, agent, &new.skill_id).await
    }

    /// Takes a skill, named by its UUID, from an agent and revokes its grants there; whether it was on it.
    pub async fn uninstall_skill(
        &self,
        account: &str,
        agent: &str,
        skill_id: &str,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        tx.hold_agent(agent).await?;
        let removed = tx
            .execute(
                "DELETE FROM assignment WHERE account_id = $1 AND agent_id = $2 AND skill_id = $3",
                args![account, agent, skill_id],
            )
            .await?;
        revoke_agent_grants(self, &mut tx, account, agent, skill_id).await?;
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
                "SELECT assignment.*, skill.name AS skill_name, skill.title AS skill_title, skill_version.version \
                 FROM assignment JOIN skill ON skill.id = assignment.skill_id \
                 JOIN skill_version ON skill_version.id = assignment.version_id \
                 WHERE assignment.account_id = $1 AND assignment.agent_id = $2 AND assignment.skill_id = $3",
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
                "SELECT assignment.*, skill.name AS skill_name, skill.title AS skill_title, skill_version.version \
                 FROM assignment JOIN skill ON skill.id = assignment.skill_id \
                 JOIN skill_version ON skill_version.id = assignment.version_id \
                 WHERE assignment.account_id = $1 AND assignment.agent_id = $2 \
                 ORDER BY assignment.installed_at, assignment.id",
                args![account, agent],
            )
            .await
    }
}

#[derive(sqlx::FromRow)]
struct Installable {
    publisher_key_id: Option<String>,
    yanked: bool,
    installed_version_id: Option<String>,
    installed_publisher_key_id: Option<String>,
}

impl Installable {
    /// Refuses where another version is on the agent by now than the one that the grant was decided for, or where another
    /// key signed it than the version whose grant is to be kept.
    fn check_grant(&self, grant: &AssignmentGrant) -> Result<(), StoreError> {
        let installed = self.installed_version_id.as_deref();
        let holds = match grant {
            AssignmentGrant::Anew(_) => true,
            AssignmentGrant::First(_) => installed.is_none(),
            AssignmentGrant::Kept { replaces } => {
                installed == Some(replaces)
                    && self.installed_publisher_key_id == self.publisher_key_id
            }
        };
        match holds {
            true => Ok(()),
            false => Err(StoreError::Conflict(
                "the skill on this agent was changed meanwhile; try again".into(),
            )),
        }
    }
}

/// The version, where the account has the agent and may see the skill; and which version is on the agent now.
async fn installable(
    tx: &mut Tx,
    account: &str,
    agent: &str,
    new: &NewAssignment,
) -> Result<Option<Installable>, StoreError> {
    let found: Option<Installable> = tx
        .optional(
            "SELECT skill_version.publisher_key_id, skill_version.yanked, \
             (SELECT version_id FROM assignment WHERE agent_id = agent.id AND skill_id = skill.id) \
             AS installed_version_id, \
             (SELECT installed.publisher_key_id FROM assignment JOIN skill_version AS installed \
             ON installed.id = assignment.version_id \
             WHERE assignment.agent_id = agent.id AND assignment.skill_id = skill.id) \
             AS installed_publisher_key_id \
             FROM skill_version JOIN skill ON skill.id = skill_version.skill_id \
             JOIN agent ON agent.id = $2 AND agent.account_id = $1 \
             WHERE skill.id = $3 AND skill_version.id = $4 AND skill.status = 'active' \
             AND (skill.account_id = $1 OR skill.access = 'public')",
            args![account, agent, &new.skill_id, &new.version_id],
        )
        .await?;
    match found {
        Some(version) if version.installed_version_id.as_deref() == Some(&new.version_id) => Err(
            StoreError::Conflict("Skill already assigned to this agent".into()),
        ),
        Some(version) if version.yanked => Err(StoreError::Conflict(
            "this version was taken back; install another".into(),
        )),
        found => Ok(found),
    }
}

async fn assign(
    store: &Store,
    tx: &mut Tx,
    account: &str,
    agent: &str,
    new: &NewAssignment,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO assignment (id, account_id, agent_id, skill_id, version_id, trust_level, is_enabled, config, \
         priority, installed_by, installed_at) VALUES ($1, $2, $3, $4, $5, $6, TRUE, '{}', 0, $7, $8) \
         ON CONFLICT (agent_id, skill_id) DO UPDATE SET version_id = excluded.version_id, \
         trust_level = excluded.trust_level, installed_by = excluded.installed_by, installed_at = excluded.installed_at",
        args![
            &id::prefixed("as"),
            account,
            agent,
            &new.skill_id,
            &new.version_id,
            new.trust_level.as_str(),
            &new.installed_by,
            store.now()
        ],
    )
    .await?;
    Ok(())
}
