//! Tokens of the operator's own identity provider (OpenID Connect).

use std::str::FromStr;

use jsonwebtoken::{Header, Validation};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use skillgate_agent::HttpClient;
use skillgate_store::{Store, Timestamp};
use url::{Host, Url};

use super::identity_keys::IdentityKeys;
use super::token_keys::is_current;
use super::{Credential, KnownCaller};
use crate::{AccountId, Actor, Scopes, ServiceError};

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

/// The address of an issuer: https, or http on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerUrl(String);

impl IssuerUrl {
    /// The address as it was written: tokens have to name it letter by letter.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IssuerUrl {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self, ServiceError> {
        let url = Url::parse(text).ok();
        match url {
            Some(url) if is_trusted(&url) && url.query().is_none() && url.fragment().is_none() => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(ServiceError::invalid(
                "The issuer must be an https:// address without a query, such as https://login.example.com; http:// only on this machine.",
            )),
        }
    }
}

/// Whether what is fetched from there can be believed: it cannot be changed on the way.
pub(super) fn is_trusted(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        },
        _ => false,
    }
}

/// Accepts the tokens of one provider.
pub(crate) struct IdentityProvider {
    config: IdentityProviderConfig,
    keys: IdentityKeys,
}

impl IdentityProvider {
    pub(crate) fn new(config: IdentityProviderConfig, http: HttpClient) -> Self {
        Self {
            keys: IdentityKeys::new(config.issuer.as_str(), http),
            config,
        }
    }

    /// The caller with this token; `None` when the token does not hold or names no account that there is.
    ///
    /// # Errors
    /// `Unavailable` when the provider's keys are not known and cannot be fetched.
    pub(super) async fn caller(
        &self,
        store: &Store,
        token: &str,
        header: &Header,
    ) -> Result<Option<KnownCaller>, ServiceError> {
        let now = store.now();
        let key = self
            .keys
            .find(header.kid.as_deref(), header.alg, now)
            .await?;
        let Some(key) = key else {
            return Ok(None);
        };
        let mut validation = Validation::new(key.algorithm);
        validation.set_issuer(&[self.config.issuer.as_str()]);
        validation.set_audience(&[&self.config.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        let decoded = jsonwebtoken::decode::<Map<String, Value>>(token, &key.decoding, &validation);
        let Ok(decoded) = decoded else {
            return Ok(None);
        };
        let Some(caller) = self.read(&decoded.claims, now) else {
            return Ok(None);
        };
        let account = store.get_account(&caller.actor.account).await?;
        Ok(account.map(|_| caller))
    }

    /// Who a token that was signed speaks of; `None` when it does not hold now or says too little.
    fn read(&self, claims: &Map<String, Value>, now: Timestamp) -> Option<KnownCaller> {
        let expires = seconds(claims.get("exp")?)?;
        let not_before = match claims.get("nbf") {
            Some(begin) => Some(seconds(begin)?),
            None => None,
        };
        if !is_current(not_before, expires, now) {
            return None;
        }
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
            expires_at: Some(Timestamp::from_micros(expires.saturating_mul(1_000_000))),
        })
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
    fn an_issuer_is_reached_safely_or_not_at_all() {
        for fine in [
            "https://login.example.com",
            "https://login.example.com/realms/a/",
            "http://127.0.0.1:9000",
            "http://[::1]:9000",
            "http://localhost",
        ] {
            assert_eq!(fine.parse::<IssuerUrl>().unwrap().as_str(), fine);
        }
        for wrong in [
            "",
            "login.example.com",
            "http://login.example.com",
            "http://10.0.0.1",
            "ftp://login.example.com",
            "https://login.example.com/?a=b",
        ] {
            let error = wrong.parse::<IssuerUrl>().unwrap_err().to_string();
            assert!(error.contains("https://"), "{wrong}: {error}");
        }
    }
}
