//! Accounts: who owns everything else.

use serde::Serialize;

use crate::api_key::{IssuedKey, NewApiKey, insert_api_key};
use crate::db::{Insert, Tx, args};
use crate::{Store, StoreError, Timestamp, id};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// `acct_…`
    pub id: String,
    /// Shown to people.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Store {
    /// Makes an account, with a data key of its own for its secrets.
    pub async fn create_account(&self, name: &str) -> Result<Account, StoreError> {
        let mut tx = self.db.begin().await?;
        let account = self.insert_account(&mut tx, name).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// On a database without accounts, makes the first one and an API key for it, in one transaction.
    ///
    /// `None` when there is an account. Of several processes that start at once, exactly one gets the key.
    pub async fn bootstrap(
        &self,
        name: &str,
        key: NewApiKey,
    ) -> Result<Option<(Account, IssuedKey)>, StoreError> {
        let mut tx = self.db.begin().await?;
        let claimed = tx
            .execute(
                "INSERT INTO store_fact (name, value) \
                 SELECT 'first account', $1 WHERE NOT EXISTS (SELECT 1 FROM account) ON CONFLICT (name) DO NOTHING",
                args![self.now().as_micros().to_string().as_str()],
            )
            .await?;
        if claimed == 0 {
            return Ok(None);
        }
        let account = self.insert_account(&mut tx, name).await?;
        let key = insert_api_key(self, &mut tx, &account.id, key).await?;
        tx.commit().await?;
        Ok(Some((account, key)))
    }

    /// The account with this id.
    pub async fn get_account(&self, id: &str) -> Result<Option<Account>, StoreError> {
        self.db
            .optional(
                "SELECT id, name, created_at FROM account WHERE id = $1",
                args![id],
            )
            .await
    }

    /// The oldest account: the one that the command line means when none is named.
    pub async fn first_account(&self) -> Result<Option<Account>, StoreError> {
        self.db
            .optional(
                "SELECT id, name, created_at FROM account ORDER BY created_at, id LIMIT 1",
                args![],
            )
            .await
    }

    /// Whether there is no account yet.
    pub async fn accounts_empty(&self) -> Result<bool, StoreError> {
        Ok(self.first_account().await?.is_none())
    }

    async fn insert_account(&self, tx: &mut Tx, name: &str) -> Result<Account, StoreError> {
        let account = Account {
            id: id::prefixed("acct"),
            name: name.into(),
            created_at: self.now(),
        };
        let data_key = self.keys.new_data_key(&account.id)?;
        let row = Insert::into_table("account")
            .set("id", &account.id)
            .set("name", name)
            .set("data_key", &data_key)
            .set("created_at", account.created_at);
        tx.insert(row).await?;
        Ok(account)
    }
}
