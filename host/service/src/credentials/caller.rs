//! What requests need to know of their caller.

use skillgate_store::{ApiKey, SecretText, Timestamp};
use subtle::ConstantTimeEq;

use crate::{Actor, Scopes, ServiceError};

/// A caller with a valid credential.
#[derive(Debug, Clone)]
pub struct KnownCaller {
    /// Its account, the id that its requests are counted under, and what it may do.
    pub actor: Actor,
    /// Requests a minute; `None` is the operator's figure, 0 is no limit.
    pub rate_limit: Option<u32>,
    /// What it presented.
    pub credential: Credential,
    /// When the API key behind it ends by itself.
    pub key_expires_at: Option<Timestamp>,
    /// When the credential ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// The kinds of credentials.
#[derive(Debug, Clone)]
pub enum Credential {
    /// An API key.
    ApiKey,
    /// An access token that was issued for an API key.
    Token {
        /// The session that it was issued to, by its digest: it ends with it.
        session: Option<String>,
    },
    /// A session of the console, with the text that calls that write have to carry.
    Session {
        /// Goes into the header `X-CSRF-Token`.
        csrf: SecretText,
        /// Its digest, which tells it from others and opens nothing.
        digest: String,
    },
    /// A token of the operator's identity provider.
    Identity,
}

impl KnownCaller {
    /// The caller with an API key.
    pub(super) fn of_key(key: ApiKey) -> Result<Self, ServiceError> {
        Ok(Self {
            rate_limit: key
                .rate_limit
                .map(|limit| u32::try_from(limit.max(0)).unwrap_or(u32::MAX)),
            actor: Actor {
                account: key.account_id.parse()?,
                key: key.id,
                scopes: Scopes::from_names(&key.scopes),
                is_operator: key.is_operator,
            },
            credential: Credential::ApiKey,
            key_expires_at: key.expires_at,
            expires_at: key.expires_at,
        })
    }

    /// The same caller with another credential, which ends at `expires_at` or with the key.
    pub(super) fn with(mut self, credential: Credential, expires_at: Timestamp) -> Self {
        let sooner = self.expires_at.map_or(expires_at, |at| at.min(expires_at));
        self.credential = credential;
        self.expires_at = Some(sooner);
        self
    }

    /// Whether a call that writes may come from this caller. A browser sends a cookie by itself, wherever the call comes
    /// from: only a page of the console knows the text that has to come with it.
    pub fn may_write_with(&self, csrf_header: Option<&str>) -> bool {
        match &self.credential {
            Credential::Session { csrf, .. } => {
                let given = csrf_header.unwrap_or_default();
                csrf.expose().as_bytes().ct_eq(given.as_bytes()).into()
            }
            _ => true,
        }
    }
}
