//! Tokens of the operator's own identity provider (OpenID Connect).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use skillgate_agent::HttpClient;
use skillgate_store::{Store, Timestamp};

use super::identity_documents::{IdentityDocuments, IdentityKey};
use super::identity_keys::IdentityKeys;
use super::token_keys::is_current;
use super::{Credential, Glance, IssuerUrl, KnownCaller};
use crate::config::MAX_IDENTITY_TOKEN_SECONDS;
use crate::{AccountId, Actor, Background, Scopes, ServiceError};

type Claims = Map<String, Value>;

/// Whose tokens are accepted, and what in them says who comes and what it may do.
#[derive(Debug, Clone)]
pub struct IdentityProviderConfig {
    /// The issuer, exactly as its tokens name it.
    pub issuer: IssuerUrl,
    /// Whom a token has to be issued for.
    pub audience: String,
    /// The claim with the id of an account.
    pub account_claim: String,
    /// The claim with the scopes: a text, space separated, or a list.
    pub scope_claim: String,
}

/// Accepts the tokens of one provider.
pub(crate) struct IdentityProvider {
    config: IdentityProviderConfig,
    store: Store,
    keys: IdentityKeys,
}

impl IdentityProvider {
    pub(crate) fn new(
        config: IdentityProviderConfig,
        http: HttpClient,
        store: Store,
        background: Background,
    ) -> Self {
        let documents = IdentityDocuments::new(config.issuer.as_str(), http);
        Self {
            keys: IdentityKeys::new(documents, store.clone(), background),
            store,
            config,
        }
    }

    /// Begins to fetch the provider's keys anew when they will be overdue soon.
    pub(super) fn refresh_keys_early(&self) {
        self.keys.refresh_early();
    }

    /// What can be said of a token by the keys that are known.
    pub(super) fn glance(&self, token: &str, header: &Header) -> Glance {
        if !self.may_hold(token, header) {
            return Glance::Refused;
        }
        let keys = self.keys.at_hand(header.kid.as_deref(), header.alg);
        if self.verified(token, &keys).is_some() {
            Glance::Vouched
        } else if keys.is_empty() || self.keys.is_overdue() {
            Glance::Unknown
        } else {
            Glance::Refused
        }
    }

    /// The caller with this token; `None` when the token does not hold or names no account that there is.
    ///
    /// # Errors
    /// `Unavailable` when the provider's keys are not known and cannot be fetched.
    pub(super) async fn caller(
        &self,
        token: &str,
        header: &Header,
    ) -> Result<Option<KnownCaller>, ServiceError> {
        // Nothing is fetched for what could not hold, whoever signed it.
        if !self.may_hold(token, header) {
            return Ok(None);
        }
        let keys = self.keys.find(header.kid.as_deref(), header.alg).await?;
        let Some(caller) = self.verified(token, &keys) else {
            return Ok(None);
        };
        let account = self.store.get_account(&caller.actor.account).await?;
        Ok(account.map(|_| caller))
    }

    /// Whether a token could hold, as far as it can be seen without a key.
    fn may_hold(&self, token: &str, header: &Header) -> bool {
        let is_signed = matches!(
            header.alg,
            Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA
        );
        is_signed
            && header.crit.is_none()
            && is_access_token(header.typ.as_deref())
            && unverified(token).is_some_and(|claims| self.read(&claims).is_some())
    }

    /// Who a token speaks of that one of these keys has signed.
    fn verified(&self, token: &str, keys: &[IdentityKey]) -> Option<KnownCaller> {
        let claims = keys.iter().find_map(|key| {
            let mut validation = Validation::new(key.algorithm);
            validation.set_issuer(&[self.config.issuer.as_str()]);
            validation.set_audience(&[&self.config.audience]);
            validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
            (validation.validate_exp, validation.validate_nbf) = (false, false);
            jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation).ok()
        });
        self.read(&claims?.claims)
    }

    /// Who claims speak of; `None` when they are not for this server, do not hold now or say too little.
    fn read(&self, claims: &Claims) -> Option<KnownCaller> {
        if claims.get("iss")?.as_str()? != self.config.issuer.as_str()
            || !is_for(claims.get("aud")?, &self.config.audience)
        {
            return None;
        }
        let expires = self.end(claims)?;
        let account: AccountId = claims
            .get(&self.config.account_claim)?
            .as_str()?
            .parse()
            .ok()?;
        let subject = claims.get("sub")?.as_str()?;
        let scopes = claims.get(&self.config.scope_claim);
        Some(KnownCaller {
            actor: Actor {
                account,
                key: self.identity(subject),
                scopes: Scopes::from_names(&names(scopes)),
                is_operator: false,
            },
            rate_limit: None,
            credential: Credential::Identity,
            key_expires_at: None,
            expires_at: Some(Timestamp::from_micros(expires.saturating_mul(1_000_000))),
        })
    }

    /// The second at which claims end that hold now. An end that is no provider's is a mistake, and would never come.
    fn end(&self, claims: &Claims) -> Option<i64> {
        let now = self.store.now();
        let expires = seconds(claims.get("exp")?)?;
        let not_before = match claims.get("nbf") {
            Some(begin) => Some(seconds(begin)?),
            None => None,
        };
        let latest = now.as_micros().div_euclid(1_000_000) + MAX_IDENTITY_TOKEN_SECONDS;
        (is_current(not_before, expires, now) && expires <= latest).then_some(expires)
    }

    /// What stands in place of an API key's id: one for each person, and of another form than any key's.
    fn identity(&self, subject: &str) -> String {
        let mut digest = Sha256::new();
        digest.update(self.config.issuer.as_str());
        digest.update([0_u8]);
        digest.update(subject);
        let digest: [u8; 32] = digest.finalize().into();
        let digits = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
        format!("oidc_{}", digits.collect::<String>())
    }
}

/// What a token says, whoever wrote it.
fn unverified(token: &str) -> Option<Claims> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&claims).ok()
}

/// Whether a token of this type (RFC 7515, section 4.1.9) stands for a caller: other types, such as log-out tokens (RFC 8725,
/// section 3.11), may be signed by the same keys for the same audience.
fn is_access_token(kind: Option<&str>) -> bool {
    let kind = kind.map(str::to_ascii_lowercase);
    let kind = kind.as_deref();
    let kind = kind.map(|kind| kind.strip_prefix("application/").unwrap_or(kind));
    matches!(kind, None | Some("jwt" | "at+jwt"))
}

/// Whether the claim `aud`, a text or a list of them, names this audience.
fn is_for(claim: &Value, audience: &str) -> bool {
    match claim {
        Value::String(one) => one == audience,
        Value::Array(all) => all.iter().any(|one| one == audience),
        _ => false,
    }
}

/// Whole seconds of a NumericDate (RFC 7519, section 2), which may have a fraction.
fn seconds(date: &Value) -> Option<i64> {
    let seconds = date.as_i64().or_else(|| {
        let fraction = date.as_f64()?;
        // Beyond these bounds the cast would not keep the number.
        (fraction.abs() < 1e15).then_some(fraction as i64)
    })?;
    Some(seconds)
}

/// The names in a claim of scopes. What is no name of ours, `openid` say, allows nothing.
fn names(claim: Option<&Value>) -> Vec<&str> {
    match claim {
        Some(Value::String(text)) => text.split(' ').collect(),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tokens_for_access_stand_for_a_caller() {
        for fine in [
            None,
            Some("JWT"),
            Some("jwt"),
            Some("at+JWT"),
            Some("application/at+jwt"),
        ] {
            assert!(is_access_token(fine), "{fine:?}");
        }
        for other in ["", "logout+jwt", "secevent+jwt", "application/jose"] {
            assert!(!is_access_token(Some(other)), "{other}");
        }
    }
}
