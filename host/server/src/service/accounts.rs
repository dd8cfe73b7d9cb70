//! Accounts, and what they use.

use skillgate_store::Account;

use crate::{ApiError, App};

/// An account with what it uses.
#[derive(Debug)]
pub struct Usage {
    /// The account.
    pub account: Account,
    /// How many agents it has.
    pub agents: i64,
    /// How many of them run.
    pub running: i64,
}

/// The account and what it uses now.
pub async fn usage(app: &App, account: &str) -> Result<Usage, ApiError> {
    let account = app
        .store()
        .get_account(account)
        .await?
        .ok_or_else(|| ApiError::not_found("account"))?;
    let agents = app.store().count_agents(&account.id).await?;
    Ok(Usage {
        account,
        agents: agents.total,
        running: agents.running,
    })
}
