//! Nonces for the registration of publishers' keys: given out once, used once, by any of the servers on one database.

use sha2::{Digest as _, Sha256};

use crate::db::{Insert, Tx, args};
use crate::{Store, StoreError, Timestamp};

/// The most nonces of one account that can be used at a time. Registering takes a moment and one nonce; the rest is for
/// several publishers at once, and for those who asked and did not go on. The oldest makes room for the next.
pub const MAX_OPEN_CHALLENGES: i64 = 16;

/// Random bytes in a nonce: nobody guesses one, and no two are the same.
const NONCE_BYTES: usize = 32;

impl Store {
    /// Gives out a nonce, 64 hexadecimal digits, for one registration with `account` at the registry `audience`, before
    /// `expires_at`. Only its digest is kept.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is no such account.
    pub async fn open_publisher_key_challenge(
        &self,
        account: &str,
        audience: &str,
        expires_at: Timestamp,
    ) -> Result<String, StoreError> {
        let nonce = hex::encode(rand::random::<[u8; NONCE_BYTES]>());
        let mut tx = self.db.begin().await?;
        tx.hold_account(account).await?;
        make_room(&mut tx, account, self.now()).await?;
        let digest = digest(&nonce);
        let row = Insert::into_table("publisher_key_challenge")
            .set("digest", &digest)
            .set("account_id", account)
            .set("audience", audience)
            .set("expires_at", expires_at);
        tx.insert(row).await?;
        tx.commit().await?;
        Ok(nonce)
    }

    /// Uses a nonce up; whether it was given out to this account for this audience, is not expired, and was not used
    /// before. Of several that use it at the same time, on whichever servers, one is told `true`.
    pub async fn use_publisher_key_challenge(
        &self,
        account: &str,
        audience: &str,
        nonce: &str,
    ) -> Result<bool, StoreError> {
        let touched = self
            .db
            .execute(
                "DELETE FROM publisher_key_challenge \
                 WHERE digest = $1 AND account_id = $2 AND audience = $3 AND expires_at > $4",
                args![&digest(nonce), account, audience, self.now()],
            )
            .await?;
        Ok(touched == 1)
    }
}

/// Removes the account's expired nonces, and the oldest of the others when there is no room for one more.
///
/// Those of other accounts are left to them: each keeps a handful at most, and transactions that delete each other's
/// rows could wait in a circle.
async fn make_room(tx: &mut Tx, account: &str, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM publisher_key_challenge WHERE account_id = $1 AND (expires_at <= $2 OR digest NOT IN \
         (SELECT digest FROM publisher_key_challenge WHERE account_id = $1 ORDER BY expires_at DESC, digest LIMIT $3))",
        args![account, now, MAX_OPEN_CHALLENGES - 1],
    )
    .await
    .map(drop)
}

fn digest(nonce: &str) -> Vec<u8> {
    Sha256::digest(nonce.as_bytes()).to_vec()
}
