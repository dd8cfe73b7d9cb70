//! Puts skills on agents.

use serde_json::{Map, Value};
use skillgate_skill::Permissions;

use super::Assignment;
use crate::change::Change;
use crate::db::{Insert, Tx, args};
use crate::grant::{GrantMode, NewGrant, insert_grant, mode_on_agent, revoke_agent_grants};
use crate::installation::{Source, insert_installation};
use crate::task::{Decision, Task, decide, end_consents};
use crate::version::TrustLevel;
use crate::{Conflict, Limit, Limited, Store, StoreError, id};

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
    /// Whether calls wait for a person, where the grant takes the place of none.
    pub mode: GrantMode,
    /// The API key that installs it.
    pub installed_by: String,
    /// What a new assignment begins with; one whose version is replaced keeps its own.
    pub settings: AssignmentSettings,
    /// The most skills that the agent may have, this one included. Not checked where it replaces another version.
    pub max_skills: i64,
}

/// How a skill is to be used on an agent.
#[derive(Clone, Debug, PartialEq)]
pub struct AssignmentSettings {
    /// Values for the keys that its manifest declares: a JSON object.
    pub config: Value,
    /// Higher is more likely to be used.
    pub priority: i64,
}

impl Default for AssignmentSettings {
    fn default() -> Self {
        Self {
            config: Value::Object(Map::new()),
            priority: 0,
        }
    }
}

/// What becomes of the permissions of a skill on an agent.
#[derive(Clone, Debug)]
pub enum AssignmentGrant {
    /// These are granted, and what was granted there before is revoked.
    Anew(Permissions),
    /// These are granted, to a skill of which no version is on the agent yet.
    First(Permissions),
    /// These are granted by the consent to exactly this version, in the place of exactly that one.
    Consented {
        /// What is granted.
        permissions: Permissions,
        /// The version that is on the agent until now.
        replaces: String,
        /// The digest of the package that was shown.
        digest: String,
        /// Key id of the signer that was shown.
        publisher_key_id: Option<String>,
    },
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
    /// another version than the caller saw is on the agent; [`StoreError::LimitReached`] when the agent has
    /// [`NewAssignment::max_skills`] others.
    pub async fn install_skill(
        &self,
        account: &str,
        agent: &str,
        new: NewAssignment,
    ) -> Result<Option<Assignment>, StoreError> {
        let mut tx = self.db.begin().await?;
        tx.hold_agent_alone(agent).await?;
        if !install(self, &mut tx, account, agent, &new).await? {
            return Ok(None);
        }
        tx.commit().await?;
        self.get_assignment(account, agent, &new.skill_id).await
    }

    /// Approves a task of kind `consent` and puts the version that it consents to on the agent, in one transaction.
    ///
    /// `None` when the account has no such task or agent, or may not see such a version.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the task was decided already or is expired, and as [`Store::install_skill`].
    pub async fn approve_consent(
        &self,
        account: &str,
        agent: &str,
        task: &str,
        decision: &Decision,
        new: NewAssignment,
    ) -> Result<Option<Task>, StoreError> {
        let mut tx = self.db.begin().await?;
        tx.hold_agent_alone(agent).await?;
        let decided = decide(&mut tx, self.now(), account, task, decision).await?;
        if decided.is_none() || !install(self, &mut tx, account, agent, &new).await? {
            return Ok(None);
        }
        tx.commit().await?;
        Ok(decided)
    }
}

/// Puts a version on an agent with its grant there, within a transaction that holds the agent alone, as skills on it are counted; `false` when the account has no such
/// agent, or may not see such a version.
async fn install(
    store: &Store,
    tx: &mut Tx,
    account: &str,
    agent: &str,
    new: &NewAssignment,
) -> Result<bool, StoreError> {
    tx.hold_skill(&new.skill_id).await?;
    let Some(version) = installable(tx, account, agent, new).await? else {
        return Ok(false);
    };
    version.check_grant(&new.grant)?;
    if version.installed_version_id.is_none() {
        let count = "SELECT COUNT(*) FROM assignment WHERE agent_id = $1";
        let count = tx.count(count, args![agent]).await?;
        Limit::check(Limited::AgentSkills, count + 1, new.max_skills)?;
    }
    insert_installation(store, tx, account, &new.skill_id, Source::Grant).await?;
    assign(store, tx, account, agent, new).await?;
    end_consents(tx, store.now(), agent, &new.skill_id).await?;
    tx.changed(Change::AgentSkills(agent.into()));
    if let Some(permissions) = new.grant.permissions() {
        // Whoever wanted to be asked wants to be asked about the next version too.
        let mode = mode_on_agent(tx, account, agent, &new.skill_id).await?;
        let grant = NewGrant {
            agent_id: Some(agent.into()),
            skill_id: new.skill_id.clone(),
            publisher_key_id: version.publisher_key_id,
            permissions: permissions.clone(),
            mode: mode.unwrap_or(new.mode),
            granted_by: new.installed_by.clone(),
            expires_at: None,
        };
        revoke_agent_grants(store, tx, account, agent, &new.skill_id).await?;
        insert_grant(store, tx, account, &grant).await?;
    }
    Ok(true)
}

impl AssignmentGrant {
    /// What is granted anew.
    fn permissions(&self) -> Option<&Permissions> {
        match self {
            Self::Anew(permissions)
            | Self::First(permissions)
            | Self::Consented { permissions, .. } => Some(permissions),
            Self::Kept { .. } => None,
        }
    }
}

#[derive(sqlx::FromRow)]
struct Installable {
    digest: String,
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
            AssignmentGrant::Consented {
                replaces,
                digest,
                publisher_key_id,
                ..
            } => {
                installed == Some(replaces)
                    && self.digest == *digest
                    && self.publisher_key_id == *publisher_key_id
            }
            AssignmentGrant::Kept { replaces } => {
                installed == Some(replaces)
                    && self.installed_publisher_key_id == self.publisher_key_id
            }
        };
        match holds {
            true => Ok(()),
            false => Err(Conflict::Changed("assignment").into()),
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
            "SELECT skill_version.digest, skill_version.publisher_key_id, skill_version.yanked, \
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
        Some(version) if version.installed_version_id.as_deref() == Some(&new.version_id) => {
            Err(Conflict::AlreadyAssigned.into())
        }
        Some(version) if version.yanked => Err(Conflict::VersionYanked.into()),
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
    let id = id::prefixed("as");
    let row = Insert::into_table("assignment")
        .set("id", &id)
        .set("account_id", account)
        .set("agent_id", agent)
        .set("skill_id", &new.skill_id)
        .set("version_id", &new.version_id)
        .set("trust_level", new.trust_level)
        .set("is_enabled", true)
        .set("config", &new.settings.config)
        .set("priority", new.settings.priority)
        .set("installed_by", &new.installed_by)
        .set("installed_at", store.now())
        .on_conflict(
            "(agent_id, skill_id) DO UPDATE SET version_id = excluded.version_id, trust_level = excluded.trust_level, \
             installed_by = excluded.installed_by, installed_at = excluded.installed_at",
        );
    tx.insert(row).await.map(drop)
}
