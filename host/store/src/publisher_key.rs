//! Publishers' public keys: who may sign for an account.

use serde::Serialize;

use crate::db::{Insert, args};
use crate::{Conflict, Store, StoreError, Timestamp, id};

/// A public key that an account proved to hold.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct PublisherKey {
    /// UUID of the row.
    pub id: String,
    /// Whose key it is.
    pub account_id: String,
    /// SHA-256 of the public key, 64 hexadecimal digits.
    pub key_id: String,
    /// The 32 bytes of the ed25519 public key.
    pub public_key: Vec<u8>,
    /// What its owner calls it.
    pub label: String,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Since when its signatures are refused.
    pub revoked_at: Option<Timestamp>,
}

/// A public key to be registered; the caller has checked the proof of possession.
#[derive(Clone, Debug)]
pub struct NewPublisherKey {
    /// SHA-256 of the public key, 64 hexadecimal digits.
    pub key_id: String,
    /// The 32 bytes of the ed25519 public key.
    pub public_key: Vec<u8>,
    /// What its owner calls it.
    pub label: String,
}

impl Store {
    /// Registers a key with an account; a key that this account has already is answered as it is.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when this account revoked the key. What other accounts registered does not matter.
    pub async fn add_publisher_key(
        &self,
        account: &str,
        new: NewPublisherKey,
    ) -> Result<PublisherKey, StoreError> {
        let id = id::new();
        let row = Insert::into_table("publisher_key")
            .set("id", &id)
            .set("account_id", account)
            .set("key_id", &new.key_id)
            .set("public_key", &new.public_key)
            .set("label", &new.label)
            .set("created_at", self.now())
            .on_conflict("(account_id, key_id) DO NOTHING");
        self.db.insert(row).await?;
        match self.publisher_key(account, &new.key_id).await? {
            Some(key) if key.revoked_at.is_some() => Err(Conflict::PublisherKeyRevoked.into()),
            Some(key) => Ok(key),
            None => Err(Conflict::Changed("publisher_key").into()),
        }
    }

    /// All keys of an account, newest first, revoked ones too.
    pub async fn list_publisher_keys(
        &self,
        account: &str,
    ) -> Result<Vec<PublisherKey>, StoreError> {
        self.db
            .all(
                "SELECT id, account_id, key_id, public_key, label, created_at, revoked_at FROM publisher_key \
                 WHERE account_id = $1 ORDER BY created_at DESC, id DESC",
                args![account],
            )
            .await
    }

    /// The key with this key id that an account registered, revoked or not. To check a signature, `account` is the one
    /// that published: several may have registered the same key, and each revokes it for itself.
    pub async fn publisher_key(
        &self,
        account: &str,
        key_id: &str,
    ) -> Result<Option<PublisherKey>, StoreError> {
        self.db
            .optional(
                "SELECT id, account_id, key_id, public_key, label, created_at, revoked_at FROM publisher_key \
                 WHERE account_id = $1 AND key_id = $2",
                args![account, key_id],
            )
            .await
    }

    /// Revokes a key, named by its row's id or its key id, from `at` on; whether the account has such a key.
    /// An earlier revocation stands.
    pub async fn revoke_publisher_key(
        &self,
        account: &str,
        id: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let touched = self
            .db
            .execute(
                "UPDATE publisher_key SET revoked_at = COALESCE(revoked_at, $3) \
                 WHERE account_id = $1 AND (id = $2 OR key_id = $2)",
                args![account, id, at],
            )
            .await?;
        Ok(touched > 0)
    }
}
