//! API keys: made, listed, revoked.

use std::sync::Arc;

use skillgate_store::{ApiKey, IssuedKey, NewApiKey, Store, Timestamp};

use crate::config::AccountLimits;
use crate::credentials::{CallerCache, Credential, KnownCaller};
use crate::scope::Scope;
use crate::{Actor, ApiKeyId, ServiceError, validate};

/// What a key is made of.
#[derive(Debug, Default)]
pub struct CreateApiKey {
    /// What its owner calls it: 1 to 100 characters.
    pub label: String,
    /// What it may do; at least one.
    pub scopes: Vec<String>,
    /// Requests a minute, at most the operator's ceiling; the operator's figure when absent.
    pub rate_limit: Option<u32>,
    /// ISO 8601, in the future.
    pub expires_at: Option<String>,
}

/// API keys.
pub struct ApiKeys {
    store: Store,
    callers: Arc<CallerCache>,
    limits: AccountLimits,
    default_rate_limit: u32,
}

impl ApiKeys {
    pub(crate) fn new(
        store: Store,
        callers: Arc<CallerCache>,
        limits: AccountLimits,
        default_rate_limit: u32,
    ) -> Self {
        Self {
            store,
            callers,
            limits,
            default_rate_limit,
        }
    }

    /// Requests a minute for keys that have no limit of their own; 0 is none.
    pub fn default_rate_limit(&self) -> u32 {
        self.default_rate_limit
    }

    /// The highest rate limit that an account may give its own key. Without a limit for keys that have none, there is
    /// nothing that a key of its own could get around.
    fn max_rate_limit(&self) -> u32 {
        self.limits
            .max_rate_limit
            .unwrap_or(match self.default_rate_limit {
                0 => u32::MAX,
                limit => limit.saturating_mul(10),
            })
    }

    /// Makes a key; its text is in the answer and nowhere else. It ends no later than the key of its maker.
    ///
    /// # Errors
    /// `Forbidden` with anything but an API key or a session of one: a key must not outlive what it was made with.
    /// `Invalid` for an unknown scope, none at all, a rate limit above the operator's ceiling, or an expiry that is no time to
    /// come; `LimitReached` when the account has as many valid keys as it may have.
    pub async fn create(
        &self,
        caller: &KnownCaller,
        create: CreateApiKey,
    ) -> Result<IssuedKey, ServiceError> {
        if matches!(
            caller.credential,
            Credential::Token { .. } | Credential::Identity
        ) {
            return Err(ServiceError::forbidden(
                "Make API keys with an API key or a session of the console: tokens make none.",
            ));
        }
        let actor = &caller.actor;
        let label = validate::required("label", &create.label, 100)?;
        let new = NewApiKey {
            label,
            scopes: parse_scopes(create.scopes)?,
            is_operator: false,
            rate_limit: self.checked_rate_limit(create.rate_limit)?,
            expires_at: self.end(create.expires_at, caller.key_expires_at)?,
        };
        let limits = &self.limits;
        self.store
            .delete_ended_api_keys(&actor.account, limits.ended_api_keys)
            .await?;
        if self.store.count_api_keys(&actor.account).await? >= limits.api_keys {
            return Err(ServiceError::limit_reached(format!(
                "This account has {} valid API keys, the most it may have. Revoke one first.",
                limits.api_keys
            )));
        }
        let issued = self
            .store
            .create_api_key(&actor.account, new)
            .await?
            .ok_or_else(|| ServiceError::not_found("account"))?;
        self.callers.note_issued(&issued.plaintext).await;
        Ok(issued)
    }

    /// The sooner of the end that is asked for and the end of the key that the new one is made with.
    fn end(
        &self,
        asked: Option<String>,
        own: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, ServiceError> {
        let asked = asked.map(|at| expiry(&at, self.store.now())).transpose()?;
        Ok(asked.into_iter().chain(own).min())
    }

    /// A rate limit that an account may give its own key. None at all, and more than the operator's ceiling, are the
    /// operator's to give, on the command line.
    fn checked_rate_limit(&self, given: Option<u32>) -> Result<Option<i64>, ServiceError> {
        let ceiling = self.max_rate_limit();
        match given {
            None => Ok(None),
            Some(limit) if (1..=ceiling).contains(&limit) => Ok(Some(i64::from(limit))),
            Some(_) => Err(ServiceError::invalid(format!(
                "rateLimit: must be 1 to {ceiling} requests a minute. The operator of this server can make a key with more, on the command line."
            ))),
        }
    }

    /// All keys of an account, newest first, revoked ones too.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<ApiKey>, ServiceError> {
        Ok(self.store.list_api_keys(&actor.account).await?)
    }

    /// Revokes a key, and with it its tokens and sessions: refused at once here, and within a second by every other process.
    pub async fn revoke(&self, actor: &Actor, id: &ApiKeyId) -> Result<(), ServiceError> {
        let revoked = self.store.revoke_api_key(&actor.account, id).await?;
        if revoked {
            Ok(())
        } else {
            Err(ServiceError::not_found("api_key"))
        }
    }
}

/// Checks scopes by name.
///
/// # Errors
/// `Invalid` when there is none, or one that there is not.
pub fn parse_scopes(given: Vec<String>) -> Result<Vec<String>, ServiceError> {
    let known = || Scope::ALL.map(Scope::name).join(", ");
    if given.is_empty() {
        return Err(ServiceError::invalid(format!(
            "scopes: name at least one of {}.",
            known()
        )));
    }
    if let Some(unknown) = given.iter().find(|name| Scope::parse(name).is_none()) {
        let shown: String = unknown.chars().take(64).collect();
        return Err(ServiceError::invalid(format!(
            "scopes: {shown:?} is none. Use {}.",
            known()
        )));
    }
    let mut scopes = given;
    scopes.sort();
    scopes.dedup();
    Ok(scopes)
}

fn expiry(given: &str, now: Timestamp) -> Result<Timestamp, ServiceError> {
    let at: Timestamp = given
        .parse()
        .map_err(|error| ServiceError::invalid(format!("expiresAt: {error}.")))?;
    if at > now {
        Ok(at)
    } else {
        Err(ServiceError::invalid("expiresAt: must be in the future."))
    }
}
