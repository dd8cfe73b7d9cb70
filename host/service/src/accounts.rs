//! Accounts: their plan, what they use, and which models serve which tier.

use skillgate_store::{Account, AgentCounts, Store};

use crate::{Actor, ModelTiers, Plan, ServiceError};

/// Accounts.
pub struct Accounts {
    store: Store,
}

/// An account with its plan and what it uses.
#[derive(Debug)]
pub struct AccountOverview {
    /// The account.
    pub account: Account,
    /// What it may have.
    pub plan: Plan,
    /// How many agents it has, and how many of them run.
    pub agents: AgentCounts,
    /// Which models serve which tier.
    pub model_tiers: ModelTiers,
}

impl Accounts {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Reads the actor's account, its plan and what it uses now.
    ///
    /// # Errors
    /// `NotFound` when there is no such account any more.
    pub async fn overview(&self, actor: &Actor) -> Result<AccountOverview, ServiceError> {
        let account = self.store.get_account(&actor.account).await?;
        let account = account.ok_or_else(|| ServiceError::not_found("account"))?;
        let tiers = serde_json::from_value(account.model_tiers.clone());
        Ok(AccountOverview {
            plan: Plan::of(&account),
            agents: self.store.count_agents(&account.id).await?,
            model_tiers: tiers.map_err(ServiceError::internal)?,
            account,
        })
    }

    /// Replaces the models of all tiers; a tier that is left out has none.
    ///
    /// # Errors
    /// `Invalid` for a model that is not written as `provider/model`, a provider that is not served, or too many models.
    pub async fn set_model_tiers(
        &self,
        actor: &Actor,
        tiers: ModelTiers,
    ) -> Result<ModelTiers, ServiceError> {
        tiers.check()?;
        let json = serde_json::to_value(&tiers).map_err(ServiceError::internal)?;
        if self.store.set_model_tiers(&actor.account, &json).await? {
            Ok(tiers)
        } else {
            Err(ServiceError::not_found("account"))
        }
    }
}
