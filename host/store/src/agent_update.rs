//! Changes of agents that are there.

use crate::agent::{AgentStatus, SELECT_AGENT};
use crate::change::Change;
use crate::db::{Tx, args};
use crate::secret::SecretOwner;
use crate::{Agent, Store, StoreError};

/// The names of the secrets that an agent can use.
#[derive(Clone, Debug, Default)]
pub struct HeldSecrets {
    /// The agent's own.
    pub agent: Vec<String>,
    /// Those of its swarm.
    pub swarm: Vec<String>,
}

impl Store {
    /// Changes name, avatar, `config`, swarm and the mark for a restart of an agent, in one transaction: `change` is given
    /// the agent as it is and the names of the secrets that it can use, and nobody else changes it meanwhile. Gives the agent
    /// as it is then; `None` when the account has no such agent.
    ///
    /// # Errors
    /// What `change` refuses, and [`StoreError::Conflict`] when the swarm was deleted meanwhile; nothing is changed then.
    pub async fn update_agent<E: From<StoreError>>(
        &self,
        account: &str,
        id: &str,
        change: impl FnOnce(&mut Agent, &HeldSecrets) -> Result<(), E> + Send,
    ) -> Result<Option<Agent>, E> {
        let mut tx = self.begin().await?;
        let lock = "UPDATE agent SET id = id WHERE id = $1 AND account_id = $2";
        tx.execute(lock, args![id, account]).await?;
        let Some(mut agent) = tx
            .optional::<Agent>(SELECT_AGENT, args![id, account])
            .await?
        else {
            return Ok(None);
        };
        let held = HeldSecrets {
            agent: tx.secret_names(account, SecretOwner::Agent(id)).await?,
            swarm: match &agent.swarm_id {
                Some(swarm) => tx.secret_names(account, SecretOwner::Swarm(swarm)).await?,
                None => Vec::new(),
            },
        };
        change(&mut agent, &held)?;
        tx.execute(
            "UPDATE agent SET name = $3, avatar_url = $4, config = $5, needs_restart = $6, swarm_id = $7 \
             WHERE id = $1 AND account_id = $2",
            args![
                id,
                account,
                &agent.name,
                &agent.avatar_url,
                &agent.config,
                agent.needs_restart,
                &agent.swarm_id
            ],
        )
        .await?;
        tx.changed(Change::Agent(id.into()));
        tx.commit().await?;
        Ok(Some(agent))
    }

    /// Replaces WORKFLOW.md of an agent that runs, and marks it for a restart; whether the account has such an agent, and it
    /// runs.
    pub async fn set_workflow(
        &self,
        account: &str,
        id: &str,
        workflow_md: &str,
    ) -> Result<bool, StoreError> {
        let touched = self
            .db
            .execute(
                "UPDATE agent SET workflow_md = $3, needs_restart = TRUE \
                 WHERE id = $1 AND account_id = $2 AND status = 'running'",
                args![id, account, workflow_md],
            )
            .await?;
        self.changed(Change::Agent(id.into()));
        Ok(touched > 0)
    }
}

impl Tx {
    /// Marks an agent for a restart when it runs, and holds its row: others that change the agent wait for this transaction.
    /// Whether it runs; `None` when the account has no such agent.
    pub(crate) async fn mark_for_restart(
        &mut self,
        account: &str,
        agent: &str,
    ) -> Result<Option<bool>, StoreError> {
        let mark = "UPDATE agent SET needs_restart = (needs_restart OR status = 'running') \
                    WHERE id = $1 AND account_id = $2 RETURNING status";
        let marked: Option<(String,)> = self.optional(mark, args![agent, account]).await?;
        self.changed(Change::Agent(agent.into()));
        Ok(marked.map(|(status,)| status == AgentStatus::Running.as_str()))
    }

    async fn secret_names(
        &mut self,
        account: &str,
        owner: SecretOwner<'_>,
    ) -> Result<Vec<String>, StoreError> {
        let names: Vec<(String,)> = self
            .all(
                "SELECT name FROM secret WHERE owner_kind = $1 AND owner_id = $2 AND account_id = $3",
                args![owner.kind(), owner.id(), account],
            )
            .await?;
        Ok(names.into_iter().map(|(name,)| name).collect())
    }
}
