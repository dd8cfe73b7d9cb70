//! Agents: rules, the procedures that an agent reads when it needs them.

use std::ops::Deref;
use std::str::FromStr;

use skillgate_store::{AgentRule, NewAgentRule};

use super::{Agents, missing};
use crate::config::{MAX_RULE_BYTES, MAX_RULE_NAME_CHARS, MAX_RULES};
use crate::{Actor, AgentId, ServiceError, validate};

/// The name of a rule, without `.md`: 1 to 64 of `A-Z a-z 0-9 - _`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleName(String);

/// `Invalid` for what is no name: a rule is made by naming it.
impl FromStr for RuleName {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self, ServiceError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if (1..=MAX_RULE_NAME_CHARS).contains(&text.len()) && text.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(ServiceError::invalid(format!(
            "name: must have 1 to {MAX_RULE_NAME_CHARS} letters, digits, `-` or `_`, without the extension `.md`."
        )))
    }
}

impl Deref for RuleName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<RuleName> for String {
    fn from(name: RuleName) -> Self {
        name.0
    }
}

impl Agents {
    /// Lists the rules of an agent by name.
    ///
    /// # Errors
    /// `NotFound` when the account has no such agent.
    pub async fn rules(&self, actor: &Actor, id: &AgentId) -> Result<Vec<AgentRule>, ServiceError> {
        self.get(actor, id).await?;
        Ok(self.store.list_rules(&actor.account, id).await?)
    }

    /// Reads the text of a rule.
    ///
    /// # Errors
    /// `NotFound` when the account has no such agent, or the agent no such rule.
    pub async fn rule(
        &self,
        actor: &Actor,
        id: &AgentId,
        name: &RuleName,
    ) -> Result<String, ServiceError> {
        self.get(actor, id).await?;
        let rule = self.store.get_rule(&actor.account, id, name).await?;
        rule.ok_or_else(no_rule)
    }

    /// Makes or replaces a rule. Gives whether the agent runs, and is marked for a restart.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for a text that is too long, `LimitReached` when the agent has as many rules as it may have.
    pub async fn put_rule(
        &self,
        actor: &Actor,
        id: &AgentId,
        name: &RuleName,
        content: &str,
    ) -> Result<bool, ServiceError> {
        validate::at_most("content", content, MAX_RULE_BYTES)?;
        let agent = self.get(actor, id).await?;
        let rule = NewAgentRule {
            name,
            content,
            most: MAX_RULES,
        };
        let runs = self.store.put_rule(&actor.account, id, rule).await?;
        let runs = runs.ok_or_else(missing)?;
        let line = format!("Rule {} written", &**name);
        self.note(&agent, &line);
        Ok(runs)
    }

    /// Deletes a rule. Gives whether the agent runs, and is marked for a restart.
    ///
    /// # Errors
    /// `NotFound` when the account has no such agent, or the agent no such rule.
    pub async fn delete_rule(
        &self,
        actor: &Actor,
        id: &AgentId,
        name: &RuleName,
    ) -> Result<bool, ServiceError> {
        let agent = self.get(actor, id).await?;
        let runs = self.store.delete_rule(&actor.account, id, name).await?;
        let runs = runs.ok_or_else(no_rule)?;
        let line = format!("Rule {} deleted", &**name);
        self.note(&agent, &line);
        Ok(runs)
    }
}

fn no_rule() -> ServiceError {
    ServiceError::not_found("rule")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_bounded_and_plain() {
        let parse = |text: &str| text.parse::<RuleName>();
        for good in ["a", "new-request", "New_Request-2", &"a".repeat(64)] {
            assert_eq!(&*parse(good).unwrap(), good);
        }
        for wrong in [
            "",
            " ",
            "a b",
            "a.md",
            "..",
            "a/b",
            "a\0",
            "é",
            &"a".repeat(65),
        ] {
            assert_eq!(parse(wrong).unwrap_err().code(), "validation_error");
        }
    }
}
