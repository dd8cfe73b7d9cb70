//! Finds the caller that a credential belongs to.

use std::sync::Arc;

use skillgate_store::{Store, Timestamp};

use super::{Credential, IdentityProvider, KnownCaller, TokenKeys};
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
        if text.len() > MAX_TOKEN_BYTES || text.split('.').count() != 3 {
            return Ok(None);
        }
        self.token(text).await
    }

    async fn session(&self, text: &str) -> Result<Option<KnownCaller>, ServiceError> {
        let Some(session) = self.store.find_console_session(text).await? else {
            return Ok(None);
        };
        let csrf = self.store.csrf_token(text);
        let caller = KnownCaller::of_key(session.key)?;
        let credential = Credential::Session { csrf };
        Ok(Some(caller.with(credential, session.session_expires_at)))
    }

    async fn token(&self, text: &str) -> Result<Option<KnownCaller>, ServiceError> {
        // The signature is checked with the key that the head names; nothing else of the head is believed.
        let Ok(header) = jsonwebtoken::decode_header(text) else {
            return Ok(None);
        };
        if self.token_keys.signed(&header) {
            return self.own_token(text).await;
        }
        match &self.identity_provider {
            Some(provider) => provider.caller(&self.store, text, &header).await,
            None => Ok(None),
        }
    }

    /// A token of ours holds as long as the API key that it was issued for, and never more than that.
    async fn own_token(&self, text: &str) -> Result<Option<KnownCaller>, ServiceError> {
        let Some(claims) = self.token_keys.verify(text, self.store.now()) else {
            return Ok(None);
        };
        let Some(key) = self.store.find_valid_api_key(&claims.sub).await? else {
            return Ok(None);
        };
        let mut caller = KnownCaller::of_key(key)?;
        let names: Vec<&str> = claims.scope.split(' ').collect();
        caller.actor.scopes = caller.actor.scopes.narrowed_to(&names);
        // No scope says it, so that no token can be asked for with it or without it.
        caller.actor.is_operator = false;
        let expires_at = Timestamp::from_micros(claims.exp.saturating_mul(1_000_000));
        Ok(Some(caller.with(Credential::Token, expires_at)))
    }
}
