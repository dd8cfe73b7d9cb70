//! What an identity provider publishes: its discovery document and its keys, fetched within bounds.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use skillgate_agent::HttpClient;
use url::Url;

use super::issuer_url::is_trusted;
use crate::config::{IDENTITY_PROVIDER_TIMEOUT, MAX_IDENTITY_DOCUMENT_BYTES, MAX_IDENTITY_KEYS};

/// A key that may have signed a token, and the one algorithm that it signs with.
#[derive(Clone)]
pub(super) struct IdentityKey {
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

/// The documents of one issuer.
pub(super) struct IdentityDocuments {
    pub(super) issuer: String,
    http: HttpClient,
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

impl IdentityDocuments {
    pub(super) fn new(issuer: &str, http: HttpClient) -> Self {
        Self {
            issuer: issuer.to_owned(),
            http,
        }
    }

    /// The usable keys, at least one; else what is wrong, for the log.
    pub(super) async fn keys(&self) -> Result<Vec<IdentityKey>, String> {
        let base = self.issuer.trim_end_matches('/');
        let address = format!("{base}/.well-known/openid-configuration");
        let discovery: Discovery = self.document(&address).await?;
        if discovery.issuer != self.issuer {
            return Err(format!(
                "{address} speaks for another issuer; --oidc-issuer must be its `issuer`, letter by letter"
            ));
        }
        if !may_hold_keys_of(&self.issuer, &discovery.jwks_uri) {
            return Err("its jwks_uri is no https:// address".to_owned());
        }
        let document: KeyDocument = self.document(&discovery.jwks_uri).await?;
        let keys = document.keys.into_iter().take(MAX_IDENTITY_KEYS);
        let keys: Vec<_> = keys.filter_map(usable).collect();
        match keys.is_empty() {
            // What is known already must not be lost to a slip of the provider.
            true => Err(format!("{} holds no usable key", discovery.jwks_uri)),
            false => Ok(keys),
        }
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

/// Whether keys are fetched from there. A provider elsewhere has no say over what is asked for on this machine.
fn may_hold_keys_of(issuer: &str, address: &str) -> bool {
    let (Ok(issuer), Ok(address)) = (Url::parse(issuer), Url::parse(address)) else {
        return false;
    };
    match address.scheme() {
        "https" => true,
        _ => is_trusted(&address) && issuer.scheme() == "http",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_https_or_from_a_provider_on_this_machine() {
        for (issuer, address, fine) in [
            ("https://a.example", "https://b.example/keys", true),
            ("http://127.0.0.1:9", "http://localhost:8/keys", true),
            ("http://localhost", "https://b.example/keys", true),
            ("https://a.example", "http://127.0.0.1:6379/keys", false),
            ("https://a.example", "http://a.example/keys", false),
            ("http://127.0.0.1:9", "http://10.0.0.1/keys", false),
            ("http://127.0.0.1:9", "file:///etc/passwd", false),
            ("https://a.example", "keys", false),
        ] {
            assert_eq!(
                may_hold_keys_of(issuer, address),
                fine,
                "{issuer} {address}"
            );
        }
    }
}
