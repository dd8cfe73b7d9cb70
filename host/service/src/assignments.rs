//! Skills on agents.

mod consent;
mod settings;

pub use consent::ConsentDifference;
pub use settings::{AssignSkill, ChangeAssignment};

use std::sync::Arc;

use serde_json::Value;
use skillgate_runtime::LogLevel;
use skillgate_skill::Permissions;
use skillgate_store::{
    Agent, Assignment, AssignmentGrant, AssignmentSettings, NewAssignment, Skill, Store,
    TrustLevel, VersionHead, VersionSource,
};

use crate::agents::Agents;
use crate::loaded_skills::LoadedSkills;
use crate::logs::Logs;
use crate::skills::head_of;
use crate::{Actor, AgentId, Plan, ServiceError, SkillRef};

/// What is to be installed, and what it may do.
#[derive(Debug)]
pub struct InstallSkill {
    /// The skill's name or UUID.
    pub skill: SkillRef,
    /// `verified` or `clawhub`. What is stored is who really vouches for the version.
    pub trust_level: String,
    /// The version; the latest when absent.
    pub version: Option<String>,
    /// What is granted. When absent all that the skill asks for, as the call is the consent; where another version is replaced, its
    /// grant is kept.
    pub permissions: Option<Value>,
    /// What a new assignment begins with.
    pub settings: AssignmentSettings,
    /// What becomes of another version of the skill on the agent.
    pub other_version: OtherVersion,
}

/// What becomes of a version of the skill that is on the agent already, when another is to be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherVersion {
    /// The new one takes its place.
    Replace,
    /// It stays, and the new one is refused.
    Keep,
}

/// What was installed, and what it was granted.
#[derive(Debug)]
pub struct Installed {
    /// The skill on the agent.
    pub assignment: Assignment,
    /// What it may do there.
    pub permissions: Permissions,
    /// Whether the agent runs, and is marked for a restart.
    pub needs_restart: bool,
}

/// What was taken from an agent.
#[derive(Debug)]
pub struct Uninstalled {
    /// The skill's name.
    pub skill: String,
    /// Whether the agent runs, and is marked for a restart.
    pub needs_restart: bool,
}

/// Skills on agents.
pub struct Assignments {
    store: Store,
    agents: Arc<Agents>,
    loaded_skills: LoadedSkills,
    logs: Logs,
    max_tool_bytes: usize,
}

impl Assignments {
    /// `max_tool_bytes` bounds all tools of one agent's skills, as texts and schemas.
    pub(crate) fn new(
        store: Store,
        agents: Arc<Agents>,
        loaded_skills: LoadedSkills,
        logs: Logs,
        max_tool_bytes: usize,
    ) -> Self {
        Self {
            store,
            agents,
            loaded_skills,
            logs,
            max_tool_bytes,
        }
    }

    /// Installs a skill on an agent. Its publisher's key must still be good. It takes effect with the next turn.
    ///
    /// # Errors
    /// `NotFound` for an unknown agent or skill, `Invalid` for a grant of more than is asked for or a package that does not verify any
    /// more, `Conflict` when this version is on the agent already, `ConsentRequired` when it replaces another that asked for less,
    /// has other tools or was signed by another key, and no permissions are named; `LimitReached`.
    pub async fn install(
        &self,
        actor: &Actor,
        agent: &AgentId,
        install_skill: InstallSkill,
    ) -> Result<Installed, ServiceError> {
        let account = &*actor.account;
        let agent = self.agents.get(actor, agent).await?;
        let wanted = install_skill
            .trust_level
            .parse::<TrustLevel>()
            .map_err(|_| ServiceError::invalid("trustLevel: must be `verified` or `clawhub`."))?;
        let (skill, version) = head_of(
            &self.store,
            account,
            &install_skill.skill,
            install_skill.version.as_deref(),
        )
        .await?;
        if wanted == TrustLevel::Verified && version.trust_level != TrustLevel::Verified {
            return Err(ServiceError::conflict(format!(
                "Version {} of {} is not verified: only its publisher vouches for it. To install it all the same, ask for the \
             trust level `clawhub`.",
                version.version, skill.name
            )));
        }
        // All that costs little comes first: whoever repeats a request makes the server read no package.
        let there = self.store.list_assignments(account, &agent.id).await?;
        if install_skill.other_version == OtherVersion::Keep
            && there.iter().any(|one| one.skill_id == skill.id)
        {
            return Err(already_assigned());
        }
        let max_skills = Plan::read(&self.store, account).await?.max_skills_per_agent;
        Self::check_count(&there, &skill, max_skills)?;
        self.check_room(&there, account, &agent.id, &skill, &version)
            .await?;
        self.check_publisher(account, &skill.account_id, &version)
            .await?;
        let replaced = there.into_iter().find(|one| one.skill_id == skill.id);
        let kept = match (&install_skill.permissions, replaced) {
            (None, Some(replaced)) => {
                self.check_consent(account, &skill, &replaced, &version)
                    .await?;
                Some(replaced.version_id)
            }
            _ => None,
        };
        let ready = self
            .loaded_skills
            .ready(self.source(account, &version.id).await?)
            .await?;
        let asked = &ready.manifest.permissions;
        let grant = match (install_skill.permissions, kept) {
            (None, Some(replaces)) => AssignmentGrant::Kept { replaces },
            (None, None) => AssignmentGrant::First(asked.clone()),
            (Some(named), _) => AssignmentGrant::Anew(named_permissions(asked, named)?),
        };
        let (skill_id, key) = (skill.id.clone(), version.publisher_key_id);
        let new = NewAssignment {
            skill_id: skill.id,
            version_id: version.id,
            trust_level: version.trust_level,
            grant,
            installed_by: actor.key.clone(),
            settings: install_skill.settings,
            max_skills,
        };
        let assignment = self.store.install_skill(account, &agent.id, new).await?;
        let assignment = assignment.ok_or_else(|| ServiceError::not_found("agent"))?;
        // What another version was granted until now is replaced.
        self.loaded_skills.revoke(&agent.id, &assignment.skill_id);
        let line = format!(
            "Skill {} {} installed",
            assignment.skill_name, assignment.version
        );
        self.logs.write(&(&*agent).into(), LogLevel::Info, &line);
        let grant = self
            .store
            .effective_grant(account, &agent.id, &skill_id, key.as_deref())
            .await?;
        let permissions = grant.map(|grant| grant.permissions);
        Ok(Installed {
            assignment,
            permissions: permissions.unwrap_or_default(),
            needs_restart: self.agents.mark_for_restart(&agent).await?,
        })
    }

    async fn source(&self, account: &str, version: &str) -> Result<VersionSource, ServiceError> {
        let source = self.store.version_source(account, version).await?;
        source.ok_or_else(|| ServiceError::not_found("skill_version"))
    }

    /// Checks that a version may take the place of another under the grant that there is.
    async fn check_consent(
        &self,
        account: &str,
        skill: &Skill,
        replaced: &Assignment,
        version: &VersionHead,
    ) -> Result<(), ServiceError> {
        let version_of = |version: String| async move {
            let found = self.store.get_version(account, &skill.id, Some(&version));
            let found = found.await?.map(|(_, version)| version);
            found.ok_or_else(|| ServiceError::not_found("skill_version"))
        };
        let before = version_of(replaced.version.clone()).await?;
        let after = version_of(version.version.clone()).await?;
        let difference = ConsentDifference::between(&before, &after);
        if !difference.needs_consent() {
            return Ok(());
        }
        let message = format!(
            "Version {} of {} needs consent, because {}. Repeat the call with `permissions`, the permissions that it is to \
             have, to consent.",
            after.version,
            skill.name,
            difference.reasons().trim_end()
        );
        Err(ServiceError::consent_required(message, difference))
    }

    /// The skills on an agent.
    pub async fn list(
        &self,
        actor: &Actor,
        agent: &AgentId,
    ) -> Result<Vec<Assignment>, ServiceError> {
        let account = &*actor.account;
        let agent = self.agents.get(actor, agent).await?;
        Ok(self.store.list_assignments(account, &agent.id).await?)
    }

    /// Takes a skill, by name or UUID, from an agent and revokes what it was granted there.
    pub async fn uninstall(
        &self,
        actor: &Actor,
        agent: &AgentId,
        skill: &SkillRef,
    ) -> Result<Uninstalled, ServiceError> {
        let account = &*actor.account;
        let (agent, found) = self.find(actor, agent, skill).await?;
        self.store
            .uninstall_skill(account, &agent.id, &found.skill_id)
            .await?;
        self.loaded_skills.revoke(&agent.id, &found.skill_id);
        self.logs.write(
            &(&*agent).into(),
            LogLevel::Info,
            &format!("Skill {} removed", found.skill_name),
        );
        Ok(Uninstalled {
            skill: found.skill_name,
            needs_restart: self.agents.mark_for_restart(&agent).await?,
        })
    }

    /// Finds a skill, by name or UUID, on an agent.
    async fn find(
        &self,
        actor: &Actor,
        agent: &AgentId,
        skill: &SkillRef,
    ) -> Result<(Arc<Agent>, Assignment), ServiceError> {
        let agent = self.agents.get(actor, agent).await?;
        let there = self
            .store
            .list_assignments(&actor.account, &agent.id)
            .await?;
        let found = there
            .into_iter()
            .find(|one| one.skill_name == **skill || one.skill_id == **skill);
        let found = found.ok_or_else(|| ServiceError::not_found("skill"))?;
        Ok((agent, found))
    }

    /// Checks that the agent may have one more skill. Another version of a skill takes the place of the one that is there. The
    /// store counts once more, for those who install at the same moment.
    fn check_count(
        there: &[Assignment],
        skill: &Skill,
        max_skills: i64,
    ) -> Result<(), ServiceError> {
        let is_new = there.iter().all(|one| one.skill_id != skill.id);
        let count = there.len();
        if is_new && i64::try_from(count).is_ok_and(|count| count >= max_skills) {
            return Err(ServiceError::limit_reached(format!(
                "This agent has {count} skills; the plan allows {max_skills}. Remove one first."
            )));
        }
        Ok(())
    }

    /// Checks that the version is not on the agent yet, and that there is room on it for the tools of one more skill.
    async fn check_room(
        &self,
        there: &[Assignment],
        account: &str,
        agent: &str,
        skill: &Skill,
        version: &VersionHead,
    ) -> Result<(), ServiceError> {
        if there.iter().any(|one| one.version_id == version.id) {
            return Err(already_assigned());
        }
        // The names that the model sees begin with the skill's: equal ones would be of equal tools.
        let is_namesake =
            |one: &Assignment| one.skill_name == skill.name && one.skill_id != skill.id;
        if there.iter().any(is_namesake) {
            return Err(ServiceError::conflict(format!(
                "Another skill called {} is on this agent, and their tools would have the same names. Remove it first.",
                skill.name
            )));
        }
        let beside = self
            .store
            .tool_bytes_beside(account, agent, &skill.id)
            .await?;
        let most = self.max_tool_bytes;
        let all = beside.saturating_add(version.tool_bytes);
        if usize::try_from(all).is_ok_and(|all| all <= most) {
            return Ok(());
        }
        Err(ServiceError::limit_reached(format!(
            "The tools of this skill have {} bytes of texts and schemas, those of the agent's other skills {beside}; all together may have {most}. Remove a skill, or install one with fewer tools.",
            version.tool_bytes
        )))
    }

    /// Checks that the key that signed the version is still good: a revoked key's packages are not installed any more. That
    /// the signature holds is known of what is ready, or found out when it is made so. Instructions that nobody signed are for
    /// the account that wrote them.
    async fn check_publisher(
        &self,
        account: &str,
        owner: &str,
        version: &VersionHead,
    ) -> Result<(), ServiceError> {
        let Some(key) = version.publisher_key_id.as_deref() else {
            return match owner == account {
                true => Ok(()),
                false => Err(ServiceError::not_found("skill")),
            };
        };
        let known = self.store.publisher_key(owner, key).await?;
        match known.filter(|key| key.revoked_at.is_none()) {
            Some(_) => Ok(()),
            None => Err(ServiceError::invalid(format!(
                "Version {} is signed by the publisher key {key}, which is not valid any more. Publish it again, signed by another key.",
                version.version
            ))),
        }
    }
}

/// The text is that of the specification of `/api/skills`.
fn already_assigned() -> ServiceError {
    ServiceError::conflict("Skill already assigned to this agent")
}

/// Reads the permissions that a caller names, which must be inside what is asked for.
fn named_permissions(asked: &Permissions, named: Value) -> Result<Permissions, ServiceError> {
    let named: Permissions = serde_json::from_value(named)
        .map_err(|error| ServiceError::invalid(format!("permissions: {error}.")))?;
    if asked.covers(&named) {
        return Ok(named);
    }
    Err(ServiceError::invalid(format!(
        "permissions: grants more than the skill asks for, which is:\n{}",
        asked.to_yaml()
    )))
}
