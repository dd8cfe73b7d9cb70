//! Requests that are sent again under the same `Idempotency-Key`: answered as the first time, and done once.

use std::time::Duration;

use skillgate_store::{IdempotencyClaim, IdempotentRequest, Store, Timestamp};

use crate::config::{
    IDEMPOTENCY_CLAIM, IDEMPOTENCY_LIFETIME, MAX_IDEMPOTENCY_KEY_BYTES, MAX_IDEMPOTENT_ANSWER_BYTES,
};
use crate::{AccountId, Actor, ServiceError};

/// The lowest status of a request that failed in the server.
const OUTCOME_UNKNOWN: i64 = 500;

/// What is to be done with a request.
#[derive(Debug)]
pub enum Attempt {
    /// It is the first of its key: to be done, and its answer [kept](Idempotency::keep).
    First(FirstAttempt),
    /// It was answered before.
    Again {
        /// The HTTP status.
        status: u16,
        /// The JSON body.
        body: Vec<u8>,
    },
}

/// A request that is done for the first time.
#[derive(Debug)]
pub struct FirstAttempt {
    account: AccountId,
    request: IdempotentRequest,
    claim: String,
}

/// Keys of requests, and what was answered to them. Answers are sealed by the account's data key.
#[derive(Clone)]
pub struct Idempotency {
    store: Store,
}

impl Idempotency {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Begins a request under `key`, which is the caller's: others of its account may use the same for theirs. `path` (with its
    /// query) and `body` are what must be the same when it is sent again.
    ///
    /// # Errors
    /// `Invalid` for a malformed key, `Conflict` while the first is being worked on and when it is not known what became of it,
    /// `IdempotencyKeyReused` for another request.
    pub async fn begin(
        &self,
        actor: &Actor,
        key: &[u8],
        path: &str,
        body: &[u8],
    ) -> Result<Attempt, ServiceError> {
        check_key(key)?;
        let request = IdempotentRequest {
            digest: self.store.request_digest(&[actor.key.as_bytes(), key]),
            fingerprint: self.store.request_digest(&[path.as_bytes(), body]),
        };
        let now = self.store.now();
        let (until, expires_at) = (
            later(now, IDEMPOTENCY_CLAIM),
            later(now, IDEMPOTENCY_LIFETIME),
        );
        let claim = self
            .store
            .claim_idempotency_key(&actor.account, &request, until, expires_at)
            .await?;
        match claim {
            IdempotencyClaim::Claimed(claim) => Ok(Attempt::First(FirstAttempt {
                account: actor.account.clone(),
                request,
                claim,
            })),
            IdempotencyClaim::Answered {
                status,
                body: Some(body),
            } => Ok(Attempt::Again {
                status: u16::try_from(status).unwrap_or(200),
                body,
            }),
            IdempotencyClaim::Answered {
                status: OUTCOME_UNKNOWN..,
                ..
            } => Err(ServiceError::conflict(
                "The outcome of a request with this Idempotency-Key is unknown: it failed in the server. Look whether it was done before you send it under a new key.",
            )),
            IdempotencyClaim::Answered { body: None, .. } => Err(ServiceError::conflict(
                "A request with this Idempotency-Key was done, but its answer was too large to keep. Read what it made instead.",
            )),
            IdempotencyClaim::InFlight => Err(ServiceError::conflict(
                "A request with this Idempotency-Key is being worked on. Send this one again in a moment.",
            )),
            IdempotencyClaim::OtherRequest => Err(ServiceError::idempotency_key_reused()),
        }
    }

    /// Keeps what a first attempt was answered. A body above [`MAX_IDEMPOTENT_ANSWER_BYTES`] is not kept, only that there was one.
    pub async fn keep(
        &self,
        attempt: &FirstAttempt,
        status: u16,
        body: Option<&[u8]>,
    ) -> Result<(), ServiceError> {
        let body = body.filter(|body| body.len() <= MAX_IDEMPOTENT_ANSWER_BYTES);
        let (request, claim) = (&attempt.request, &attempt.claim);
        let kept = self.store.keep_idempotent_answer(
            &attempt.account,
            request,
            claim,
            i64::from(status),
            body,
        );
        Ok(kept.await?)
    }

    /// Remembers that it is not known what became of a first attempt: it failed, perhaps after it had made something.
    pub async fn keep_unknown(&self, attempt: &FirstAttempt) -> Result<(), ServiceError> {
        let (request, claim) = (&attempt.request, &attempt.claim);
        let kept = self.store.keep_idempotent_answer(
            &attempt.account,
            request,
            claim,
            OUTCOME_UNKNOWN,
            None,
        );
        Ok(kept.await?)
    }

    /// Forgets the keys that have expired, of all accounts, so that no answer lies there for longer than it is needed.
    pub(crate) async fn forget_expired(&self) {
        if let Err(error) = self.store.delete_expired_idempotency_keys().await {
            tracing::warn!(%error, "expired idempotency keys could not be deleted");
        }
    }

    /// Forgets a first attempt that was refused: nothing was made, and the key can be sent again.
    pub async fn release(&self, attempt: &FirstAttempt) -> Result<(), ServiceError> {
        let (request, claim) = (&attempt.request, &attempt.claim);
        let released = self
            .store
            .release_idempotency_key(&attempt.account, request, claim);
        Ok(released.await?)
    }
}

fn check_key(key: &[u8]) -> Result<(), ServiceError> {
    let is_visible = key.iter().all(|byte| (0x20..0x7f).contains(byte));
    if (1..=MAX_IDEMPOTENCY_KEY_BYTES).contains(&key.len()) && is_visible {
        return Ok(());
    }
    Err(ServiceError::invalid(format!(
        "Idempotency-Key: must have 1 to {MAX_IDEMPOTENCY_KEY_BYTES} ASCII characters, such as a UUID."
    )))
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_add(micros))
}

#[cfg(test)]
mod tests {
    use skillgate_store::{MasterKey, StoreConfig, system_clock};

    use super::*;
    use crate::Scopes;

    #[tokio::test]
    async fn what_failed_is_not_done_again_and_what_was_refused_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreConfig {
            url: format!("sqlite://{}", folder.path().join("x.db").display()),
            master_key: MasterKey::random(),
            clock: system_clock(),
        });
        let store = store.await.unwrap();
        let account = store.create_account("Test").await.unwrap();
        let actor = Actor {
            account: account.id.parse().unwrap(),
            key: "key".to_owned(),
            scopes: Scopes::from_names(&["admin"]),
            is_operator: false,
        };
        let idempotency = Idempotency::new(store);
        let begin = async |key: &str| {
            let begun = idempotency.begin(&actor, key.as_bytes(), "/v1/agents", b"{}");
            begun.await
        };
        let first = async |key: &str| match begin(key).await.unwrap() {
            Attempt::First(first) => first,
            other => panic!("{other:?}"),
        };
        idempotency.keep_unknown(&first("a").await).await.unwrap();
        let error = begin("a").await.unwrap_err().to_string();
        assert!(error.contains("outcome"), "{error}");
        idempotency.release(&first("b").await).await.unwrap();
        first("b").await;
    }
}
