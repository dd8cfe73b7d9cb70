//! Publisher keys: who may sign for an account.

use skillgate_skill::{KeyProof, check_proof, key_id};
use skillgate_store::{NewPublisherKey, PublisherKey};

use crate::service::text;
use crate::{ApiError, App};

/// Registers a public key with an account, by a proof that the caller holds its private key. Registering a key again
/// changes nothing.
///
/// # Errors
/// 400 when the proof does not hold, 409 when the key was revoked or is another account's.
pub async fn add(
    app: &App,
    account: &str,
    proof: &KeyProof,
    label: &str,
) -> Result<PublisherKey, ApiError> {
    let key = check_proof(proof, account)?;
    let new = NewPublisherKey {
        key_id: key_id(&key).as_str().to_owned(),
        public_key: key.as_bytes().to_vec(),
        label: text::required("label", label, 100)?,
    };
    Ok(app.store().add_publisher_key(account, new).await?)
}

/// All keys of an account, newest first, revoked ones too.
pub async fn list(app: &App, account: &str) -> Result<Vec<PublisherKey>, ApiError> {
    Ok(app.store().list_publisher_keys(account).await?)
}

/// Revokes a key, named by its row or by its key id: nothing that it signed is accepted from now on. What was published
/// before goes on running.
pub async fn revoke(app: &App, account: &str, id: &str) -> Result<(), ApiError> {
    let revoked = text::is_id(id)
        && app
            .store()
            .revoke_publisher_key(account, id, app.now())
            .await?;
    if revoked {
        Ok(())
    } else {
        Err(ApiError::not_found("publisher_key"))
    }
}

/// The keys that may sign what this account publishes now.
pub(crate) async fn good(app: &App, account: &str) -> Result<Vec<PublisherKey>, ApiError> {
    let mut keys = list(app, account).await?;
    keys.retain(|key| key.revoked_at.is_none());
    Ok(keys)
}
