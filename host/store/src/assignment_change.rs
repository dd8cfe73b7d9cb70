//! Changes of an assignment that leave its version and its grant as they are.

use serde_json::Value;

use crate::change::Change;
use crate::db::args;
use crate::{Store, StoreError};

/// What is to change in an assignment; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AssignmentChange {
    /// Whether the agent may use the skill.
    pub is_enabled: Option<bool>,
    /// Values for the keys that its manifest declares: a JSON object.
    pub config: Option<Value>,
    /// Higher is more likely to be used.
    pub priority: Option<i64>,
}

impl Store {
    /// Changes how a skill, named by its UUID, is used on an agent; whether it is on it.
    pub async fn change_assignment(
        &self,
        account: &str,
        agent: &str,
        skill_id: &str,
        change: AssignmentChange,
    ) -> Result<bool, StoreError> {
        let config = change.config.map(|config| config.to_string());
        let mut tx = self.db.begin().await?;
        tx.hold_agent(agent).await?;
        // One statement, so that two changes of different fields at the same time are both kept.
        let changed = tx
            .execute(
                "UPDATE assignment SET \
                 is_enabled = CASE $4 WHEN 1 THEN TRUE WHEN 0 THEN FALSE ELSE is_enabled END, \
                 config = COALESCE($5, config), priority = COALESCE($6, priority) \
                 WHERE account_id = $1 AND agent_id = $2 AND skill_id = $3",
                args![
                    account,
                    agent,
                    skill_id,
                    change.is_enabled.map(i64::from),
                    &config,
                    change.priority
                ],
            )
            .await?;
        tx.changed(Change::AgentSkills(agent.to_owned()));
        tx.commit().await?;
        Ok(changed > 0)
    }
}
