//! Puts a version of a skill on an agent.

use serde_json::Value;
use skillgate_runtime::LogLevel;
use skillgate_skill::Permissions;
use skillgate_store::{
    Agent, Assignment, AssignmentGrant, AssignmentSettings, GrantMode, NewAssignment, Skill,
    TrustLevel, VersionHead, VersionSource,
};

use super::Assignments;
use super::checks::{already_assigned, check_count, check_trust, named_permissions};
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

impl Assignments {
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
        let named = install_skill.version.as_deref();
        let (skill, version) = head_of(&self.store, account, &install_skill.skill, named).await?;
        check_trust(wanted, &skill, &version)?;
        let there = self.store.list_assignments(account, &agent.id).await?;
        if install_skill.other_version == OtherVersion::Keep
            && there.iter().any(|one| one.skill_id == skill.id)
        {
            return Err(already_assigned());
        }
        let max_skills = Plan::read(&self.store, account).await?.max_skills_per_agent;
        check_count(&there, &skill, max_skills)?;
        self.check_room(&there, account, &agent.id, &skill, &version)
            .await?;
        self.check_publisher(account, &skill.account_id, &version)
            .await?;
        let replaced = there.into_iter().find(|one| one.skill_id == skill.id);
        let kept = match (&install_skill.permissions, replaced) {
            (None, Some(replaced)) => {
                let is_latest = named.is_none();
                self.check_consent(account, &skill, &replaced, &version, is_latest)
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
        let new = NewAssignment {
            settings: install_skill.settings,
            ..self.new_assignment(actor, &skill, &version, grant, max_skills)
        };
        let installed = self.store.install_skill(account, &agent.id, new).await?;
        let assignment = installed.ok_or_else(|| ServiceError::not_found("agent"))?;
        self.installed(&agent, assignment, &version).await
    }

    /// Tells everybody who has to know that a version was put on an agent.
    pub(super) async fn installed(
        &self,
        agent: &Agent,
        assignment: Assignment,
        version: &VersionHead,
    ) -> Result<Installed, ServiceError> {
        let skill_id = &assignment.skill_id;
        // What another version was granted until now is replaced.
        self.loaded_skills.revoke(&agent.id, skill_id);
        let line = format!(
            "Skill {} {} installed",
            assignment.skill_name, assignment.version
        );
        self.logs.write(&agent.into(), LogLevel::Info, &line);
        let key = version.publisher_key_id.as_deref();
        let grant = self
            .store
            .effective_grant(&agent.account_id, &agent.id, skill_id, key)
            .await?;
        let permissions = grant.map(|grant| grant.permissions);
        Ok(Installed {
            assignment,
            permissions: permissions.unwrap_or_default(),
            needs_restart: self.agents.mark_for_restart(agent).await?,
        })
    }

    /// Where a version comes from.
    pub(super) async fn source(
        &self,
        account: &str,
        version: &str,
    ) -> Result<VersionSource, ServiceError> {
        let source = self.store.version_source(account, version).await?;
        source.ok_or_else(|| ServiceError::not_found("skill_version"))
    }

    /// A version of a skill, to be put by the actor on an agent that may have `max_skills`.
    pub(super) fn new_assignment(
        &self,
        actor: &Actor,
        skill: &Skill,
        version: &VersionHead,
        grant: AssignmentGrant,
        max_skills: i64,
    ) -> NewAssignment {
        NewAssignment {
            skill_id: skill.id.clone(),
            version_id: version.id.clone(),
            trust_level: version.trust_level,
            grant,
            mode: match version.trust_level {
                TrustLevel::Community => self.community_mode,
                TrustLevel::Verified => GrantMode::Allow,
            },
            installed_by: actor.key.clone(),
            settings: AssignmentSettings::default(),
            max_skills,
        }
    }
}
