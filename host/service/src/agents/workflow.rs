//! Agents: WORKFLOW.md, their role and procedures.

use super::Agents;
use crate::config::MAX_MARKDOWN_BYTES;
use crate::{Actor, AgentId, ServiceError, validate};

impl Agents {
    /// Replaces WORKFLOW.md of an agent that runs, and marks the agent for a restart.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for a text that is too long, `Conflict` unless the agent is running.
    pub async fn set_workflow(
        &self,
        actor: &Actor,
        id: &AgentId,
        workflow_md: &str,
    ) -> Result<(), ServiceError> {
        validate::at_most("workflowMd", workflow_md, MAX_MARKDOWN_BYTES)?;
        let agent = self.get_running(actor, id).await?;
        let set = self.store.set_workflow(&actor.account, id, workflow_md);
        if set.await? {
            self.note(&agent, "WORKFLOW.md changed");
            return Ok(());
        }
        // It was stopped or deleted after it was looked at.
        self.get_running(actor, id).await?;
        Err(ServiceError::conflict(
            "The agent was stopped meanwhile. Try again.",
        ))
    }
}
