//! How a skill is used on an agent: its configuration, its priority, whether it is enabled.

use serde_json::{Map, Value};
use skillgate_agent::nests_deeper_than;
use skillgate_runtime::LogLevel;
use skillgate_store::{AssignedSkill, Assignment, AssignmentChange, AssignmentSettings};

use super::{Assignments, InstallSkill, OtherVersion};
use crate::config::{MAX_ASSIGNMENT_CONFIG_BYTES, MAX_CONFIG_DEPTH};
use crate::{Actor, AgentId, ServiceError, SkillRef, validate};

/// A skill of the pool that is to be put on an agent.
#[derive(Debug)]
pub struct AssignSkill {
    /// The skill's name or UUID.
    pub skill: SkillRef,
    /// Values for the keys that its manifest declares, up to 4 KiB as JSON.
    pub config: Map<String, Value>,
    /// Higher is more likely to be used.
    pub priority: i32,
}

/// What is to change in an assignment; what is absent stays.
#[derive(Debug, Default)]
pub struct ChangeAssignment {
    /// Whether the agent may use the skill.
    pub is_enabled: Option<bool>,
    /// As [`AssignSkill::config`], in place of all that there is.
    pub config: Option<Map<String, Value>>,
    /// As [`AssignSkill::priority`].
    pub priority: Option<i32>,
}

impl Assignments {
    /// Puts a skill of the account's pool on an agent, in its latest version and with all that it asks for: the call is the
    /// consent.
    ///
    /// # Errors
    /// As [`Assignments::install`]; `NotFound` also for a skill that is not in the pool, or archived, and `Conflict` when any
    /// version of it is on the agent already.
    pub async fn assign(
        &self,
        actor: &Actor,
        agent: &AgentId,
        assign: AssignSkill,
    ) -> Result<Assignment, ServiceError> {
        let settings = AssignmentSettings {
            config: checked_config(assign.config)?,
            priority: assign.priority.into(),
        };
        let skill = self
            .store
            .get_pool_skill(&actor.account, &assign.skill)
            .await?;
        let skill = skill.ok_or_else(|| ServiceError::not_found("skill"))?;
        let install_skill = InstallSkill {
            skill: skill.id.parse()?,
            trust_level: skillgate_store::TrustLevel::Community.to_string(),
            version: None,
            permissions: None,
            settings,
            other_version: OtherVersion::Keep,
        };
        let installed = self.install(actor, agent, install_skill).await?;
        Ok(installed.assignment)
    }

    /// Changes how a skill, by name or UUID, is used on an agent. Disabling it ends its calls under way.
    ///
    /// # Errors
    /// `NotFound` for an unknown agent, or a skill that is not on it; `Invalid` for a configuration that is too large or too deep.
    pub async fn change(
        &self,
        actor: &Actor,
        agent: &AgentId,
        skill: &SkillRef,
        change: ChangeAssignment,
    ) -> Result<(), ServiceError> {
        let (agent, found) = self.find(actor, agent, skill).await?;
        let change = AssignmentChange {
            is_enabled: change.is_enabled,
            config: change.config.map(checked_config).transpose()?,
            priority: change.priority.map(i64::from),
        };
        if change == AssignmentChange::default() {
            return Ok(());
        }
        let is_disabled = change.is_enabled == Some(false);
        let changed = self
            .store
            .change_assignment(&actor.account, &agent.id, &found.skill_id, change)
            .await?;
        if !changed {
            return Err(ServiceError::not_found("skill"));
        }
        if is_disabled {
            self.loaded_skills.revoke(&agent.id, &found.skill_id);
        }
        let line = format!("Skill {} reconfigured", found.skill_name);
        self.logs.write(&(&*agent).into(), LogLevel::Info, &line);
        self.agents.mark_for_restart(&agent).await?;
        Ok(())
    }

    /// Lists the skills on an agent with what the pool says of them, in the order in which they came.
    pub async fn assigned_skills(
        &self,
        actor: &Actor,
        agent: &AgentId,
    ) -> Result<Vec<AssignedSkill>, ServiceError> {
        let agent = self.agents.get(actor, agent).await?;
        let skills = self.store.list_assigned_skills(&actor.account, &agent.id);
        Ok(skills.await?)
    }
}

fn checked_config(config: Map<String, Value>) -> Result<Value, ServiceError> {
    let config = Value::Object(config);
    if nests_deeper_than(&config, MAX_CONFIG_DEPTH) {
        return Err(ServiceError::invalid(format!(
            "config: must not be nested more than {MAX_CONFIG_DEPTH} deep."
        )));
    }
    validate::bounded("config", config.to_string(), MAX_ASSIGNMENT_CONFIG_BYTES)?;
    Ok(config)
}
