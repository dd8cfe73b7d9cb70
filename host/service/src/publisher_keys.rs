//! Publisher keys: who may sign for an account.

use std::time::Duration;

use skillgate_skill::{KeyProof, check_proof, key_id};
use skillgate_store::{NewPublisherKey, PublisherKey, Store, Timestamp};

use crate::{Actor, PublicUrl, PublisherKeyRef, ServiceError, validate};

/// How long a nonce can be used: a person may have to type a passphrase meanwhile.
pub const CHALLENGE_LIFETIME: Duration = Duration::from_secs(300);

/// How far the time in a proof may be from the server's clock, before or after it. A proof that was made long ago, or
/// for a time to come, was not made for this nonce.
pub const MAX_PROOF_SKEW: Duration = Duration::from_secs(300);

/// What a proof of possession has to be made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// To be signed once.
    pub nonce: String,
    /// This server's public address, to be signed beside it.
    pub audience: String,
    /// Until when the nonce can be used.
    pub expires_at: Timestamp,
}

/// The keys that may sign for an account.
#[derive(Clone)]
pub struct PublisherKeys {
    store: Store,
    public_url: PublicUrl,
}

impl PublisherKeys {
    pub(crate) fn new(store: Store, public_url: PublicUrl) -> Self {
        Self { store, public_url }
    }

    /// Gives out a nonce for one registration with this account.
    pub async fn challenge(&self, actor: &Actor) -> Result<Challenge, ServiceError> {
        let audience = self.public_url.to_string();
        let expires_at = later(self.store.now(), CHALLENGE_LIFETIME);
        let nonce = self
            .store
            .open_publisher_key_challenge(&actor.account, &audience, expires_at)
            .await?;
        Ok(Challenge {
            nonce,
            audience,
            expires_at,
        })
    }

    /// Registers a public key with an account, by a proof that the caller holds its private key. Registering a key again
    /// changes nothing.
    ///
    /// # Errors
    /// `Invalid` when the proof does not hold for this server, this account, a nonce that is open and the time that it is; `Conflict`
    /// when the account revoked the key.
    pub async fn add(
        &self,
        actor: &Actor,
        proof: &KeyProof,
        label: &str,
    ) -> Result<PublisherKey, ServiceError> {
        let label = validate::required("label", label, 100)?;
        check_time(&proof.issued_at, self.store.now())?;
        let audience = self.public_url.as_str();
        let key = check_proof(proof, audience, &actor.account)?;
        let is_open = self
            .store
            .use_publisher_key_challenge(&actor.account, audience, &proof.nonce)
            .await?;
        if !is_open {
            return Err(ServiceError::invalid(
                "nonce: it was not given out to this account, was used, or has expired. \
             Ask for a new one at POST /v1/publisher-keys/challenge.",
            ));
        }
        let new = NewPublisherKey {
            key_id: key_id(&key).as_str().to_owned(),
            public_key: key.as_bytes().to_vec(),
            label,
        };
        Ok(self.store.add_publisher_key(&actor.account, new).await?)
    }

    /// All keys of an account, newest first, revoked ones too.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<PublisherKey>, ServiceError> {
        Ok(self.store.list_publisher_keys(&actor.account).await?)
    }

    /// Revokes a key, named by its row or by its key id: nothing that it signed is accepted from now on. What was published
    /// before goes on running.
    pub async fn revoke(&self, actor: &Actor, id: &PublisherKeyRef) -> Result<(), ServiceError> {
        let revoked = self
            .store
            .revoke_publisher_key(&actor.account, id, self.store.now())
            .await?;
        if revoked {
            Ok(())
        } else {
            Err(ServiceError::not_found("publisher_key"))
        }
    }

    /// The keys that may sign what this account publishes now.
    pub(crate) async fn active_keys(
        &self,
        actor: &Actor,
    ) -> Result<Vec<PublisherKey>, ServiceError> {
        let mut keys = self.list(actor).await?;
        keys.retain(|key| key.revoked_at.is_none());
        Ok(keys)
    }
}

/// The time must be written in its one form, and be near `now`.
fn check_time(issued_at: &str, now: Timestamp) -> Result<(), ServiceError> {
    let time = issued_at.parse::<Timestamp>().ok();
    let Some(time) = time.filter(|time| time.to_string() == issued_at) else {
        return Err(ServiceError::invalid(
            "issuedAt: write the time in UTC with milliseconds, as 2026-01-15T10:30:00.000Z.",
        ));
    };
    let skew = time.as_micros().abs_diff(now.as_micros());
    if u128::from(skew) > MAX_PROOF_SKEW.as_micros() {
        return Err(ServiceError::invalid(format!(
            "issuedAt: more than {} s from this server's clock, which says {now}. Set the clock right, and sign again.",
            MAX_PROOF_SKEW.as_secs()
        )));
    }
    Ok(())
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_add(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_form_and_is_near() {
        let now: Timestamp = "2026-01-15T10:30:00Z".parse().unwrap();
        for near in [
            "2026-01-15T10:30:00.000Z",
            "2026-01-15T10:25:00.000Z",
            "2026-01-15T10:35:00.000Z",
        ] {
            assert!(check_time(near, now).is_ok(), "{near}");
        }
        for (wrong, problem) in [
            ("2026-01-15T10:24:59.999Z", "clock"),
            ("2026-01-15T10:35:00.001Z", "clock"),
            ("2026-01-15T10:30:00Z", "milliseconds"),
            ("2026-01-15T11:30:00.000+01:00", "milliseconds"),
            ("now", "milliseconds"),
            ("", "milliseconds"),
        ] {
            let error = check_time(wrong, now).unwrap_err().to_string();
            assert!(error.contains(problem), "{wrong}: {error}");
        }
    }
}
