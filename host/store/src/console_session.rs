//! Sessions of the console: opened with an API key, ended with it.

use hmac::Mac;
use zeroize::Zeroizing;

use crate::change::Change;
use crate::db::{Insert, Tx, args};
use crate::master_key::keyed_hash;
use crate::{ApiKey, SecretText, Store, StoreError, Timestamp};

/// What the cookie's value begins with.
const LABEL: &str = "sgs_";
const RANDOM_BYTES: usize = 32;

/// A session that has not ended, with the valid API key that it was opened with.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ConsoleSession {
    /// The key, whose scopes and rate limit are the session's.
    #[sqlx(flatten)]
    pub key: ApiKey,
    /// When the session ends by itself.
    pub session_expires_at: Timestamp,
}

/// A session just opened: the only time that its text is there.
#[derive(Clone, Debug)]
pub struct IssuedConsoleSession {
    /// What the cookie holds.
    pub token: SecretText,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

impl Store {
    /// Opens a session for an API key until `expires_at`. Of more than `most` sessions of one key the oldest end.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is no such key any more.
    pub async fn open_console_session(
        &self,
        account: &str,
        api_key: &str,
        expires_at: Timestamp,
        most: i64,
    ) -> Result<IssuedConsoleSession, StoreError> {
        let random = Zeroizing::new(rand::random::<[u8; RANDOM_BYTES]>());
        let digits = Zeroizing::new(hex::encode(random.as_slice()));
        let token = SecretText::new(format!("{LABEL}{}", digits.as_str()));
        let mut tx = self.db.begin().await?;
        tx.hold_account(account).await?;
        make_room(&mut tx, account, api_key, self.now(), most).await?;
        let digest = self.digest(token.expose());
        let row = Insert::into_table("console_session")
            .set("digest", &digest)
            .set("account_id", account)
            .set("api_key_id", api_key)
            .set("created_at", self.now())
            .set("expires_at", expires_at);
        tx.insert(row).await?;
        tx.commit().await?;
        Ok(IssuedConsoleSession { token, expires_at })
    }

    /// The session of this text, unless it or its API key has ended.
    ///
    /// Takes no account because it is how a caller's account becomes known.
    pub async fn find_console_session(
        &self,
        token: &str,
    ) -> Result<Option<ConsoleSession>, StoreError> {
        if !is_token(token) {
            return Ok(None);
        }
        self.session_of(self.digest(token)).await
    }

    /// The same, by what [`Store::console_session_digest`] tells.
    pub async fn find_console_session_by_digest(
        &self,
        digest: &str,
    ) -> Result<Option<ConsoleSession>, StoreError> {
        match hex::decode(digest) {
            Ok(digest) => self.session_of(digest).await,
            Err(_) => Ok(None),
        }
    }

    /// What a session is kept under, in hexadecimal digits: it tells sessions apart and opens none.
    pub fn console_session_digest(&self, token: &str) -> String {
        hex::encode(self.digest(token))
    }

    async fn session_of(&self, digest: Vec<u8>) -> Result<Option<ConsoleSession>, StoreError> {
        self.db
            .optional(
                "SELECT api_key.*, console_session.expires_at AS session_expires_at FROM console_session \
                 JOIN api_key ON api_key.id = console_session.api_key_id \
                 WHERE console_session.digest = $1 AND console_session.expires_at > $2 AND api_key.revoked_at IS NULL \
                 AND (api_key.expires_at IS NULL OR api_key.expires_at > $2)",
                args![&digest, self.now()],
            )
            .await
    }

    /// Ends a session of an account; whether there was one.
    pub async fn end_console_session(
        &self,
        account: &str,
        token: &str,
    ) -> Result<bool, StoreError> {
        let ended = self
            .db
            .execute(
                "DELETE FROM console_session WHERE account_id = $1 AND digest = $2",
                args![account, &self.digest(token)],
            )
            .await?;
        self.changed(Change::ConsoleSessions);
        Ok(ended > 0)
    }

    /// The text that a page of the console sends with calls that write. It follows from the session, and tells nothing of it.
    pub fn csrf_token(&self, session: &str) -> SecretText {
        let mut mac = keyed_hash(&self.keys.pepper);
        mac.update(b"csrf token of ");
        mac.update(session.as_bytes());
        SecretText::new(hex::encode(mac.finalize().into_bytes()))
    }
}

fn is_token(text: &str) -> bool {
    let digits = text.strip_prefix(LABEL).unwrap_or_default();
    digits.len() == 2 * RANDOM_BYTES && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// Removes the key's ended sessions, and the oldest of the others when there is no room for one more.
async fn make_room(
    tx: &mut Tx,
    account: &str,
    api_key: &str,
    now: Timestamp,
    most: i64,
) -> Result<(), StoreError> {
    let ended = tx
        .execute(
            "DELETE FROM console_session WHERE account_id = $1 AND api_key_id = $2 AND (expires_at <= $3 OR digest NOT IN \
             (SELECT digest FROM console_session WHERE api_key_id = $2 ORDER BY created_at DESC, digest LIMIT $4))",
            args![account, api_key, now, most - 1],
        )
        .await?;
    if ended > 0 {
        tx.changed(Change::ConsoleSessions);
    }
    Ok(())
}
