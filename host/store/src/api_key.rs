//! API keys: `ak_live_` and 128 random bits in hexadecimal, shown once, kept as an HMAC.

mod text;

use hmac::Mac;
use serde::Serialize;
use subtle::ConstantTimeEq;

use self::text::{PREFIX_CHARS, generate, prefix};
use crate::change::Change;
use crate::db::{Insert, Tx, args};
use crate::json_column::JsonText;
use crate::master_key::keyed_hash;
use crate::{SecretText, Store, StoreError, Timestamp, id};

/// What is known of an API key after it was made; never the key itself.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// UUID of the row, by which the key is revoked.
    pub id: String,
    /// Whose key it is.
    pub account_id: String,
    /// The key's first 16 characters, to recognise it by.
    pub prefix: String,
    /// What its owner calls it.
    pub label: String,
    /// What it may do; none means nothing.
    #[sqlx(try_from = "JsonText")]
    pub scopes: Vec<String>,
    /// Whether it is an operator's: it also sees what belongs to the server and to every account.
    pub is_operator: bool,
    /// Requests a minute; `None` is the operator's figure, 0 is no limit.
    pub rate_limit: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, as far as [`Store::touch_api_key`] was told.
    pub last_used_at: Option<Timestamp>,
    /// Since when it is refused.
    pub revoked_at: Option<Timestamp>,
}

/// An API key to be made.
#[derive(Clone, Debug, Default)]
pub struct NewApiKey {
    /// What its owner calls it.
    pub label: String,
    /// What it may do; none means nothing.
    pub scopes: Vec<String>,
    /// Whether it is an operator's. Only for keys made on the command line.
    pub is_operator: bool,
    /// Requests a minute; `None` is the operator's figure, 0 is no limit.
    pub rate_limit: Option<i64>,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
}

/// A key just made, with its text: the only time that the text is there.
#[derive(Clone, Debug)]
pub struct IssuedKey {
    /// What stays known of it.
    pub key: ApiKey,
    /// `ak_live_<32 hexadecimal digits>`
    pub plaintext: SecretText,
}

#[derive(sqlx::FromRow)]
struct Candidate {
    #[sqlx(flatten)]
    key: ApiKey,
    digest: Vec<u8>,
}

/// The columns of an [`ApiKey`].
macro_rules! columns {
    () => {
        "id, account_id, prefix, label, scopes, is_operator, rate_limit, created_at, expires_at, last_used_at, revoked_at"
    };
}

impl Store {
    /// Makes a key for an account; `None` when there is no such account.
    pub async fn create_api_key(
        &self,
        account: &str,
        new: NewApiKey,
    ) -> Result<Option<IssuedKey>, StoreError> {
        if self.get_account(account).await?.is_none() {
            return Ok(None);
        }
        let mut tx = self.db.begin().await?;
        let issued = insert_api_key(self, &mut tx, account, new).await?;
        tx.commit().await?;
        Ok(Some(issued))
    }

    /// The key that this text is, of whichever account, unless it is revoked or has expired.
    ///
    /// Takes no account because it is how a caller's account becomes known.
    pub async fn find_api_key(&self, plaintext: &str) -> Result<Option<ApiKey>, StoreError> {
        let Some(prefix) = prefix(plaintext) else {
            return Ok(None);
        };
        let digest = self.digest(plaintext);
        let candidates: Vec<Candidate> = self
            .db
            .all(
                concat!(
                    "SELECT ",
                    columns!(),
                    ", digest FROM api_key WHERE prefix = $1 AND revoked_at IS NULL \
                     AND (expires_at IS NULL OR expires_at > $2)"
                ),
                args![prefix, self.now()],
            )
            .await?;
        Ok(candidates
            .into_iter()
            .find(|candidate| candidate.digest.ct_eq(digest.as_slice()).into())
            .map(|candidate| candidate.key))
    }

    /// The key with this id, of whichever account, unless it is revoked or has expired.
    ///
    /// Takes no account because it is how the account behind an access token becomes known.
    pub async fn find_valid_api_key(&self, id: &str) -> Result<Option<ApiKey>, StoreError> {
        self.db
            .optional(
                concat!(
                    "SELECT ",
                    columns!(),
                    " FROM api_key WHERE id = $1 AND revoked_at IS NULL \
                     AND (expires_at IS NULL OR expires_at > $2)"
                ),
                args![id, self.now()],
            )
            .await
    }

    /// How many keys of an account are valid.
    pub async fn count_api_keys(&self, account: &str) -> Result<i64, StoreError> {
        self.db
            .count(
                "SELECT COUNT(*) FROM api_key WHERE account_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
                args![account, self.now()],
            )
            .await
    }

    /// Deletes those keys of an account that were revoked or have expired, all but the newest `keep` of them.
    pub async fn delete_ended_api_keys(&self, account: &str, keep: i64) -> Result<u64, StoreError> {
        self.db
            .execute(
                "DELETE FROM api_key WHERE account_id = $1 AND (revoked_at IS NOT NULL OR expires_at <= $2) \
                 AND id NOT IN (SELECT id FROM api_key WHERE account_id = $1 \
                 AND (revoked_at IS NOT NULL OR expires_at <= $2) ORDER BY created_at DESC, id DESC LIMIT $3)",
                args![account, self.now(), keep],
            )
            .await
    }

    /// All keys of an account, newest first, revoked and expired ones too.
    pub async fn list_api_keys(&self, account: &str) -> Result<Vec<ApiKey>, StoreError> {
        self.db
            .all(
                concat!(
                    "SELECT ",
                    columns!(),
                    " FROM api_key WHERE account_id = $1 ORDER BY created_at DESC, id DESC"
                ),
                args![account],
            )
            .await
    }

    /// Revokes a key at once and for good; whether the account has such a key. Revoking again keeps the first time.
    pub async fn revoke_api_key(&self, account: &str, id: &str) -> Result<bool, StoreError> {
        let touched = self
            .db
            .execute(
                "UPDATE api_key SET revoked_at = COALESCE(revoked_at, $3) WHERE account_id = $1 AND id = $2",
                args![account, id, self.now()],
            )
            .await?;
        self.changed(Change::ApiKeys);
        Ok(touched > 0)
    }

    /// Notes that a key was used at `at`. A write: tell it once in a while, not with every request.
    pub async fn touch_api_key(&self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        self.db
            .execute(
                "UPDATE api_key SET last_used_at = $2 WHERE id = $1",
                args![id, at],
            )
            .await
            .map(drop)
    }

    /// What is kept of a credential in place of its text.
    pub(crate) fn digest(&self, plaintext: &str) -> Vec<u8> {
        let mut mac = keyed_hash(&self.keys.pepper);
        mac.update(plaintext.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }
}

/// Makes a key within a transaction.
pub(crate) async fn insert_api_key(
    store: &Store,
    tx: &mut Tx,
    account: &str,
    new: NewApiKey,
) -> Result<IssuedKey, StoreError> {
    let plaintext = generate();
    let key = ApiKey {
        id: id::new(),
        account_id: account.into(),
        prefix: plaintext.expose()[..PREFIX_CHARS].into(),
        label: new.label,
        scopes: new.scopes,
        is_operator: new.is_operator,
        rate_limit: new.rate_limit,
        created_at: store.now(),
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    let digest = store.digest(plaintext.expose());
    let row = Insert::into_table("api_key")
        .set("id", &key.id)
        .set("account_id", account)
        .set("prefix", &key.prefix)
        .set("digest", &digest)
        .set("label", &key.label)
        .set("scopes", &key.scopes)
        .set("is_operator", key.is_operator)
        .set("rate_limit", key.rate_limit)
        .set("created_at", key.created_at)
        .set("expires_at", key.expires_at);
    tx.insert(row).await?;
    Ok(IssuedKey { key, plaintext })
}
