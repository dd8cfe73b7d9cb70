//! Access tokens: JWTs (RFC 7519) signed with ed25519 (RFC 8037) by a key that follows from the master key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use skillgate_skill::SigningKey;
use skillgate_store::{SecretText, Timestamp};

use crate::config::MAX_CLOCK_SKEW;
use crate::{PublicUrl, ServiceError};

/// What comes before the seed of an ed25519 key in PKCS #8 (RFC 8410, section 7).
const PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// What a token says. Times are Unix seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    /// The id of the API key.
    pub(crate) sub: String,
    /// The session that it was issued to, by its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<String>,
    /// Scopes, space separated.
    pub(crate) scope: String,
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    pub(crate) exp: i64,
    pub(crate) jti: String,
}

/// The key that signs tokens, and what they have to say to be ours.
pub(crate) struct TokenKeys {
    signing: EncodingKey,
    verifying: DecodingKey,
    /// The public key, base64url.
    public: String,
    id: String,
    /// Issuer and audience are this server, by its public address.
    issuer: String,
    validation: Validation,
}

impl TokenKeys {
    /// Makes the key of this seed.
    pub(crate) fn new(seed: &[u8; 32], public_url: &PublicUrl) -> Self {
        let public = SigningKey::from_bytes(seed).verifying_key().to_bytes();
        let issuer = public_url.to_string();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[&issuer]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        // The library reads the machine's clock; ours is the store's, see `is_current`.
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        let x = URL_SAFE_NO_PAD.encode(public);
        Self {
            signing: EncodingKey::from_ed_der(&[PKCS8_HEAD.as_slice(), seed].concat()),
            verifying: DecodingKey::from_ed_der(&public),
            id: thumbprint(&x),
            public: x,
            issuer,
            validation,
        }
    }

    /// The key's id: its thumbprint.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The public key, as the member `x` of a JWK.
    pub(crate) fn public(&self) -> &str {
        &self.public
    }

    /// Who issues tokens, and for whom.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Writes a token.
    pub(crate) fn sign(&self, claims: &Claims) -> Result<SecretText, ServiceError> {
        let header = Header {
            kid: Some(self.id.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        let token = jsonwebtoken::encode(&header, claims, &self.signing);
        token.map(SecretText::new).map_err(ServiceError::internal)
    }

    /// Whether a token's head names this key.
    pub(super) fn signed(&self, header: &Header) -> bool {
        header.alg == Algorithm::EdDSA && header.kid.as_deref() == Some(self.id.as_str())
    }

    /// What a token says, when it is ours and holds now.
    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Option<Claims> {
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.verifying, &self.validation);
        let claims = decoded.ok()?.claims;
        is_current(Some(claims.nbf), claims.exp, now).then_some(claims)
    }
}

/// Whether a token holds at `now`: its end has no grace, its beginning that of a clock that runs ahead.
pub(super) fn is_current(not_before: Option<i64>, expires: i64, now: Timestamp) -> bool {
    let now = now.as_micros().div_euclid(1_000_000);
    let skew = i64::try_from(MAX_CLOCK_SKEW.as_secs()).unwrap_or(0);
    now < expires && not_before.is_none_or(|begin| begin <= now.saturating_add(skew))
}

/// The id of a public key (RFC 7638): the digest of its required members in order.
fn thumbprint(x: &str) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_published_thumbprint() {
        // RFC 8037, appendix A.3.
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert_eq!(thumbprint(x), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_token_holds_from_its_beginning_to_its_end() {
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000);
        assert!(is_current(Some(100), 200, at(100)));
        assert!(is_current(Some(100), 200, at(199)));
        assert!(!is_current(Some(100), 200, at(200)));
        assert!(is_current(Some(100), 200, at(40)), "a clock runs ahead");
        assert!(!is_current(Some(100), 200, at(39)));
    }
}
