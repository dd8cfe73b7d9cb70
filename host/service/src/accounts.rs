//! Accounts, and what they use.

use skillgate_store::{Account, Store};

use crate::{Actor, ServiceError};

/// Accounts.
pub struct Accounts {
    store: Store,
}

/// An account with what it uses.
#[derive(Debug)]
pub struct AccountUsage {
    /// The account.
    pub account: Account,
    /// How many agents it has.
    pub agents: i64,
    /// How many of them run.
    pub running: i64,
}

impl Accounts {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// The actor's account and what it uses now.
    ///
    /// # Errors
    /// When there is no such account any more.
    pub async fn usage(&self, actor: &Actor) -> Result<AccountUsage, ServiceError> {
        let account = self.store.get_account(&actor.account).await?;
        let account = account.ok_or_else(|| ServiceError::not_found("account"))?;
        let agents = self.store.count_agents(&account.id).await?;
        Ok(AccountUsage {
            account,
            agents: agents.total,
            running: agents.running,
        })
    }
}
