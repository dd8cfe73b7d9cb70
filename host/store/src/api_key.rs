//! API keys: `ak_live_` and 128 random bits in hexadecimal, shown once, kept as an HMAC.

use hmac::Mac;
use serde::Serialize;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::db::{Tx, args};
use crate::json_column::JsonText;
use crate::master_key::keyed_hash;
use crate::{SecretText, Store, StoreError, Timestamp, id};

const LABEL: &str = "ak_live_";
const RANDOM_DIGITS: usize = 32;
/// How much of a key is kept in the clear, to find its row: a quarter of the random bits.
const PREFIX_CHARS: usize = LABEL.len() + 8;

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
                "SELECT * FROM api_key WHERE prefix = $1 AND revoked_at IS NULL \
                 AND (expires_at IS NULL OR expires_at > $2)",
                args![prefix, self.now()],
            )
            .await?;
        Ok(candidates
            .into_iter()
            .find(|candidate| candidate.digest.ct_eq(digest.as_slice()).into())
            .map(|candidate| candidate.key))
    }

    /// How many keys of an account are valid.
    pub async fn count_api_keys(&self, account: &str) -> Result<i64, StoreError> {
        self.db
            .count(
                "SELECT COUNT(*) FROM api_key WHERE account_id = $1 AND revoked_at IS NULL                  AND (expires_at IS NULL OR expires_at > $2)",
                args![account, self.now()],
            )
            .await
    }

    /// Deletes those keys of an account that were revoked or have expired, all but the newest `keep` of them.
    pub async fn delete_ended_api_keys(&self, account: &str, keep: i64) -> Result<u64, StoreError> {
        self.db
            .execute(
                "DELETE FROM api_key WHERE account_id = $1 AND (revoked_at IS NOT NULL OR expires_at <= $2)                  AND id NOT IN (SELECT id FROM api_key WHERE account_id = $1                  AND (revoked_at IS NOT NULL OR expires_at <= $2) ORDER BY created_at DESC, id DESC LIMIT $3)",
                args![account, self.now(), keep],
            )
            .await
    }

    /// All keys of an account, newest first, revoked and expired ones too.
    pub async fn list_api_keys(&self, account: &str) -> Result<Vec<ApiKey>, StoreError> {
        self.db
            .all(
                "SELECT * FROM api_key WHERE account_id = $1 ORDER BY created_at DESC, id DESC",
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

    fn digest(&self, plaintext: &str) -> Vec<u8> {
        let mut mac = keyed_hash(&self.keys.pepper);
        mac.update(plaintext.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }
}

/// The part that finds the row; `None` for text that is no API key.
fn prefix(plaintext: &str) -> Option<&str> {
    let random = plaintext.strip_prefix(LABEL)?;
    let is_key = random.len() == RANDOM_DIGITS
        && random
            .bytes()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    is_key.then(|| &plaintext[..PREFIX_CHARS])
}

fn generate() -> SecretText {
    let random = Zeroizing::new(rand::random::<[u8; RANDOM_DIGITS / 2]>());
    SecretText::new(format!(
        "{LABEL}{}",
        Zeroizing::new(hex::encode(random.as_slice())).as_str()
    ))
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
        rate_limit: new.rate_limit,
        created_at: store.now(),
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    tx.execute(
        "INSERT INTO api_key (id, account_id, prefix, digest, label, scopes, rate_limit, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![
            &key.id,
            account,
            &key.prefix,
            &store.digest(plaintext.expose()),
            &key.label,
            &key.scopes,
            key.rate_limit,
            key.created_at,
            key.expires_at
        ],
    )
    .await?;
    Ok(IssuedKey { key, plaintext })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_form_is_a_key() {
        let key = generate();
        assert_eq!(prefix(key.expose()), Some(&key.expose()[..16]));
        let random = "0123456789abcdef0123456789abcdef";
        for text in [
            "",
            "ak_live_",
            &format!("ak_live_{random}0"),
            &format!("AK_LIVE_{random}"),
            random,
        ] {
            assert_eq!(prefix(text), None, "{text}");
        }
        assert_eq!(prefix(&format!("ak_live_{}", random.to_uppercase())), None);
        assert_eq!(
            prefix(&format!("ak_live_{}é", &random[..30])),
            None,
            "a split character must not panic"
        );
    }
}
