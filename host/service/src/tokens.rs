//! Access tokens: issued for an API key, narrower than it, and dead with it.

use std::sync::Arc;

use skillgate_store::{SecretText, Store, Timestamp};

use crate::api_keys::parse_scopes;
use crate::config::{DEFAULT_TOKEN_SECONDS, MAX_TOKEN_SECONDS};
use crate::credentials::{Claims, Credential, KnownCaller, TokenKeys};
use crate::{Scope, Scopes, ServiceError};

/// What a token is wanted for.
#[derive(Debug, Default)]
pub struct IssueToken {
    /// What it may do; all that the caller may do when absent.
    pub scopes: Option<Vec<String>>,
    /// Seconds that it holds, at most [`MAX_TOKEN_SECONDS`]; [`DEFAULT_TOKEN_SECONDS`] when absent.
    pub ttl: Option<u32>,
}

/// A token just issued: the only time that its text is there.
#[derive(Debug)]
pub struct IssuedToken {
    /// The JWT.
    pub token: SecretText,
    /// When it ends, if its API key does not end sooner.
    pub expires_at: Timestamp,
    /// What it may do.
    pub scopes: Vec<String>,
}

/// The public key that tokens are verified with.
#[derive(Debug)]
pub struct TokenKey<'a> {
    /// Its id, which a token's head names.
    pub id: &'a str,
    /// Its 32 bytes, base64url without padding.
    pub x: &'a str,
}

/// Access tokens.
pub struct Tokens {
    store: Store,
    keys: Arc<TokenKeys>,
}

impl Tokens {
    pub(crate) fn new(store: Store, keys: Arc<TokenKeys>) -> Self {
        Self { store, keys }
    }

    /// Issues a token to a caller with an API key, a session of it or a token of it. It never holds more scopes than the
    /// caller, and never longer than the caller's own credential: with a session it ends at log-out, too.
    ///
    /// # Errors
    /// `Invalid` for a scope that there is not, no scope at all, or a time out of bounds; `Forbidden` for a scope that the caller
    /// does not hold, and where no API key is behind the caller.
    pub fn issue(
        &self,
        caller: &KnownCaller,
        issue: IssueToken,
    ) -> Result<IssuedToken, ServiceError> {
        if matches!(caller.credential, Credential::Identity) {
            return Err(ServiceError::forbidden(
                "Access tokens are issued for API keys. Ask your identity provider for another of its tokens.",
            ));
        }
        let scopes = narrowed(caller.actor.scopes, issue.scopes)?;
        let now = self.store.now().as_micros().div_euclid(1_000_000);
        let end = now.saturating_add(seconds(issue.ttl)?);
        let own_end = caller
            .expires_at
            .map(|at| at.as_micros().div_euclid(1_000_000));
        let end = own_end.map_or(end, |own| own.min(end));
        let claims = Claims {
            iss: self.keys.issuer().to_owned(),
            aud: self.keys.issuer().to_owned(),
            sub: caller.actor.key.clone(),
            sid: session_of(caller),
            scope: scopes.join(" "),
            iat: now,
            nbf: now,
            exp: end,
            jti: format!("{:032x}", rand::random::<u128>()),
        };
        Ok(IssuedToken {
            token: self.keys.sign(&claims)?,
            expires_at: Timestamp::from_micros(end.saturating_mul(1_000_000)),
            scopes,
        })
    }

    /// The public key, for those who verify tokens themselves.
    pub fn public_key(&self) -> TokenKey<'_> {
        TokenKey {
            id: self.keys.id(),
            x: self.keys.public(),
        }
    }
}

/// The session with which the caller's tokens end.
fn session_of(caller: &KnownCaller) -> Option<String> {
    match &caller.credential {
        Credential::Session { digest, .. } => Some(digest.clone()),
        Credential::Token { session } => session.clone(),
        Credential::ApiKey | Credential::Identity => None,
    }
}

/// The scopes that were asked for, all of which the caller must hold.
fn narrowed(held: Scopes, asked: Option<Vec<String>>) -> Result<Vec<String>, ServiceError> {
    let Some(asked) = asked else {
        return Ok(held.names().map(str::to_owned).collect());
    };
    let asked = parse_scopes(asked)?;
    let mut known = asked.iter().filter_map(|name| Scope::parse(name));
    if let Some(scope) = known.find(|scope| !held.holds(*scope)) {
        return Err(ServiceError::forbidden(format!(
            "The caller lacks the scope `{scope}`, so that its token cannot hold it. Leave it out, or use a key that holds it."
        )));
    }
    Ok(asked)
}

fn seconds(ttl: Option<u32>) -> Result<i64, ServiceError> {
    match ttl.unwrap_or(DEFAULT_TOKEN_SECONDS) {
        seconds @ 1..=MAX_TOKEN_SECONDS => Ok(i64::from(seconds)),
        _ => Err(ServiceError::invalid(format!(
            "ttl: must be 1 to {MAX_TOKEN_SECONDS} seconds."
        ))),
    }
}
