//! Swarms: agents that share credentials of model providers.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::change::Change;
use crate::db::{Insert, Tx, args};
use crate::secret::{SecretOwner, delete_secrets_of};
use crate::{AgentStatus, Limit, Limited, Store, StoreError, Timestamp, id};

/// A swarm of an account.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Swarm {
    /// UUID.
    pub id: String,
    /// Shown to people.
    pub name: String,
    /// Its name for programs, unique in the account; kept when the name changes.
    pub slug: String,
    /// What it is for.
    pub description: Option<String>,
    /// An emoji, or the name of an icon.
    pub icon: Option<String>,
    /// How many agents belong to it.
    pub agent_count: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When name, description or icon last changed.
    pub updated_at: Timestamp,
}

/// A swarm as its agents show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SwarmRef<'a> {
    /// UUID.
    pub id: &'a str,
    /// Shown to people.
    pub name: &'a str,
    /// Its name for programs.
    pub slug: &'a str,
}

impl<'a> SwarmRef<'a> {
    /// The swarm in three columns of an agent; absent where one of them is.
    pub(crate) fn of(
        id: &'a Option<String>,
        name: &'a Option<String>,
        slug: &'a Option<String>,
    ) -> Option<Self> {
        Some(Self {
            id: id.as_deref()?,
            name: name.as_deref()?,
            slug: slug.as_deref()?,
        })
    }
}

/// A swarm to be made.
#[derive(Clone, Debug)]
pub struct NewSwarm {
    /// Shown to people.
    pub name: String,
    /// The slug that is wanted: `a-z`, `0-9` and `-` alone. A number is added to it when it is taken.
    pub slug: String,
    /// What it is for.
    pub description: Option<String>,
    /// An emoji, or the name of an icon.
    pub icon: Option<String>,
    /// The most swarms that the account may have, this one included.
    pub max_swarms: i64,
}

/// What to change of a swarm: what is absent stays, `Some(None)` clears.
#[derive(Clone, Debug, Default)]
pub struct SwarmChanges {
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<Option<String>>,
    /// A new icon.
    pub icon: Option<Option<String>>,
}

/// An agent as its swarm lists it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct SwarmAgent {
    /// UUID.
    pub id: String,
    /// Shown to people.
    pub name: String,
    /// What it is doing.
    #[sqlx(try_from = "String")]
    pub status: AgentStatus,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Writes a query for swarms with their counts of agents.
macro_rules! select_swarms {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, slug, description, icon, created_at, updated_at, \
             (SELECT COUNT(*) FROM agent WHERE agent.swarm_id = swarm.id) AS agent_count FROM swarm ",
            $rest
        )
    };
}

impl Store {
    /// Makes a swarm; of several made at the same moment each gets a slug of its own.
    ///
    /// # Errors
    /// [`StoreError::LimitReached`] when the account has [`NewSwarm::max_swarms`] already.
    pub async fn create_swarm(&self, account: &str, new: NewSwarm) -> Result<Swarm, StoreError> {
        let now = self.now();
        let mut tx = self.db.begin().await?;
        tx.hold_account(account).await?;
        let count = "SELECT COUNT(*) FROM swarm WHERE account_id = $1";
        let count = tx.count(count, args![account]).await?;
        Limit::check(Limited::Swarms, count + 1, new.max_swarms)?;
        let swarm = Swarm {
            id: id::new(),
            slug: free_slug(&mut tx, account, new.slug).await?,
            name: new.name,
            description: new.description,
            icon: new.icon,
            agent_count: 0,
            created_at: now,
            updated_at: now,
        };
        let row = Insert::into_table("swarm")
            .set("id", &swarm.id)
            .set("account_id", account)
            .set("name", &swarm.name)
            .set("slug", &swarm.slug)
            .set("description", &swarm.description)
            .set("icon", &swarm.icon)
            .set("created_at", now)
            .set("updated_at", now);
        tx.insert(row).await?;
        tx.commit().await?;
        Ok(swarm)
    }

    /// All swarms of an account, newest first.
    pub async fn list_swarms(&self, account: &str) -> Result<Vec<Swarm>, StoreError> {
        let sql = select_swarms!("WHERE account_id = $1 ORDER BY created_at DESC, id DESC");
        self.db.all(sql, args![account]).await
    }

    /// One swarm of an account.
    pub async fn get_swarm(&self, account: &str, id: &str) -> Result<Option<Swarm>, StoreError> {
        let sql = select_swarms!("WHERE id = $1 AND account_id = $2");
        self.db.optional(sql, args![id, account]).await
    }

    /// The agents of a swarm, newest first; none for a swarm that the account does not have.
    pub async fn swarm_agents(
        &self,
        account: &str,
        swarm: &str,
    ) -> Result<Vec<SwarmAgent>, StoreError> {
        self.db
            .all(
                "SELECT id, name, status, created_at FROM agent WHERE swarm_id = $1 AND account_id = $2 \
                 ORDER BY created_at DESC, id DESC",
                args![swarm, account],
            )
            .await
    }

    /// Changes a swarm; the swarm as it is then, or `None` when the account has no such swarm.
    pub async fn update_swarm(
        &self,
        account: &str,
        id: &str,
        changes: SwarmChanges,
    ) -> Result<Option<Swarm>, StoreError> {
        let (sets_description, sets_icon) = (changes.description.is_some(), changes.icon.is_some());
        if changes.name.is_some() || sets_description || sets_icon {
            self.db
                .execute(
                    "UPDATE swarm SET name = COALESCE($3, name), \
                     description = CASE WHEN $4 THEN $5 ELSE description END, \
                     icon = CASE WHEN $6 THEN $7 ELSE icon END, updated_at = $8 WHERE id = $1 AND account_id = $2",
                    args![
                        id,
                        account,
                        &changes.name,
                        sets_description,
                        &changes.description.flatten(),
                        sets_icon,
                        &changes.icon.flatten(),
                        self.now()
                    ],
                )
                .await?;
        }
        self.changed(Change::Agents);
        self.get_swarm(account, id).await
    }

    /// Deletes a swarm with its credentials, and takes its agents out of it; whether it was there.
    pub async fn delete_swarm(&self, account: &str, id: &str) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        // The agents before the swarm, as whoever moves an agent into it locks them: nobody waits in a circle.
        tx.execute(
            "UPDATE agent SET swarm_id = NULL WHERE swarm_id = $1 AND account_id = $2",
            args![id, account],
        )
        .await?;
        let deleted = tx
            .execute(
                "DELETE FROM swarm WHERE id = $1 AND account_id = $2",
                args![id, account],
            )
            .await?;
        delete_secrets_of(&mut tx, account, SecretOwner::Swarm(id)).await?;
        tx.changed(Change::Agents);
        tx.commit().await?;
        Ok(deleted > 0)
    }
}

/// The slug that is wanted, or the first of `slug-2`, `slug-3`, … that is free, within a transaction that holds the account.
async fn free_slug(tx: &mut Tx, account: &str, wanted: String) -> Result<String, StoreError> {
    let rows: Vec<(String,)> = tx
        .all(
            "SELECT slug FROM swarm WHERE account_id = $1 AND (slug = $2 OR slug LIKE $2 || '-%')",
            args![account, &wanted],
        )
        .await?;
    let taken: HashSet<String> = rows.into_iter().map(|(slug,)| slug).collect();
    let numbered = (2..).map(|number: u64| format!("{wanted}-{number}"));
    let mut candidates = std::iter::once(wanted.clone()).chain(numbered);
    let free = candidates.find(|slug| !taken.contains(slug));
    Ok(free.unwrap_or(wanted))
}
