//! Answers of requests that came with an `Idempotency-Key`, for those who send the request again.

use hmac::Mac;

use crate::db::{Insert, Tx, args};
use crate::master_key::keyed_hash;
use crate::seal::{open, place, seal};
use crate::{Store, StoreError, Timestamp, id};

/// The most keys of one account that are remembered. The oldest makes room for the next: a key is sent again within seconds
/// of the first time, and what one account can make the server keep must be bounded.
pub const MAX_IDEMPOTENCY_KEYS: i64 = 10_000;

/// A request with a key, as it is told from others.
#[derive(Clone, Debug)]
pub struct IdempotentRequest {
    /// Digest of the caller and the key, see [`Store::request_digest`].
    pub digest: Vec<u8>,
    /// Digest of the path and the body: another one under the same key is another request.
    pub fingerprint: Vec<u8>,
}

/// What is known of a request with a key.
#[derive(Debug)]
pub enum IdempotencyClaim {
    /// Nothing: it is the caller's to work on, under this claim.
    Claimed(String),
    /// It was answered, with this status and body; the body is absent where it was too large to keep.
    Answered {
        /// The HTTP status.
        status: i64,
        /// The bytes of the body.
        body: Option<Vec<u8>>,
    },
    /// Another request with the same key is being worked on.
    InFlight,
    /// The key belongs to another request.
    OtherRequest,
}

#[derive(sqlx::FromRow)]
struct Row {
    fingerprint: Vec<u8>,
    claim: String,
    claimed_until: Timestamp,
    status: Option<i64>,
    answer: Vec<u8>,
    data_key: Vec<u8>,
}

impl Store {
    /// What is kept of parts of a request in place of their text. It is keyed, so that nobody who reads the database can try out
    /// what a body may have held. Each part is preceded by its length: no two lists of parts are alike.
    pub fn request_digest(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut mac = keyed_hash(&self.keys.pepper);
        mac.update(b"request with an idempotency key: ");
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().to_vec()
    }

    /// Claims a key for a request, which is then worked on until `claimed_until` at the latest, or says what is known of the
    /// key. It is remembered until `expires_at`. Of several that claim it at the same time, on whichever servers, one gets it.
    pub async fn claim_idempotency_key(
        &self,
        account: &str,
        request: &IdempotentRequest,
        claimed_until: Timestamp,
        expires_at: Timestamp,
    ) -> Result<IdempotencyClaim, StoreError> {
        let mut tx = self.db.begin().await?;
        tx.hold_account(account).await?;
        make_room(&mut tx, account, self.now()).await?;
        let row: Option<Row> = tx
            .optional(
                "SELECT idempotency_key.*, account.data_key FROM idempotency_key \
                 JOIN account ON account.id = idempotency_key.account_id WHERE account_id = $1 AND digest = $2",
                args![account, &request.digest],
            )
            .await?;
        if let Some(known) = row.and_then(|row| self.known(account, request, row).transpose()) {
            return known;
        }
        let claim = id::new();
        let unanswered = Vec::<u8>::new();
        let row = Insert::into_table("idempotency_key")
            .set("account_id", account)
            .set("digest", &request.digest)
            .set("fingerprint", &request.fingerprint)
            .set("claim", &claim)
            .set("claimed_until", claimed_until)
            .set("answer", &unanswered)
            .set("expires_at", expires_at)
            .on_conflict(
                "(account_id, digest) DO UPDATE SET claim = excluded.claim, \
                 claimed_until = excluded.claimed_until, expires_at = excluded.expires_at",
            );
        tx.insert(row).await?;
        tx.commit().await?;
        Ok(IdempotencyClaim::Claimed(claim))
    }

    /// Keeps the answer of a request under its claim; a body that is absent was too large to keep.
    pub async fn keep_idempotent_answer(
        &self,
        account: &str,
        request: &IdempotentRequest,
        claim: &str,
        status: i64,
        body: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        let row: Option<(Vec<u8>,)> = self
            .db
            .optional("SELECT data_key FROM account WHERE id = $1", args![account])
            .await?;
        let (data_key,) = row.ok_or(StoreError::Sealed("the account's data key"))?;
        let key = self.keys.open_data_key(account, &data_key)?;
        let sealed = body.map(|body| seal(&key, &answer_place(account, request, claim), body));
        self.db
            .execute(
                "UPDATE idempotency_key SET status = $4, answer = $5 WHERE account_id = $1 AND digest = $2 AND claim = $3",
                args![account, &request.digest, claim, status, &sealed.transpose()?.unwrap_or_default()],
            )
            .await
            .map(drop)
    }

    /// Forgets a key whose request changed nothing: it can be sent again.
    pub async fn release_idempotency_key(
        &self,
        account: &str,
        request: &IdempotentRequest,
        claim: &str,
    ) -> Result<(), StoreError> {
        self.db
            .execute(
                "DELETE FROM idempotency_key WHERE account_id = $1 AND digest = $2 AND claim = $3",
                args![account, &request.digest, claim],
            )
            .await
            .map(drop)
    }

    /// Deletes the keys of all accounts that have expired; tells how many.
    pub async fn delete_expired_idempotency_keys(&self) -> Result<u64, StoreError> {
        self.db
            .execute(
                "DELETE FROM idempotency_key WHERE expires_at <= $1",
                args![self.now()],
            )
            .await
    }

    /// What a row says of a request; `None` where the request that claimed it is overdue, and it can be claimed again.
    fn known(
        &self,
        account: &str,
        request: &IdempotentRequest,
        row: Row,
    ) -> Result<Option<IdempotencyClaim>, StoreError> {
        if row.fingerprint != request.fingerprint {
            return Ok(Some(IdempotencyClaim::OtherRequest));
        }
        let Some(status) = row.status else {
            let overdue = row.claimed_until <= self.now();
            return Ok((!overdue).then_some(IdempotencyClaim::InFlight));
        };
        if row.answer.is_empty() {
            return Ok(Some(IdempotencyClaim::Answered { status, body: None }));
        }
        let key = self.keys.open_data_key(account, &row.data_key)?;
        let body = open(
            &key,
            &answer_place(account, request, &row.claim),
            &row.answer,
        );
        let body = body.ok_or(StoreError::Sealed("the answer"))?.to_vec();
        Ok(Some(IdempotencyClaim::Answered {
            status,
            body: Some(body),
        }))
    }
}

/// Where an answer belongs: it opens in no other row.
fn answer_place(account: &str, request: &IdempotentRequest, claim: &str) -> Vec<u8> {
    let digest = hex::encode(&request.digest);
    place(&["idempotent answer", account, &digest, claim])
}

/// Removes the account's expired keys, and the oldest of the others when there is no room for one more.
async fn make_room(tx: &mut Tx, account: &str, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM idempotency_key WHERE account_id = $1 AND (expires_at <= $2 OR expires_at <= \
         (SELECT expires_at FROM idempotency_key WHERE account_id = $1 ORDER BY expires_at DESC LIMIT 1 OFFSET $3))",
        args![account, now, MAX_IDEMPOTENCY_KEYS - 1],
    )
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    use crate::{MasterKey, Store, StoreConfig, system_clock};

    use super::*;

    async fn store(folder: &std::path::Path, name: &str) -> Store {
        let config = StoreConfig {
            url: format!("sqlite://{}", folder.join(name).display()),
            master_key: MasterKey::random(),
            clock: system_clock(),
        };
        Store::open(config).await.unwrap()
    }

    #[tokio::test]
    async fn nothing_of_a_request_or_its_answer_can_be_read_or_guessed() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (
            store(folder.path(), "one.db").await,
            store(folder.path(), "other.db").await,
        );
        let parts: [&[u8]; 2] = [b"a", b"bc"];
        assert_eq!(one.request_digest(&parts), one.request_digest(&parts));
        assert_ne!(
            one.request_digest(&parts),
            one.request_digest(&[b"ab", b"c"])
        );
        assert_ne!(one.request_digest(&parts), other.request_digest(&parts));

        let account = one.create_account("Test").await.unwrap().id;
        let request = IdempotentRequest {
            digest: one.request_digest(&parts),
            fingerprint: one.request_digest(&parts),
        };
        let later = Timestamp::from_micros(one.now().as_micros() + 60_000_000);
        let claim = one.claim_idempotency_key(&account, &request, later, later);
        let IdempotencyClaim::Claimed(claim) = claim.await.unwrap() else {
            panic!("not claimed");
        };
        let kept = one.keep_idempotent_answer(&account, &request, &claim, 201, Some(b"shown once"));
        kept.await.unwrap();
        let sql = "SELECT answer FROM idempotency_key";
        let row: Option<(Vec<u8>,)> = one.db.optional(sql, args![]).await.unwrap();
        let (answer,) = row.unwrap();
        assert!(answer.len() > 10 && !answer.windows(10).any(|part| part == b"shown once"));
    }
}
