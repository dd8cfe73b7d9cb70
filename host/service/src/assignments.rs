//! Skills on agents.

mod checks;
mod consent;
mod consent_task;
mod install;
mod settings;

pub use consent::{ConsentDifference, ConsentRequired};
pub use install::{InstallSkill, Installed, OtherVersion};
pub use settings::{AssignSkill, ChangeAssignment};

use std::sync::Arc;

use skillgate_runtime::LogLevel;
use skillgate_store::{Agent, Assignment, GrantMode, Store};

use crate::agents::Agents;
use crate::loaded_skills::LoadedSkills;
use crate::logs::Logs;
use crate::pending_tasks::PendingTasks;
use crate::{Actor, AgentId, ServiceError, SkillRef};

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
    pending_tasks: PendingTasks,
    logs: Logs,
    max_tool_bytes: usize,
    community_mode: GrantMode,
}

impl Assignments {
    /// `max_tool_bytes` bounds all tools of one agent's skills, as texts and schemas; `community_mode` is the mode of new grants to skills
    /// that only their publisher vouches for.
    pub(crate) fn new(
        store: Store,
        agents: Arc<Agents>,
        loaded_skills: LoadedSkills,
        pending_tasks: PendingTasks,
        logs: Logs,
        max_tool_bytes: usize,
        community_mode: GrantMode,
    ) -> Self {
        Self {
            store,
            agents,
            loaded_skills,
            pending_tasks,
            logs,
            max_tool_bytes,
            community_mode,
        }
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
}
