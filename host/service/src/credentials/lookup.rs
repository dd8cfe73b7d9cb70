//! Finds the caller that a credential belongs to.

use std::sync::Arc;

use jsonwebtoken::Header;
use skillgate_store::{Store, Timestamp};

use super::{Credential, Glance, IdentityProvider, KnownCaller, TokenKeys};
use crate::ServiceError;
use crate::config::MAX_TOKEN_BYTES;

/// What API keys begin with.
const API_KEY: &str = "ak_live_";
/// What sessions of the console begin with.
const SESSION: &str = "sgs_";

/// All that credentials are checked against.
pub(crate) struct CredentialLookup {
    store: Store,
    token_keys: Arc<TokenKeys>,
    identity_provider: Option<IdentityProvider>,
}

impl CredentialLookup {
    pub(crate) fn new(
        store: Store,
        token_keys: Arc<TokenKeys>,
        identity_provider: Option<IdentityProvider>,
    ) -> Self {
        Self {
            store,
            token_keys,
            identity_provider,
        }
    }

    /// The caller with this credential; `None` when it is malformed or not valid.
    pub(super) async fn find(&self, text: &str) -> Result<Option<KnownCaller>, ServiceError> {
        if text.starts_with(API_KEY) {
            let key = self.store.find_api_key(text).await?;
            return key.map(KnownCaller::of_key).transpose();
        }
        if text.starts_with(SESSION) {
            return self.session(text).await;
        }
        self.token(text).await
    }

    /// What can be said of a credential without a query. Costs at most the check of a signature or two.
    pub(super) fn glance(&self, text: &str) -> Glance {
        if text.starts_with(API_KEY) || text.starts_with(SESSION) {
            return Glance::Unknown;
        }
        let Some(header) = head_of(text) else {
            return Glance::Refused;
        };
        if self.token_keys.signed(&header) {
            return match self.token_keys.verify(text, self.store.now()) {
                Some(_) => Glance::Vouched,
                None => Glance::Refused,
            };
        }
        match &self.identity_provider {
            Some(provider) => provider.glance(text, &header),
            None => Glance::Refused,
        }
    }

    /// Does what is to be done from time to time.
    pub(super) fn tidy(&self) {
        if let Some(provider) = &self.identity_provider {
            provider.refresh_keys_early();
        }
    }

    async fn session(&self, text: &str) -> Result<Option<KnownCaller>, ServiceError> {
        let Some(session) = self.store.find_console_session(text).await? else {
            return Ok(None);
        };
        let csrf = self.store.csrf_token(text);
        let caller = KnownCaller::of_key(session.key)?;
        let digest = self.store.console_session_digest(text);
        let credential = Credential::Session { csrf, digest };
        Ok(Some(caller.with(credential, session.session_expires_at)))
    }

    async fn token(&self, text: &str) -> Result<Option<KnownCaller>, ServiceError> {
        // The signature is checked with the key that the head names; nothing else of the head is believed.
        let Some(header) = head_of(text) else {
            return Ok(None);
        };
        if self.token_keys.signed(&header) {
            return self.own_token(text).await;
        }
        match &self.identity_provider {
            Some(provider) => provider.caller(text, &header).await,
            None => Ok(None),
        }
    }

    /// A token of ours holds as long as the API key, or the session, that it was issued for, and never more than that.
    async fn own_token(&self, text: &str) -> Result<Option<KnownCaller>, ServiceError> {
        let Some(claims) = self.token_keys.verify(text, self.store.now()) else {
            return Ok(None);
        };
        let key = match &claims.sid {
            None => self.store.find_valid_api_key(&claims.sub).await?,
            Some(session) => {
                let session = self.store.find_console_session_by_digest(session).await?;
                session.map(|session| session.key)
            }
        };
        let Some(key) = key.filter(|key| key.id == claims.sub) else {
            return Ok(None);
        };
        let mut caller = KnownCaller::of_key(key)?;
        let names: Vec<&str> = claims.scope.split(' ').collect();
        caller.actor.scopes = caller.actor.scopes.narrowed_to(&names);
        // No scope says it, so that no token can be asked for with it or without it.
        caller.actor.is_operator = false;
        let expires_at = Timestamp::from_micros(claims.exp.saturating_mul(1_000_000));
        let session = claims.sid;
        Ok(Some(caller.with(Credential::Token { session }, expires_at)))
    }
}

/// The head of what has the form of a token.
fn head_of(text: &str) -> Option<Header> {
    if text.len() > MAX_TOKEN_BYTES || text.split('.').count() != 3 {
        return None;
    }
    jsonwebtoken::decode_header(text).ok()
}
