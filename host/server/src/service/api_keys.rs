//! API keys: made, listed, revoked.

use skillgate_store::{ApiKey, IssuedKey, NewApiKey, Timestamp};

use crate::scope::Scope;
use crate::service::validate;
use crate::{ApiError, App};

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

/// Makes a key; its text is in the answer and nowhere else.
///
/// # Errors
/// 400 for an unknown scope, none at all, a rate limit above the operator's ceiling, or an expiry that is no time to
/// come; 403 `limit_reached` when the account has as many valid keys as it may have.
pub async fn create(app: &App, account: &str, create: CreateApiKey) -> Result<IssuedKey, ApiError> {
    let label = validate::required("label", &create.label, 100)?;
    let new = NewApiKey {
        label,
        scopes: scopes(create.scopes)?,
        rate_limit: rate_limit(app, create.rate_limit)?,
        expires_at: create
            .expires_at
            .map(|at| expiry(&at, app.now()))
            .transpose()?,
    };
    let limits = &app.limits().accounts;
    app.store()
        .delete_ended_api_keys(account, limits.ended_api_keys)
        .await?;
    if app.store().count_api_keys(account).await? >= limits.api_keys {
        return Err(ApiError::limit_reached(&format!(
            "This account has {} valid API keys, the most it may have. Revoke one first.",
            limits.api_keys
        )));
    }
    app.store()
        .create_api_key(account, new)
        .await?
        .ok_or_else(|| ApiError::not_found("account"))
}

/// A rate limit that an account may give its own key. None at all, and more than the operator's ceiling, are the
/// operator's to give, on the command line.
fn rate_limit(app: &App, given: Option<u32>) -> Result<Option<i64>, ApiError> {
    let ceiling = app.max_rate_limit();
    match given {
        None => Ok(None),
        Some(limit) if (1..=ceiling).contains(&limit) => Ok(Some(i64::from(limit))),
        Some(_) => Err(ApiError::validation(format!(
            "rateLimit: must be 1 to {ceiling} requests a minute. The operator of this server can make a key with more, on the command line."
        ))),
    }
}

/// All keys of an account, newest first, revoked ones too.
pub async fn list(app: &App, account: &str) -> Result<Vec<ApiKey>, ApiError> {
    Ok(app.store().list_api_keys(account).await?)
}

/// Revokes a key: refused at once here, and within a second by every other process.
pub async fn revoke(app: &App, account: &str, id: &str) -> Result<(), ApiError> {
    let revoked = validate::is_id(id) && app.store().revoke_api_key(account, id).await?;
    app.keys().invalidate_all();
    if revoked {
        Ok(())
    } else {
        Err(ApiError::not_found("api_key"))
    }
}

/// Checks scopes by name.
///
/// # Errors
/// 400 when there is none, or one that there is not.
pub fn scopes(given: Vec<String>) -> Result<Vec<String>, ApiError> {
    let known = || Scope::ALL.map(Scope::name).join(", ");
    if given.is_empty() {
        return Err(ApiError::validation(format!(
            "scopes: name at least one of {}.",
            known()
        )));
    }
    if let Some(unknown) = given.iter().find(|name| Scope::parse(name).is_none()) {
        let shown: String = unknown.chars().take(64).collect();
        return Err(ApiError::validation(format!(
            "scopes: {shown:?} is none. Use {}.",
            known()
        )));
    }
    let mut scopes = given;
    scopes.sort();
    scopes.dedup();
    Ok(scopes)
}

fn expiry(given: &str, now: Timestamp) -> Result<Timestamp, ApiError> {
    let at: Timestamp = given
        .parse()
        .map_err(|error| ApiError::validation(format!("expiresAt: {error}.")))?;
    if at > now {
        Ok(at)
    } else {
        Err(ApiError::validation("expiresAt: must be in the future."))
    }
}
