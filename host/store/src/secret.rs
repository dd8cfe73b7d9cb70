//! Secrets of agents, swarms and installations: written, used by the host, never shown.

mod owner;

use std::collections::BTreeMap;

pub use self::owner::SecretOwner;
use crate::change::Change;
use crate::db::{Insert, Tx, args};
use crate::seal::{SEALING_BYTES, open, place, seal};
use crate::{Limit, Limited, SecretText, Store, StoreError};

/// What to change of an owner's secrets, all at once.
#[derive(Clone, Debug, Default)]
pub struct SecretChanges {
    /// New values by name.
    pub set: BTreeMap<String, SecretText>,
    /// Names to forget; names that are not there are no error.
    pub delete: Vec<String>,
    /// What the owner may have afterwards. Not checked when nothing is set, so that one that has more can always
    /// be given less.
    pub most: SecretLimits,
}

/// The most secrets that one owner may have.
#[derive(Clone, Copy, Debug)]
pub struct SecretLimits {
    /// How many.
    pub count: i64,
    /// How many bytes their values have together.
    pub bytes: i64,
}

/// No limit.
impl Default for SecretLimits {
    fn default() -> Self {
        Self {
            count: i64::MAX,
            bytes: i64::MAX,
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
    /// Changes secrets of an owner in one transaction; whether the account has such an owner.
    ///
    /// # Errors
    /// [`StoreError::LimitReached`] when it would have more than it may have; nothing is changed then.
    pub async fn set_secrets(
        &self,
        account: &str,
        owner: SecretOwner<'_>,
        changes: &SecretChanges,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let is_there = self
            .set_secrets_in(&mut tx, account, owner, changes)
            .await?;
        if is_there {
            tx.commit().await?;
        }
        Ok(is_there)
    }

    /// As [`Store::set_secrets`], within a transaction, which must not be committed after an error.
    pub async fn set_secrets_in(
        &self,
        tx: &mut Tx,
        account: &str,
        owner: SecretOwner<'_>,
        changes: &SecretChanges,
    ) -> Result<bool, StoreError> {
        let owners = tx.execute(owner.lock(), args![owner.id(), account]).await?;
        if owners == 0 {
            return Ok(false);
        }
        for (name, value) in &changes.set {
            put_secret(self, tx, account, owner, name, value).await?;
        }
        for name in &changes.delete {
            tx.execute(
                "DELETE FROM secret WHERE owner_kind = $1 AND owner_id = $2 AND account_id = $3 AND name = $4",
                args![owner.kind(), owner.id(), account, name],
            )
            .await?;
        }
        if !changes.set.is_empty() {
            refuse_too_many(tx, owner, changes.most).await?;
        }
        match owner {
            SecretOwner::Agent(id) => tx.changed(Change::Agent(id.into())),
            // The provider that an agent shows follows its swarm's credentials.
            SecretOwner::Swarm(_) => tx.changed(Change::Agents),
            SecretOwner::Installation(_) => {}
        }
        Ok(true)
    }

    /// The names of all secrets of an owner; empty when the account has no such owner.
    pub async fn secret_names(
        &self,
        account: &str,
        owner: SecretOwner<'_>,
    ) -> Result<Vec<String>, StoreError> {
        let names: Vec<(String,)> = self
            .db
            .all(
                "SELECT name FROM secret WHERE owner_kind = $1 AND owner_id = $2 AND account_id = $3 ORDER BY name",
                args![owner.kind(), owner.id(), account],
            )
            .await?;
        Ok(names.into_iter().map(|(name,)| name).collect())
    }

    /// An owner's secrets by name; empty when the account has no such owner.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when a row was altered, or moved from another owner or name.
    pub async fn secrets(
        &self,
        account: &str,
        owner: SecretOwner<'_>,
    ) -> Result<BTreeMap<String, SecretText>, StoreError> {
        let rows: Vec<SealedRow> = self
            .db
            .all(
                "SELECT secret.name, secret.version, secret.sealed, account.data_key FROM secret \
                 JOIN account ON account.id = secret.account_id \
                 WHERE secret.owner_kind = $1 AND secret.owner_id = $2 AND secret.account_id = $3",
                args![owner.kind(), owner.id(), account],
            )
            .await?;
        let opened = rows.into_iter().map(|row| {
            let value = self.opened(account, owner, &row)?;
            Ok((row.name, value))
        });
        opened.collect()
    }

    fn opened(
        &self,
        account: &str,
        owner: SecretOwner<'_>,
        row: &SealedRow,
    ) -> Result<SecretText, StoreError> {
        let key = self.keys.open_data_key(account, &row.data_key)?;
        let place = secret_place(account, owner, &row.name, row.version);
        let value = open(&key, &place, &row.sealed).ok_or(StoreError::Sealed("the secret"))?;
        let text = std::str::from_utf8(&value).map_err(|_| StoreError::Sealed("the secret"))?;
        Ok(SecretText::new(text))
    }
}

/// Counts what the owner has now, within the transaction that added to it.
async fn refuse_too_many(
    tx: &mut Tx,
    owner: SecretOwner<'_>,
    most: SecretLimits,
) -> Result<(), StoreError> {
    let row: Option<(i64, i64)> = tx
        .optional(
            "SELECT COUNT(*), COALESCE(SUM(LENGTH(sealed)), 0) FROM secret WHERE owner_kind = $1 AND owner_id = $2",
            args![owner.kind(), owner.id()],
        )
        .await?;
    let (count, sealed) = row.unwrap_or_default();
    let bytes = sealed.saturating_sub(count.saturating_mul(SEALING_BYTES));
    Limit::check(Limited::Secrets, count, most.count)?;
    Limit::check(Limited::SecretBytes, bytes, most.bytes)
}

/// Where a secret's value belongs: it opens nowhere else, and an old value not in the place of a newer one.
fn secret_place(account: &str, owner: SecretOwner<'_>, name: &str, version: i64) -> Vec<u8> {
    let version = version.to_string();
    place(&["secret", account, owner.kind(), owner.id(), name, &version])
}

/// Sets one secret within a transaction.
pub(crate) async fn put_secret(
    store: &Store,
    tx: &mut Tx,
    account: &str,
    owner: SecretOwner<'_>,
    name: &str,
    value: &SecretText,
) -> Result<(), StoreError> {
    let row: Option<(Vec<u8>,)> = tx
        .optional("SELECT data_key FROM account WHERE id = $1", args![account])
        .await?;
    let (data_key,) = row.ok_or(StoreError::Sealed("the account's data key"))?;
    let newest = "SELECT COALESCE(MAX(version), 0) FROM secret WHERE owner_kind = $1 AND owner_id = $2 AND name = $3";
    let version = 1 + tx
        .count(newest, args![owner.kind(), owner.id(), name])
        .await?;
    let key = store.keys.open_data_key(account, &data_key)?;
    let place = secret_place(account, owner, name, version);
    let sealed = seal(&key, &place, value.expose().as_bytes())?;
    let row = Insert::into_table("secret")
        .set("owner_kind", owner.kind())
        .set("owner_id", owner.id())
        .set("account_id", account)
        .set("name", name)
        .set("version", version)
        .set("sealed", &sealed)
        .set("updated_at", store.now())
        .on_conflict(
            "(owner_kind, owner_id, name) DO UPDATE SET version = excluded.version, \
             sealed = excluded.sealed, updated_at = excluded.updated_at",
        );
    tx.insert(row).await.map(drop)
}

/// Deletes all secrets of an owner within the transaction that deletes the owner itself, after its row.
pub(crate) async fn delete_secrets_of(
    tx: &mut Tx,
    account: &str,
    owner: SecretOwner<'_>,
) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM secret WHERE owner_kind = $1 AND owner_id = $2 AND account_id = $3",
        args![owner.kind(), owner.id(), account],
    )
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_belongs_to_one_place() {
        let place = |owner| secret_place("account", owner, "TOKEN", 1);
        let of_agent = place(SecretOwner::Agent("1"));
        assert_eq!(of_agent, place(SecretOwner::Agent("1")));
        for other in [
            SecretOwner::Agent("2"),
            SecretOwner::Swarm("1"),
            SecretOwner::Installation("1"),
        ] {
            assert_ne!(of_agent, place(other), "{other:?}");
        }
    }
}
