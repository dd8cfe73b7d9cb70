//! Agents: started, stopped, deleted.

use skillgate_runtime::LogLevel;
use skillgate_store::{Agent, AgentError, AgentStatus};
use tokio_util::sync::CancellationToken;

use super::{Agents, missing};
use crate::{Actor, AgentId, ErrorKind, ServiceError};

impl Agents {
    /// Starts an agent: its skills are verified, compiled and linked before this answers. One that runs is left as it is.
    ///
    /// # Errors
    /// `Conflict` when a skill can't run; the agent's `lastError` then says so too.
    pub async fn start(&self, actor: &Actor, id: &AgentId) -> Result<Agent, ServiceError> {
        let agent = self.get_as_stored(actor, id).await?;
        match agent.status {
            AgentStatus::Running => Ok(agent),
            AgentStatus::Stopped | AgentStatus::Error => self.start_anew(&agent).await,
        }
    }

    async fn start_anew(&self, agent: &Agent) -> Result<Agent, ServiceError> {
        self.loaded_skills.invalidate_agent(&agent.id);
        let stopped = self.running.token(&agent.id);
        let Err(error) = self.loaded_skills.of_agent(agent).await else {
            let started = self
                .set_status(agent, AgentStatus::Running, None, "Agent started")
                .await?;
            return self.unless_stopped(started, &stopped).await;
        };
        // The server was too busy to find out: that says nothing of the agent.
        if error.kind() == ErrorKind::Unavailable {
            return Err(error);
        }
        let reason = AgentError {
            category: failure_category(&error).to_owned(),
            message: error.message().to_owned(),
        };
        self.set_status(
            agent,
            AgentStatus::Error,
            Some(reason),
            &format!("Agent could not start: {}", error.message()),
        )
        .await?;
        Err(error)
    }

    /// A stop that came while the skills were loaded found nothing to stop: it holds all the same.
    async fn unless_stopped(
        &self,
        started: Agent,
        stopped: &CancellationToken,
    ) -> Result<Agent, ServiceError> {
        if !stopped.is_cancelled() {
            return Ok(started);
        }
        self.set_status(&started, AgentStatus::Stopped, None, "Agent stopped")
            .await?;
        Err(ServiceError::conflict(
            "The agent was stopped while it was being started.",
        ))
    }

    /// Stops an agent: what it is doing ends with its next step, and it answers no more. One that is stopped is left as it
    /// is.
    pub async fn stop(&self, actor: &Actor, id: &AgentId) -> Result<Agent, ServiceError> {
        let agent = self.get_as_stored(actor, id).await?;
        let stopped = match agent.status {
            AgentStatus::Stopped => agent,
            _ => {
                self.set_status(&agent, AgentStatus::Stopped, None, "Agent stopped")
                    .await?
            }
        };
        // Also where it was stopped before: nothing of it may go on after this answer.
        self.running.cancel(id);
        Ok(stopped)
    }

    /// Deletes an agent with all its data and secrets, for good.
    pub async fn delete(&self, actor: &Actor, id: &AgentId) -> Result<(), ServiceError> {
        self.get(actor, id).await?;
        self.running.cancel(id);
        // Before the agent itself: when this fails, deleting can be asked for again.
        self.runtime.forget_agent(&actor.account, id).await?;
        let deleted = self.store.delete_agent(&actor.account, id).await?;
        self.running.cancel(id);
        self.logs.wake(id);
        if deleted { Ok(()) } else { Err(missing()) }
    }

    async fn set_status(
        &self,
        agent: &Agent,
        status: AgentStatus,
        error: Option<AgentError>,
        line: &str,
    ) -> Result<Agent, ServiceError> {
        let level = if error.is_some() {
            LogLevel::Error
        } else {
            LogLevel::Info
        };
        let changed = self
            .store
            .set_agent_status(&agent.account_id, &agent.id, status, error)
            .await?;
        let changed = changed.ok_or_else(missing)?;
        self.logs.write(&agent.into(), level, line);
        Ok(changed)
    }
}

/// Whose fault it is that an agent could not start.
fn failure_category(error: &ServiceError) -> &'static str {
    match error.kind() == ErrorKind::Internal {
        true => "host",
        false => "skill",
    }
}
