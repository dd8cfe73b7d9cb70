//! Publishers' public keys: who may sign for an account.

use serde::Serialize;

use crate::db::args;
use crate::{Store, StoreError, Timestamp, id};

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
        self.db
            .execute(
                "INSERT INTO publisher_key (id, account_id, key_id, public_key, label, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, key_id) DO NOTHING",
                args![
                    &id::new(),
                    account,
                    &new.key_id,
                    &new.public_key,
                    &new.label,
                    self.now()
                ],
            )
            .await?;
        match self.publisher_key(account, &new.key_id).await? {
            Some(key) if key.revoked_at.is_some() => Err(StoreError::Conflict(
                "the publisher key was revoked; make a new one".into(),
            )),
            Some(key) => Ok(key),
            None => Err(StoreError::Conflict(
                "the publisher key was removed meanwhile; try again".into(),
            )),
        }
    }

    /// All keys of an account, newest first, revoked ones too.
    pub async fn list_publisher_keys(
        &self,
        account: &str,
    ) -> Result<Vec<PublisherKey>, StoreError> {
        self.db
            .all("SELECT * FROM publisher_key WHERE account_id = $1 ORDER BY created_at DESC, id DESC", args![account])
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
                "SELECT * FROM publisher_key WHERE account_id = $1 AND key_id = $2",
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
