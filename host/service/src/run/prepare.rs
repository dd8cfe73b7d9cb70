//! All that a run needs, put together before anything is committed: what can fail here fails the request.

use std::sync::Arc;

use skillgate_agent::{Context, Provider};
use skillgate_store::{Agent, Session};

use crate::ServiceError;
use crate::peer::state_peer;
use crate::run::RunDriver;
use crate::run::secrets::Secrets;
use crate::run::tools::SkillTools;

/// Model, prompt and tools of one run.
pub(crate) struct Prepared {
    /// The language model.
    pub provider: Arc<dyn Provider>,
    /// Its name for the model.
    pub model: String,
    /// The system prompt.
    pub system: String,
    /// The tools.
    pub tools: Arc<SkillTools>,
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
        let providers = &self.providers;
        let secrets =
            Arc::new(Secrets::read(&self.store, agent, providers.operators_keys().cloned()).await?);
        let kind = providers.choose(&agent.config, |name| secrets.has(name))?;
        let tools = SkillTools::new(
            agent.into(),
            state_peer(&session.peer),
            skills,
            self.loaded_skills.clone(),
            self.approvals.clone(),
            secrets.clone(),
            self.logs.clone(),
        );
        let prompt = Context {
            soul: Some(agent.soul_md.clone()),
            identity: Some(agent.identity_md.clone()),
            workflow: Some(agent.workflow_md.clone()),
            skills: tools.notes(),
            caller: context,
        };
        Ok(Prepared {
            provider: providers.make(kind, |name| secrets.get(name))?,
            model: providers.model(kind, &agent.config),
            system: prompt.system(),
            tools: Arc::new(tools),
            secrets,
        })
    }
}
