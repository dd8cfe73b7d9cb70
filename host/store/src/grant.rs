//! Grants: what an account lets a publisher's skill do. Without one, nothing.

use serde::Serialize;
use skillgate_skill::Permissions;

use crate::change::Change;
use crate::db::{Arg, Tx, args};
use crate::json_column::{JsonText, words};
use crate::{Page, Store, StoreError, Timestamp, id};

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

/// A grant with the name of the skill that has it.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct NamedGrant {
    /// The grant.
    #[sqlx(flatten)]
    pub grant: Grant,
    /// The skill's slug.
    pub skill_name: String,
}

/// Which grants to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct GrantFilter<'a> {
    /// Those on this agent.
    pub agent: Option<&'a str>,
    /// Those of this skill, by its name or UUID.
    pub skill: Option<&'a str>,
}

/// What of a grant is to be as which value.
#[derive(Clone, Debug)]
pub struct GrantChange {
    /// The permissions that the change was decided for: if there are others by now, it is refused.
    pub from: Permissions,
    /// What is allowed from now on.
    pub permissions: Permissions,
    /// Whether calls wait for a person.
    pub mode: GrantMode,
    /// Until when it holds.
    pub expires_at: Option<Timestamp>,
}

/// Selects [`Grant`]s, and more columns where they are given.
macro_rules! grants {
    ($more:literal) => {
        concat!(
            "SELECT permission_grant.id, permission_grant.account_id, permission_grant.agent_id, permission_grant.skill_id, \
             permission_grant.publisher_key_id, permission_grant.permissions, permission_grant.mode, \
             permission_grant.granted_by, permission_grant.created_at, permission_grant.expires_at, \
             permission_grant.revoked_at ",
            $more
        )
    };
}

/// Of several grants in effect, as [`Store::effective_grant`] has it.
const GRANT_OF_VERSION: &str = grants!(
    "FROM assignment JOIN skill_version ON skill_version.id = assignment.version_id \
     JOIN permission_grant ON permission_grant.skill_id = assignment.skill_id \
     AND permission_grant.account_id = assignment.account_id \
     AND (permission_grant.agent_id = assignment.agent_id OR permission_grant.agent_id IS NULL) \
     AND permission_grant.publisher_key_id IS NOT DISTINCT FROM skill_version.publisher_key_id \
     WHERE assignment.account_id = $1 AND assignment.agent_id = $2 AND assignment.version_id = $3 \
     AND assignment.is_enabled AND permission_grant.revoked_at IS NULL \
     AND (permission_grant.expires_at IS NULL OR permission_grant.expires_at > $4) \
     ORDER BY permission_grant.agent_id IS NULL, permission_grant.id DESC LIMIT 1"
);

const NAMED_GRANT: &str = grants!(
    ", skill.name AS skill_name FROM permission_grant JOIN skill ON skill.id = permission_grant.skill_id \
     WHERE permission_grant.account_id = $1 AND permission_grant.id = $2"
);

const NAMED_GRANTS: &str = grants!(
    ", skill.name AS skill_name FROM permission_grant JOIN skill ON skill.id = permission_grant.skill_id \
     WHERE permission_grant.account_id = $1 AND ($2 IS NULL OR permission_grant.agent_id = $2) \
     AND ($3 IS NULL OR skill.id = $3 OR skill.name = $3) ORDER BY permission_grant.id DESC LIMIT $4 OFFSET $5"
);

const COUNT: &str = "SELECT COUNT(*) FROM permission_grant JOIN skill ON skill.id = permission_grant.skill_id \
     WHERE permission_grant.account_id = $1 AND ($2 IS NULL OR permission_grant.agent_id = $2) \
     AND ($3 IS NULL OR skill.id = $3 OR skill.name = $3)";

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

    /// The grant in effect now for a version, by its UUID, that is on an agent and may be used there. `None` when there is none, or
    /// another version is on the agent by now.
    pub async fn grant_of_version(
        &self,
        account: &str,
        agent: &str,
        version_id: &str,
    ) -> Result<Option<Grant>, StoreError> {
        let args = args![account, agent, version_id, self.now()];
        self.db.optional(GRANT_OF_VERSION, args).await
    }

    /// One grant of an account, in effect or not.
    pub async fn get_grant(
        &self,
        account: &str,
        id: &str,
    ) -> Result<Option<NamedGrant>, StoreError> {
        self.db.optional(NAMED_GRANT, args![account, id]).await
    }

    /// At most `limit` grants of an account, newest first, in effect or not, those left out that come before `offset`.
    pub async fn list_grants(
        &self,
        account: &str,
        filter: GrantFilter<'_>,
        limit: i64,
        offset: i64,
    ) -> Result<Page<NamedGrant>, StoreError> {
        let page = args![account, filter.agent, filter.skill, limit, offset];
        let items = self.db.all(NAMED_GRANTS, page).await?;
        let all = args![account, filter.agent, filter.skill];
        let total = self.db.count(COUNT, all).await?;
        Ok(Page { items, total })
    }

    /// Changes a grant that is in effect; whether it was, with the permissions that the change was decided for.
    pub async fn change_grant(
        &self,
        account: &str,
        id: &str,
        change: &GrantChange,
    ) -> Result<bool, StoreError> {
        let changed = self
            .db
            .execute(
                "UPDATE permission_grant SET permissions = $3, mode = $4, expires_at = $5 \
                 WHERE account_id = $1 AND id = $2 AND permissions = $6 AND revoked_at IS NULL \
                 AND (expires_at IS NULL OR expires_at > $7)",
                args![
                    account,
                    id,
                    Arg::json(&change.permissions)?,
                    change.mode,
                    change.expires_at,
                    Arg::json(&change.from)?,
                    self.now()
                ],
            )
            .await?;
        self.changed(Change::Grants);
        Ok(changed > 0)
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

/// The mode of the grant of a skill on one agent, within a transaction that puts another in its place.
pub(crate) async fn mode_on_agent(
    tx: &mut Tx,
    account: &str,
    agent: &str,
    skill_id: &str,
) -> Result<Option<GrantMode>, StoreError> {
    let mode: Option<(String,)> = tx
        .optional(
            "SELECT mode FROM permission_grant WHERE account_id = $1 AND agent_id = $2 AND skill_id = $3 \
             AND revoked_at IS NULL ORDER BY id DESC LIMIT 1",
            args![account, agent, skill_id],
        )
        .await?;
    mode.map(|(mode,)| mode.parse()).transpose()
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
