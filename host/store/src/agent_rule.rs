//! Rules of agents: procedures that an agent reads when it needs them.

use crate::db::{Insert, args};
use crate::{Limit, Limited, Store, StoreError};

/// A rule, without its text.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AgentRule {
    /// Unique on the agent.
    pub name: String,
    /// Bytes of the text.
    pub size: i64,
}

/// A rule to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewAgentRule<'a> {
    /// Unique on the agent: another rule of this name is replaced.
    pub name: &'a str,
    /// Markdown.
    pub content: &'a str,
    /// How many rules the agent may have afterwards.
    pub most: i64,
}

impl Store {
    /// Makes or replaces a rule of an agent, and marks the agent for a restart when it runs. Whether it runs; `None` when the
    /// account has no such agent.
    ///
    /// # Errors
    /// [`StoreError::LimitReached`] when the agent would have too many rules.
    pub async fn put_rule(
        &self,
        account: &str,
        agent: &str,
        rule: NewAgentRule<'_>,
    ) -> Result<Option<bool>, StoreError> {
        let mut tx = self.begin().await?;
        let Some(runs) = tx.mark_for_restart(account, agent).await? else {
            return Ok(None);
        };
        let row = Insert::into_table("agent_rule")
            .set("agent_id", agent)
            .set("account_id", account)
            .set("name", rule.name)
            .set("content", rule.content)
            .on_conflict("(agent_id, name) DO UPDATE SET content = excluded.content");
        tx.insert(row).await?;
        let count = "SELECT COUNT(*) FROM agent_rule WHERE agent_id = $1 AND account_id = $2";
        let count = tx.count(count, args![agent, account]).await?;
        Limit::check(Limited::Rules, count, rule.most)?;
        tx.commit().await?;
        Ok(Some(runs))
    }

    /// Deletes a rule of an agent, and marks the agent for a restart when it runs. Whether it runs; `None` when the account
    /// has no such agent, or the agent no such rule.
    pub async fn delete_rule(
        &self,
        account: &str,
        agent: &str,
        name: &str,
    ) -> Result<Option<bool>, StoreError> {
        let mut tx = self.begin().await?;
        let Some(runs) = tx.mark_for_restart(account, agent).await? else {
            return Ok(None);
        };
        let delete = "DELETE FROM agent_rule WHERE agent_id = $1 AND account_id = $2 AND name = $3";
        if tx.execute(delete, args![agent, account, name]).await? == 0 {
            // Not committed: the agent was not changed, and keeps the mark that it had.
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(runs))
    }

    /// Lists the rules of an agent by name; none for an agent that the account does not have.
    pub async fn list_rules(
        &self,
        account: &str,
        agent: &str,
    ) -> Result<Vec<AgentRule>, StoreError> {
        let select = "SELECT name, CAST(OCTET_LENGTH(content) AS BIGINT) AS size FROM agent_rule \
                      WHERE agent_id = $1 AND account_id = $2";
        let mut rules: Vec<AgentRule> = self.db.all(select, args![agent, account]).await?;
        // Here and not in SQL: the order of a PostgreSQL database depends on its locale.
        rules.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(rules)
    }

    /// Reads the text of a rule.
    pub async fn get_rule(
        &self,
        account: &str,
        agent: &str,
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        let select =
            "SELECT content FROM agent_rule WHERE agent_id = $1 AND account_id = $2 AND name = $3";
        let rule: Option<(String,)> = self
            .db
            .optional(select, args![agent, account, name])
            .await?;
        Ok(rule.map(|(content,)| content))
    }
}
