//! API keys, kept in memory for a second: what every request asks must not cost a query.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use skillgate_store::{ApiKey, Change, SecretText, Store, Timestamp};

use crate::cache::Cache;
use crate::{Actor, Scopes, ServiceError};

/// After this time a key is looked up again, so that a revocation by another process is seen within it.
const CACHE_TTL: Duration = Duration::from_secs(1);
/// Keys remembered at once.
const REMEMBERED: u64 = 100_000;
/// Texts remembered at once that are no valid key.
const REMEMBERED_INVALID: u64 = 10_000;
/// How long it is remembered that a key was valid once: its lookups are not counted as those of strangers.
const FAMILIAR: Duration = Duration::from_secs(24 * 3_600);

/// What requests need to know of a valid key.
#[derive(Debug)]
pub struct KnownKey {
    /// Its id, its account and what it may do.
    pub actor: Actor,
    /// Requests a minute; `None` is the operator's figure, 0 is no limit.
    pub rate_limit: Option<u32>,
    expires_at: Option<Timestamp>,
}

/// What a request presents as its key, and what is known of it without asking the store.
pub enum Presented {
    /// No key, or what is known to be none.
    Nothing,
    /// A valid key.
    Valid(Arc<KnownKey>),
    /// To be looked up; `familiar` when it was valid lately.
    Unknown {
        /// The key.
        text: SecretText,
        /// Whether it was valid within the last day.
        familiar: bool,
    },
}

/// The keys seen lately. A key's text is in here only as its digest.
pub struct ApiKeyCache {
    store: Store,
    known: Cache<[u8; 32], Arc<KnownKey>>,
    invalid: Cache<[u8; 32], ()>,
    familiar: moka::future::Cache<[u8; 32], ()>,
    uses: Mutex<HashMap<String, Timestamp>>,
}

impl ApiKeyCache {
    /// Knows no key yet.
    pub(crate) fn new(store: Store) -> Self {
        let known = Cache::new(REMEMBERED, CACHE_TTL).fed_by(
            &store,
            |known: &Cache<[u8; 32], Arc<KnownKey>>, change| {
                if *change == Change::ApiKeys {
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
            known,
            invalid,
            familiar,
            uses: Mutex::default(),
        }
    }

    /// What is known of a key by its text, as far as it is known without a query.
    pub async fn present(&self, text: &str) -> Presented {
        let digest = digest(text);
        if let Some(key) = self.known.get(&digest).await {
            return self
                .unless_expired(key)
                .map_or(Presented::Nothing, Presented::Valid);
        }
        if self.invalid.get(&digest).await.is_some() {
            return Presented::Nothing;
        }
        Presented::Unknown {
            text: SecretText::new(text),
            familiar: self.familiar.get(&digest).await.is_some(),
        }
    }

    /// The valid key of this text; `None` when it is wrong, revoked or expired. Costs a query.
    pub async fn look_up(&self, text: &SecretText) -> Result<Option<Arc<KnownKey>>, ServiceError> {
        let digest = digest(text.expose());
        let (known_since, invalid_since) = (self.known.epoch(&digest), self.invalid.epoch(&digest));
        let Some(key) = self.store.find_api_key(text.expose()).await? else {
            self.invalid.insert(digest, (), invalid_since).await;
            return Ok(None);
        };
        // Once a second for each key, as often as it is looked up: near enough for "last used".
        self.uses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.id.clone(), self.store.now());
        let key = Arc::new(known(key)?);
        self.known.insert(digest, key.clone(), known_since).await;
        self.familiar.insert(digest, ()).await;
        Ok(self.unless_expired(key))
    }

    fn unless_expired(&self, key: Arc<KnownKey>) -> Option<Arc<KnownKey>> {
        let expired = key.expires_at.is_some_and(|at| at <= self.store.now());
        (!expired).then_some(key)
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

fn known(key: ApiKey) -> Result<KnownKey, ServiceError> {
    Ok(KnownKey {
        rate_limit: key
            .rate_limit
            .map(|limit| u32::try_from(limit.max(0)).unwrap_or(u32::MAX)),
        actor: Actor {
            account: key.account_id.parse()?,
            key: key.id,
            scopes: Scopes::from_names(&key.scopes),
            is_operator: key.is_operator,
        },
        expires_at: key.expires_at,
    })
}
