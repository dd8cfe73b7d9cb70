//! The plan of an account: what it may have. Whatever counts against a limit and whatever shows it reads it here.

use skillgate_store::{Account, Store};

use crate::ServiceError;
use crate::config::{MAX_AGENTS_PER_ACCOUNT, MAX_SKILLS_PER_AGENT};

/// A plan, with the host's own limits where the operator set none that are lower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// `plan_` and the name in lower case, with `_` for what is neither letter nor digit.
    pub id: String,
    /// Its name, in the operator's words.
    pub name: String,
    /// The most agents of the account.
    pub max_agents: i64,
    /// The most skills of one agent.
    pub max_skills_per_agent: i64,
    /// Whether the account may make swarms.
    pub allows_swarms: bool,
}

impl Plan {
    /// The plan of an account.
    pub fn of(account: &Account) -> Self {
        let host_skills = MAX_SKILLS_PER_AGENT as i64;
        let within = |set: Option<i64>, host: i64| set.unwrap_or(host).clamp(0, host);
        Self {
            id: plan_id(&account.plan),
            name: account.plan.clone(),
            max_agents: within(account.max_agents, MAX_AGENTS_PER_ACCOUNT),
            max_skills_per_agent: within(account.max_skills_per_agent, host_skills),
            allows_swarms: account.allows_swarms,
        }
    }

    /// Reads the plan that an account has now.
    ///
    /// # Errors
    /// `NotFound` when there is no such account any more.
    pub(crate) async fn read(store: &Store, account: &str) -> Result<Self, ServiceError> {
        let account = store.get_account(account).await?;
        let account = account.ok_or_else(|| ServiceError::not_found("account"))?;
        Ok(Self::of(&account))
    }
}

fn plan_id(name: &str) -> String {
    let words = name.to_lowercase();
    format!(
        "plan_{}",
        words.replace(|c: char| !c.is_alphanumeric(), "_")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_from_the_name() {
        assert_eq!(plan_id("Pro"), "plan_pro");
        assert_eq!(plan_id("Self-hosted"), "plan_self_hosted");
    }
}
