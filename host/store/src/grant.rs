//! Grants: what an account lets a publisher's skill do. Without one, nothing.

use serde::Serialize;
use skillgate_skill::Permissions;

use crate::change::Change;
use crate::db::{Arg, Tx, args};
use crate::json_column::{JsonText, words};
use crate::{Store, StoreError, Timestamp, id};

words! {
    /// Whether what is granted is asked about before each use.
    GrantMode {
        /// It is used without asking.
        Allow = "allow",
        /// Each call of a tool that is not read-only waits for an answer.
        Ask = "ask",
    }
}

/// A grant, in effect or not any more.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// UUID.
    pub id: String,
    /// Who grants.
    pub account_id: String,
    /// On which agent; `None` is every agent of the account.
    pub agent_id: Option<String>,
    /// To which skill.
    pub skill_id: String,
    /// Signed by which publisher key; a version that another key signed has nothing of it.
    pub publisher_key_id: Option<String>,
    /// What is allowed: permissions, as a manifest has them.
    #[sqlx(try_from = "JsonText")]
    pub permissions: Permissions,
    /// Whether each use is asked about.
    #[sqlx(try_from = "String")]
    pub mode: GrantMode,
    /// The API key that granted it.
    pub granted_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// Since when not any more.
    pub revoked_at: Option<Timestamp>,
}

/// A grant to be made.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// On which agent; `None` is every agent of the account.
    pub agent_id: Option<String>,
    /// To which skill, by its UUID.
    pub skill_id: String,
    /// Signed by which publisher key.
    pub publisher_key_id: Option<String>,
    /// What is allowed: permissions, as a manifest has them.
    pub permissions: Permissions,
    /// Whether each use is asked about.
    pub mode: GrantMode,
    /// The API key that grants it.
    pub granted_by: String,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

impl Store {
    /// Makes a grant; `None` when the account has no such agent or may not see such a skill.
    ///
    /// Of several grants in effect, one for the agent goes before one for the account, and a newer before an older.
    pub async fn create_grant(
        &self,
        account: &str,
        new: NewGrant,
    ) -> Result<Option<String>, StoreError> {
        let mut tx = self.db.begin().await?;
        let id = insert_grant(self, &mut tx, account, &new).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The grant in effect now for a skill on an agent, as signed by a publisher key.
    pub async fn effective_grant(
        &self,
        account: &str,
        agent: &str,
        skill_id: &str,
        publisher_key_id: Option<&str>,
    ) -> Result<Option<Grant>, StoreError> {
        self.db
            .optional(
                "SELECT id, account_id, agent_id, skill_id, publisher_key_id, permissions, mode, granted_by, created_at, \
                 expires_at, revoked_at FROM permission_grant WHERE account_id = $1 AND (agent_id = $2 OR agent_id IS NULL) \
                 AND skill_id = $3 AND publisher_key_id IS NOT DISTINCT FROM $4 AND revoked_at IS NULL \
                 AND (expires_at IS NULL OR expires_at > $5) ORDER BY agent_id IS NULL, id DESC LIMIT 1",
                args![account, agent, skill_id, publisher_key_id, self.now()],
            )
            .await
    }

    /// Revokes a grant at once; whether the account has such a grant.
    pub async fn revoke_grant(&self, account: &str, id: &str) -> Result<bool, StoreError> {
        let touched = self
            .db
            .execute(
                "UPDATE permission_grant SET revoked_at = COALESCE(revoked_at, $3) WHERE account_id = $1 AND id = $2",
                args![account, id, self.now()],
            )
            .await?;
        self.changed(Change::Grants);
        Ok(touched > 0)
    }
}

/// What a grant on an agent, or on all agents, changes.
fn change_of(agent: Option<&str>) -> Change {
    match agent {
        Some(agent) => Change::AgentSkills(agent.into()),
        None => Change::Grants,
    }
}

/// Makes a grant within a transaction and answers its id, where agent and skill are the account's to speak of.
pub(crate) async fn insert_grant(
    store: &Store,
    tx: &mut Tx,
    account: &str,
    new: &NewGrant,
) -> Result<Option<String>, StoreError> {
    let id = id::new();
    let inserted = tx
        .execute(
            "INSERT INTO permission_grant (id, account_id, agent_id, skill_id, publisher_key_id, permissions, \
             granted_by, created_at, expires_at, mode) \
             SELECT $1, $2, $3, skill.id, $5, $6, $7, $8, $9, $10 FROM skill \
             WHERE skill.id = $4 AND (skill.account_id = $2 OR skill.access = 'public') \
             AND ($3 IS NULL OR EXISTS (SELECT 1 FROM agent WHERE agent.id = $3 AND agent.account_id = $2))",
            args![
                &id,
                account,
                &new.agent_id,
                &new.skill_id,
                &new.publisher_key_id,
                Arg::json(&new.permissions)?,
                &new.granted_by,
                store.now(),
                new.expires_at,
                new.mode
            ],
        )
        .await?;
    tx.changed(change_of(new.agent_id.as_deref()));
    Ok((inserted > 0).then_some(id))
}

/// Revokes what was granted to a skill on one agent, within a transaction.
pub(crate) async fn revoke_agent_grants(
    store: &Store,
    tx: &mut Tx,
    account: &str,
    agent: &str,
    skill_id: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE permission_grant SET revoked_at = $4 \
         WHERE account_id = $1 AND agent_id = $2 AND skill_id = $3 AND revoked_at IS NULL",
        args![account, agent, skill_id, store.now()],
    )
    .await?;
    tx.changed(Change::AgentSkills(agent.into()));
    Ok(())
}
