//! Requests that are sent again under the same `Idempotency-Key`: answered as the first time, and done once.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use skillgate_store::{IdempotencyClaim, IdempotentRequest, Store, Timestamp};

use crate::config::{
    IDEMPOTENCY_CLAIM, IDEMPOTENCY_LIFETIME, MAX_IDEMPOTENCY_KEY_BYTES, MAX_IDEMPOTENT_ANSWER_BYTES,
};
use crate::{AccountId, Actor, ServiceError};

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

/// Keys of requests, and what was answered to them. An answer may hold an API key: it is sealed by the account's data key.
#[derive(Clone)]
pub struct Idempotency {
    store: Store,
}

impl Idempotency {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Begins a request to `operation` (method and path pattern) under `key`. `path` and `body` are what must be the same
    /// when it is sent again.
    ///
    /// # Errors
    /// `Invalid` for a malformed key, `Conflict` while the first is being worked on, `IdempotencyKeyReused` for another request.
    pub async fn begin(
        &self,
        actor: &Actor,
        operation: &str,
        key: &[u8],
        path: &str,
        body: &[u8],
    ) -> Result<Attempt, ServiceError> {
        check_key(key)?;
        let request = IdempotentRequest {
            digest: digest_of(&[operation.as_bytes(), key]),
            fingerprint: digest_of(&[path.as_bytes(), body]),
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

    /// Forgets a first attempt that was refused or failed: nothing was made, and the key can be sent again.
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

/// Each part is preceded by its length, so that no two lists of parts are alike.
fn digest_of(parts: &[&[u8]]) -> Vec<u8> {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().to_vec()
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_add(micros))
}
