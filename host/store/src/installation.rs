//! Installations: the pool of skills that an account can use, and how each came there.

use serde::Serialize;

use crate::db::{Insert, Tx, args};
use crate::json_column::words;
use crate::{Store, StoreError, Timestamp, id};

words! {
    /// How a skill came into an account's pool.
    Source {
        /// The account published it.
        Own = "own",
        /// Another account published it and lets this one use it.
        Grant = "grant",
    }
}

/// A skill in an account's pool.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Installation {
    /// `inst_…`
    pub id: String,
    /// Whose pool it is.
    pub account_id: String,
    /// The skill's UUID.
    pub skill_id: String,
    /// How it came there.
    #[sqlx(try_from = "String")]
    pub source: Source,
    /// Whether agents may discover and use it.
    pub shared: bool,
    /// Whether the system manages it.
    pub locked: bool,
    /// What the account calls it instead of its name.
    pub alias: Option<String>,
    /// Since when it is there.
    pub created_at: Timestamp,
}

impl Store {
    /// An account's pool of skills, in the order in which they came.
    pub async fn list_installations(&self, account: &str) -> Result<Vec<Installation>, StoreError> {
        self.db
            .all(
                "SELECT id, account_id, skill_id, source, shared, locked, alias, created_at FROM installation \
                 WHERE account_id = $1 ORDER BY created_at, id",
                args![account],
            )
            .await
    }
}

/// Puts a skill in an account's pool within a transaction, unless it is there.
pub(crate) async fn insert_installation(
    store: &Store,
    tx: &mut Tx,
    account: &str,
    skill: &str,
    source: Source,
) -> Result<(), StoreError> {
    let id = id::prefixed("inst");
    let row = Insert::into_table("installation")
        .set("id", &id)
        .set("account_id", account)
        .set("skill_id", skill)
        .set("source", source)
        .set("shared", true)
        .set("locked", false)
        .set("created_at", store.now())
        .on_conflict("(account_id, skill_id) DO NOTHING");
    tx.insert(row).await.map(drop)
}
