//! Credentials, kept in memory for a second: what every request asks must not cost a query.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use skillgate_store::{Change, SecretText, Store, Timestamp};

use super::{Credential, CredentialLookup, Glance, KnownCaller};
use crate::ServiceError;
use crate::cache::Cache;

/// After this time a credential is looked up again, so that a revocation by another process is seen within it.
const CACHE_TTL: Duration = Duration::from_secs(1);
/// Credentials remembered at once.
const REMEMBERED: u64 = 100_000;
/// Texts remembered at once that are no valid credential.
const REMEMBERED_INVALID: u64 = 10_000;
/// How long it is remembered that a credential was issued here or valid once: its lookups are not counted as those of strangers.
const FAMILIAR: Duration = Duration::from_secs(24 * 3_600);

/// What a request presents as its credential, and what is known of it without asking the store.
pub enum Presented {
    /// Nothing, or what is known to be no credential.
    Nothing,
    /// A valid credential.
    Valid(Arc<KnownCaller>),
    /// To be looked up; `familiar` when it was issued or valid lately, or is signed rightly.
    Unknown {
        /// The credential.
        text: SecretText,
        /// Whether whoever presents it is no stranger who guesses.
        familiar: bool,
    },
}

/// The callers seen lately. The text of a credential is in here only as its digest.
pub struct CallerCache {
    store: Store,
    lookup: CredentialLookup,
    known: Cache<[u8; 32], Arc<KnownCaller>>,
    invalid: Cache<[u8; 32], ()>,
    familiar: moka::future::Cache<[u8; 32], ()>,
    uses: Mutex<HashMap<String, Timestamp>>,
}

impl CallerCache {
    /// Starts empty.
    pub(crate) fn new(store: Store, lookup: CredentialLookup) -> Self {
        let known = Cache::new(REMEMBERED, CACHE_TTL).fed_by(
            &store,
            |known: &Cache<[u8; 32], Arc<KnownCaller>>, change| {
                if matches!(change, Change::ApiKeys | Change::ConsoleSessions) {
                    known.invalidate_all();
                }
            },
        );
        let invalid = Cache::new(REMEMBERED_INVALID, CACHE_TTL);
        let familiar = moka::future::Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_idle(FAMILIAR)
            .build();
        Self {
            store,
            lookup,
            known,
            invalid,
            familiar,
            uses: Mutex::default(),
        }
    }

    /// What is known of a credential by its text, as far as it is known without a query.
    pub async fn present(&self, text: &str) -> Presented {
        let digest = digest(text);
        if let Some(caller) = self.known.get(&digest).await {
            return self
                .unless_expired(caller)
                .map_or(Presented::Nothing, Presented::Valid);
        }
        if self.invalid.get(&digest).await.is_some() {
            return Presented::Nothing;
        }
        let vouched = match self.lookup.glance(text) {
            Glance::Refused => return Presented::Nothing,
            glance => glance == Glance::Vouched,
        };
        Presented::Unknown {
            text: SecretText::new(text),
            familiar: vouched || self.familiar.get(&digest).await.is_some(),
        }
    }

    /// Remembers a credential that was just issued: its first request must not be counted as a stranger's. Tokens need not
    /// be remembered, as their signature vouches for them.
    pub(crate) async fn note_issued(&self, text: &SecretText) {
        self.familiar.insert(digest(text.expose()), ()).await;
    }

    /// The caller with this credential; `None` when it is wrong, revoked or expired. Costs a query.
    ///
    /// # Errors
    /// When the store or the identity provider cannot be asked.
    pub async fn look_up(
        &self,
        text: &SecretText,
    ) -> Result<Option<Arc<KnownCaller>>, ServiceError> {
        let digest = digest(text.expose());
        let (known_since, invalid_since) = (self.known.epoch(&digest), self.invalid.epoch(&digest));
        let Some(caller) = self.lookup.find(text.expose()).await? else {
            self.invalid.insert(digest, (), invalid_since).await;
            return Ok(None);
        };
        self.note_use(&caller);
        let caller = Arc::new(caller);
        self.known.insert(digest, caller.clone(), known_since).await;
        if matches!(
            caller.credential,
            Credential::ApiKey | Credential::Session { .. }
        ) {
            self.familiar.insert(digest, ()).await;
        }
        Ok(self.unless_expired(caller))
    }

    /// Once a second for each credential, as often as it is looked up: near enough for "last used".
    fn note_use(&self, caller: &KnownCaller) {
        if !matches!(caller.credential, Credential::Identity) {
            let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
            uses.insert(caller.actor.key.clone(), self.store.now());
        }
    }

    fn unless_expired(&self, caller: Arc<KnownCaller>) -> Option<Arc<KnownCaller>> {
        let expired = caller.expires_at.is_some_and(|at| at <= self.store.now());
        (!expired).then_some(caller)
    }

    /// Does what is to be done from time to time: writes down when keys were last used, and sees to the identity provider's keys.
    pub(crate) async fn tidy(&self) {
        self.lookup.tidy();
        self.write_uses().await;
    }

    /// Writes down when keys were last used.
    pub(crate) async fn write_uses(&self) {
        let uses = std::mem::take(&mut *self.uses.lock().unwrap_or_else(PoisonError::into_inner));
        for (id, at) in uses {
            if let Err(error) = self.store.touch_api_key(&id, at).await {
                tracing::warn!(%error, "the last use of an API key could not be written");
            }
        }
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}
