//! API keys: made, listed, revoked.

use skillgate_store::{ApiKey, IssuedKey, NewApiKey, Timestamp};

use crate::scope::Scope;
use crate::service::text;
use crate::{ApiError, App};

/// What a key is made of.
#[derive(Debug, Default)]
pub struct Draft {
    /// What its owner calls it: 1 to 100 characters.
    pub label: String,
    /// What it may do; at least one.
    pub scopes: Vec<String>,
    /// Requests a minute; the operator's figure when absent, 0 is no limit.
    pub rate_limit: Option<u32>,
    /// ISO 8601, in the future.
    pub expires_at: Option<String>,
}

/// Makes a key; its text is in the answer and nowhere else.
///
/// # Errors
/// 400 for an unknown scope, none at all, or an expiry that is no time to come.
pub async fn create(app: &App, account: &str, draft: Draft) -> Result<IssuedKey, ApiError> {
    let label = text::required("label", &draft.label, 100)?;
    let new = NewApiKey {
        label,
        scopes: scopes(draft.scopes)?,
        rate_limit: draft.rate_limit.map(i64::from),
        expires_at: draft
            .expires_at
            .map(|at| expiry(&at, app.now()))
            .transpose()?,
    };
    app.store()
        .create_api_key(account, new)
        .await?
        .ok_or_else(|| ApiError::not_found("account"))
}

/// All keys of an account, newest first, revoked ones too.
pub async fn list(app: &App, account: &str) -> Result<Vec<ApiKey>, ApiError> {
    Ok(app.store().list_api_keys(account).await?)
}

/// Revokes a key: refused at once here, and within a second by every other process.
pub async fn revoke(app: &App, account: &str, id: &str) -> Result<(), ApiError> {
    let revoked = text::is_id(id) && app.store().revoke_api_key(account, id).await?;
    app.keys().forget();
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
