//! Agents: what they do now, and what that takes.

pub use skillgate_runtime::AgentUsage;
use skillgate_store::AgentStatus;

use super::Agents;
use crate::{Actor, AgentId, ServiceError};

/// What an agent does now.
#[derive(Debug, Clone, Copy)]
pub struct StatusNow {
    /// Whether it runs.
    pub status: AgentStatus,
    /// What its sandboxes used within the last minute, measured in this process; absent for an agent that does not run.
    pub usage: Option<AgentUsage>,
}

impl Agents {
    /// Says what an agent does now, and what its sandboxes use.
    ///
    /// # Errors
    /// `NotFound` when the account has no such agent.
    pub async fn status_now(&self, actor: &Actor, id: &AgentId) -> Result<StatusNow, ServiceError> {
        let status = self.get(actor, id).await?.status;
        let is_running = status == AgentStatus::Running;
        Ok(StatusNow {
            status,
            usage: is_running.then(|| self.runtime.agent_usage(&actor.account, id)),
        })
    }
}
