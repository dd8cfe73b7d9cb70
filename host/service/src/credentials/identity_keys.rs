//! The public keys of the identity provider: found by its discovery document, fetched within bounds, kept for a while.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use skillgate_agent::HttpClient;
use skillgate_store::Timestamp;
use tokio::sync::Mutex;
use url::Url;

use super::identity_provider::is_trusted;
use crate::ServiceError;
use crate::config::{
    IDENTITY_KEYS_FRESH, IDENTITY_KEYS_INTERVAL, IDENTITY_KEYS_STALE, IDENTITY_PROVIDER_TIMEOUT,
    MAX_IDENTITY_DOCUMENT_BYTES, MAX_IDENTITY_KEYS,
};

/// A key that may have signed a token, and the one algorithm that it signs with.
#[derive(Clone)]
pub(super) struct IdentityKey {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

/// The keys, as they were at one time.
struct KeySet {
    keys: Vec<IdentityKey>,
    fetched_at: Timestamp,
}

/// The keys of one issuer.
pub(super) struct IdentityKeys {
    issuer: String,
    http: HttpClient,
    current: RwLock<Option<Arc<KeySet>>>,
    /// When they were last asked for. The task that holds the lock is the one that asks.
    asked_at: Mutex<Option<Timestamp>>,
}

/// What is read of a discovery document (OpenID Connect Discovery 1.0, section 3).
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeyDocument {
    keys: Vec<Value>,
}

impl IdentityKeys {
    pub(super) fn new(issuer: &str, http: HttpClient) -> Self {
        Self {
            issuer: issuer.to_owned(),
            http,
            current: RwLock::default(),
            asked_at: Mutex::default(),
        }
    }

    /// The key that a token's head names; a token that names none is checked with the only key of its algorithm. A key that
    /// is not known is asked for, but not again within [`IDENTITY_KEYS_INTERVAL`].
    ///
    /// # Errors
    /// `Unavailable` when no keys are known.
    pub(super) async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Result<Option<IdentityKey>, ServiceError> {
        let known = self.known(now).and_then(|set| set.find(id, algorithm));
        if known.is_some() && self.is_fresh(now) {
            return Ok(known);
        }
        match &known {
            // Only one of those who come meanwhile waits for the newer ones.
            Some(_) => {
                if let Ok(mut asked_at) = self.asked_at.try_lock() {
                    self.refresh(&mut asked_at, now).await;
                }
            }
            None => self.refresh(&mut *self.asked_at.lock().await, now).await,
        }
        let Some(set) = self.known(now) else {
            return Err(ServiceError::unavailable(
                "The identity provider does not answer, so that its tokens cannot be checked. Try again soon.",
            ));
        };
        Ok(set.find(id, algorithm))
    }

    /// The keys that may still be used.
    fn known(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current
            .clone()
            .filter(|set| age(set.fetched_at, now) < IDENTITY_KEYS_STALE)
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        self.known(now)
            .is_some_and(|set| age(set.fetched_at, now) < IDENTITY_KEYS_FRESH)
    }

    async fn refresh(&self, asked_at: &mut Option<Timestamp>, now: Timestamp) {
        if asked_at.is_some_and(|at| age(at, now) < IDENTITY_KEYS_INTERVAL) {
            return;
        }
        *asked_at = Some(now);
        match self.fetch().await {
            Ok(keys) => {
                let set = KeySet {
                    keys,
                    fetched_at: now,
                };
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                *current = Some(Arc::new(set));
            }
            Err(problem) => {
                tracing::warn!(issuer = self.issuer, %problem, "the keys of the identity provider could not be fetched");
            }
        }
    }

    async fn fetch(&self) -> Result<Vec<IdentityKey>, String> {
        let base = self.issuer.trim_end_matches('/');
        let address = format!("{base}/.well-known/openid-configuration");
        let discovery: Discovery = self.document(&address).await?;
        if discovery.issuer != self.issuer {
            return Err(format!(
                "{address} speaks for another issuer; --oidc-issuer must be its `issuer`, letter by letter"
            ));
        }
        let is_trusted = Url::parse(&discovery.jwks_uri).is_ok_and(|url| is_trusted(&url));
        if !is_trusted {
            return Err("its jwks_uri is no https:// address".to_owned());
        }
        let document: KeyDocument = self.document(&discovery.jwks_uri).await?;
        let keys = document.keys.into_iter().take(MAX_IDENTITY_KEYS);
        Ok(keys.filter_map(usable).collect())
    }

    /// Fetches a JSON document, bounded in time and bytes. The client follows no redirects.
    async fn document<T: DeserializeOwned>(&self, address: &str) -> Result<T, String> {
        let client = self.http.get().map_err(|error| error.to_string())?;
        let request = client.get(address).timeout(IDENTITY_PROVIDER_TIMEOUT);
        let mut response = request.send().await.map_err(|error| error.to_string())?;
        if response.status().as_u16() != 200 {
            return Err(format!("{address} answers {}", response.status()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| error.to_string())? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_IDENTITY_DOCUMENT_BYTES {
                return Err(format!(
                    "{address} answers more than {MAX_IDENTITY_DOCUMENT_BYTES} bytes"
                ));
            }
        }
        serde_json::from_slice(&bytes).map_err(|error| format!("{address}: {error}"))
    }
}

impl KeySet {
    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<IdentityKey> {
        let mut fitting = self
            .keys
            .iter()
            .filter(|key| key.algorithm == algorithm && (id.is_none() || key.id.as_deref() == id));
        let first = fitting.next()?;
        let is_only = fitting.next().is_none();
        (id.is_some() || is_only).then(|| first.clone())
    }
}

/// A key of a kind that is accepted: RS256, ES256 or EdDSA, for signatures.
fn usable(document: Value) -> Option<IdentityKey> {
    let jwk: Jwk = serde_json::from_value(document).ok()?;
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    let common = &jwk.common;
    let signs =
        common.public_key_use.is_none() || common.public_key_use == Some(PublicKeyUse::Signature);
    if !signs || common.key_algorithm.is_some_and(|own| own != name) {
        return None;
    }
    Some(IdentityKey {
        id: common.key_id.clone(),
        algorithm,
        decoding: DecodingKey::from_jwk(&jwk).ok()?,
    })
}

fn age(then: Timestamp, now: Timestamp) -> Duration {
    let micros = now.as_micros().saturating_sub(then.as_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
