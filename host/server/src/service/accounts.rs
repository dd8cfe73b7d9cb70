//! Accounts, and what they use.

use skillgate_store::{Account, AgentStatus};

use crate::service::agents;
use crate::{ApiError, App};

/// An account with what it uses.
#[derive(Debug)]
pub struct Usage {
    /// The account.
    pub account: Account,
    /// How many agents it has.
    pub agents: usize,
    /// How many of them run.
    pub running: usize,
}

/// The account and what it uses now.
pub async fn usage(app: &App, account: &str) -> Result<Usage, ApiError> {
    let account = app
        .store()
        .get_account(account)
        .await?
        .ok_or_else(|| ApiError::not_found("account"))?;
    let all = agents::list(app, &account.id).await?;
    let running = all
        .iter()
        .filter(|agent| agent.status == AgentStatus::Running)
        .count();
    Ok(Usage {
        account,
        agents: all.len(),
        running,
    })
}
