//! All that a run needs, put together before anything is committed: what can fail here fails the request.

use std::sync::Arc;

use skillgate_agent::{Context, Provider, Tools};
use skillgate_runtime::LogLevel;
use skillgate_store::{Agent, Session};

use crate::ServiceError;
use crate::agents::identity_md;
use crate::peer::state_peer;
use crate::run::RunDriver;
use crate::run::built_in::{BuiltInParts, built_in_tools};
use crate::run::secrets::Secrets;
use crate::run::skill_tools::SkillTools;
use crate::run::toolbox::Toolbox;

/// Model, prompt and tools of one run.
pub(crate) struct Prepared {
    /// The language model.
    pub provider: Arc<dyn Provider>,
    /// Its name for the model.
    pub model: String,
    /// The system prompt.
    pub system: String,
    /// The tools.
    pub tools: Arc<Toolbox>,
    /// The secrets that must not leave.
    pub secrets: Arc<Secrets>,
}

impl RunDriver {
    /// Puts together what a run of `agent` in `session` needs. `context` is what the caller said about itself.
    ///
    /// # Errors
    /// When a skill can't be made ready, or there is no provider with a credential.
    pub(crate) async fn prepare(
        &self,
        agent: &Agent,
        session: &Session,
        context: Option<String>,
    ) -> Result<Prepared, ServiceError> {
        let skills = self.loaded_skills.of_agent(agent).await?;
        let rules = self.store.list_rules(&agent.account_id, &agent.id).await?;
        let rules: Arc<[String]> = rules.into_iter().map(|rule| rule.name).collect();
        let has_knowledge = self.knowledge.has_entries(agent).await?;
        let providers = &self.providers;
        let secrets =
            Arc::new(Secrets::read(&self.store, agent, providers.operators_keys().cloned()).await?);
        let kind = providers.choose(
            &agent.config,
            &[&|name| secrets.has(name), &|name| secrets.swarm_has(name)],
        )?;
        let skill_tools = SkillTools::new(
            agent.into(),
            state_peer(&session.peer),
            skills.clone(),
            self.loaded_skills.clone(),
            self.approvals.clone(),
            secrets.clone(),
            self.logs.clone(),
        );
        let prompt = Context {
            soul: Some(agent.soul_md.clone()),
            identity: Some(identity_md(&agent.name)),
            workflow: Some(agent.workflow_md.clone()),
            rules: rules.to_vec(),
            skills: skill_tools.notes(),
            caller: context,
        };
        let parts = BuiltInParts {
            owner: &agent.into(),
            skills: &skills,
            loaded_skills: &self.loaded_skills,
            rules: &rules,
            knowledge: &self.knowledge,
            has_knowledge,
            store: &self.store,
            logs: &self.logs,
        };
        Ok(Prepared {
            provider: providers.make(kind, |name| secrets.credential(name))?,
            model: providers.model(kind, &agent.config),
            system: prompt.system(),
            tools: Arc::new(self.toolbox(skill_tools, &parts)),
            secrets,
        })
    }

    /// All tools of a run: first those of the skills, then the host's own. Notes which ones have no name left.
    fn toolbox(&self, skill_tools: SkillTools, parts: &BuiltInParts<'_>) -> Toolbox {
        let mut sets: Vec<Arc<dyn Tools>> = vec![Arc::new(skill_tools)];
        sets.extend(built_in_tools(parts));
        let toolbox = Toolbox::new(sets);
        for name in toolbox.hidden() {
            let line = format!(
                "The tool {name} of a second skill is not offered, because another tool of this agent has the same \
                 name. Remove one of the two skills."
            );
            self.logs.write(parts.owner, LogLevel::Warn, &line);
        }
        toolbox
    }
}
