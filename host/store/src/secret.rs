//! Agents' secrets: written, used by the host, never shown.

use std::collections::BTreeMap;

use crate::db::{Tx, args};
use crate::seal::{SEALING_BYTES, open, place, seal};
use crate::{SecretText, Store, StoreError};

/// What to change of an agent's secrets, all at once.
#[derive(Clone, Debug, Default)]
pub struct SecretChanges {
    /// New values by name.
    pub set: BTreeMap<String, SecretText>,
    /// Names to forget; names that are not there are no error.
    pub delete: Vec<String>,
    /// What the agent may have afterwards. Not looked at when nothing is set, so that an agent that has more can always
    /// be given less.
    pub most: SecretLimits,
}

/// The most secrets that one agent may have.
#[derive(Clone, Copy, Debug)]
pub struct SecretLimits {
    /// How many.
    pub count: usize,
    /// How many bytes their values have together.
    pub bytes: usize,
}

/// No limit.
impl Default for SecretLimits {
    fn default() -> Self {
        Self {
            count: usize::MAX,
            bytes: usize::MAX,
        }
    }
}

#[derive(sqlx::FromRow)]
struct SealedRow {
    name: String,
    version: i64,
    sealed: Vec<u8>,
    data_key: Vec<u8>,
}

impl Store {
    /// Changes secrets of an agent in one transaction; whether the account has such an agent.
    ///
    /// # Errors
    /// [`StoreError::LimitReached`] when it would have more than it may have; nothing is changed then.
    pub async fn set_secrets(
        &self,
        account: &str,
        agent: &str,
        changes: &SecretChanges,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        // Touching the agent's row makes those who do the same at the same time wait for each other: they count.
        let agents = tx
            .execute(
                "UPDATE agent SET id = id WHERE id = $1 AND account_id = $2",
                args![agent, account],
            )
            .await?;
        if agents == 0 {
            return Ok(false);
        }
        for (name, value) in &changes.set {
            put_secret(self, &mut tx, account, agent, name, value).await?;
        }
        for name in &changes.delete {
            tx.execute(
                "DELETE FROM secret WHERE agent_id = $1 AND account_id = $2 AND name = $3",
                args![agent, account, name],
            )
            .await?;
        }
        if !changes.set.is_empty() {
            refuse_too_many(&mut tx, agent, changes.most).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The names of all secrets of an agent; none when the account has no such agent.
    pub async fn secret_names(
        &self,
        account: &str,
        agent: &str,
    ) -> Result<Vec<String>, StoreError> {
        let names: Vec<(String,)> = self
            .db
            .all(
                "SELECT name FROM secret WHERE agent_id = $1 AND account_id = $2 ORDER BY name",
                args![agent, account],
            )
            .await?;
        Ok(names.into_iter().map(|(name,)| name).collect())
    }

    /// An agent's secrets by name; none for an agent that the account does not have.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when a row was altered, or moved from another agent or name.
    pub async fn secrets(
        &self,
        account: &str,
        agent: &str,
    ) -> Result<BTreeMap<String, SecretText>, StoreError> {
        let rows: Vec<SealedRow> = self
            .db
            .all(
                "SELECT secret.name, secret.version, secret.sealed, account.data_key FROM secret \
                 JOIN account ON account.id = secret.account_id \
                 WHERE secret.agent_id = $1 AND secret.account_id = $2",
                args![agent, account],
            )
            .await?;
        let opened = rows.into_iter().map(|row| {
            let value = self.opened(account, agent, &row)?;
            Ok((row.name, value))
        });
        opened.collect()
    }

    fn opened(
        &self,
        account: &str,
        agent: &str,
        row: &SealedRow,
    ) -> Result<SecretText, StoreError> {
        let key = self.keys.open_data_key(account, &row.data_key)?;
        let place = secret_place(account, agent, &row.name, row.version);
        let value = open(&key, &place, &row.sealed).ok_or(StoreError::Sealed("the secret"))?;
        let text = std::str::from_utf8(&value).map_err(|_| StoreError::Sealed("the secret"))?;
        Ok(SecretText::new(text))
    }
}

/// Counts what the agent has now, within the transaction that added to it.
async fn refuse_too_many(tx: &mut Tx, agent: &str, most: SecretLimits) -> Result<(), StoreError> {
    let row: Option<(i64, i64)> = tx
        .optional(
            "SELECT COUNT(*), COALESCE(SUM(LENGTH(sealed)), 0) FROM secret WHERE agent_id = $1",
            args![agent],
        )
        .await?;
    let (count, sealed) = row.unwrap_or_default();
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let sealed = usize::try_from(sealed).unwrap_or(usize::MAX);
    let bytes = sealed.saturating_sub(count.saturating_mul(SEALING_BYTES));
    if count > most.count || bytes > most.bytes {
        return Err(StoreError::LimitReached(format!(
            "the agent would have {count} secrets of {bytes} bytes; it may have {} of {} bytes together. Delete some \
             that it does not need.",
            most.count, most.bytes
        )));
    }
    Ok(())
}

/// Where a secret's value belongs: it opens nowhere else, and an old value not in the place of a newer one.
fn secret_place(account: &str, agent: &str, name: &str, version: i64) -> Vec<u8> {
    place(&["secret", account, agent, name, &version.to_string()])
}

/// Sets one secret within a transaction.
pub(crate) async fn put_secret(
    store: &Store,
    tx: &mut Tx,
    account: &str,
    agent: &str,
    name: &str,
    value: &SecretText,
) -> Result<(), StoreError> {
    let row: Option<(Vec<u8>,)> = tx
        .optional("SELECT data_key FROM account WHERE id = $1", args![account])
        .await?;
    let (data_key,) = row.ok_or(StoreError::Sealed("the account's data key"))?;
    let version: Option<(i64,)> = tx
        .optional(
            "SELECT version FROM secret WHERE agent_id = $1 AND name = $2",
            args![agent, name],
        )
        .await?;
    let version = version.map_or(1, |(version,)| version + 1);
    let key = store.keys.open_data_key(account, &data_key)?;
    let sealed = seal(
        &key,
        &secret_place(account, agent, name, version),
        value.expose().as_bytes(),
    )?;
    tx.execute(
        "INSERT INTO secret (agent_id, account_id, name, version, sealed, updated_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (agent_id, name) DO UPDATE \
         SET version = excluded.version, sealed = excluded.sealed, updated_at = excluded.updated_at",
        args![agent, account, name, version, &sealed, store.now()],
    )
    .await?;
    Ok(())
}
