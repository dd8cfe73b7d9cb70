//! Skills of instructions alone, made of a SKILL.md that nobody signed. They hold no code and are for the account itself: what
//! others can install is signed.

use std::collections::BTreeMap;

use skillgate_skill::{MANIFEST, Manifest, Package, PackageError};
use skillgate_store::{Published, VersionNumber};
use tokio::task::spawn_blocking;

use crate::service::publish::{check_name, check_quota, new_version};
use crate::{ApiError, App};

/// The most bytes of a SKILL.md that is sent by itself.
pub const MAX_SKILL_MD: usize = 256 << 10;

/// Publishes a SKILL.md. The same content is the same version; other content is a new one: that which the file names, or the
/// latest with its patch number raised. Where `name` is given, the file must be of the skill of this name.
///
/// # Errors
/// 400 saying what is wrong with the file; 403 `limit_reached`; 409 when the version that it names is there with other
/// contents, or the skill is published in signed packages.
pub async fn publish(
    app: &App,
    account: &str,
    by: &str,
    text: String,
    name: Option<&str>,
) -> Result<Published, ApiError> {
    let (package, bytes) = packed(text).await?;
    check_name(name, &package.manifest.name)?;
    let digest = package.digest().to_string();
    if !is_published(app, account, &package, &digest).await? {
        check_quota(app, account, bytes.len()).await?;
    }
    let version = package.manifest.version.clone();
    let version = version.map_or(VersionNumber::Next, VersionNumber::Named);
    let mut new = new_version(package, version, digest, serde_json::json!([]), by)?;
    new.package = bytes;
    Ok(app.store().publish_version(account, new).await?)
}

/// Tells whether the version that the file names, or the latest, has these contents: publishing it again takes no room.
async fn is_published(
    app: &App,
    account: &str,
    package: &Package,
    digest: &str,
) -> Result<bool, ApiError> {
    let Manifest { name, version, .. } = &package.manifest;
    let found = app
        .store()
        .get_version_head(account, name, version.as_deref())
        .await?;
    Ok(found.is_some_and(|(skill, head)| skill.account_id == account && head.digest == digest))
}

/// A SKILL.md as a package, and its bytes. What others wrote is read, too.
async fn packed(text: String) -> Result<(Package, Vec<u8>), ApiError> {
    let pack = move || -> Result<_, PackageError> {
        let files = BTreeMap::from([(MANIFEST.to_owned(), text.into_bytes())]);
        let package = Package::from_files_lenient(files)?;
        let bytes = package.write()?;
        Ok((package, bytes))
    };
    Ok(spawn_blocking(pack).await.map_err(ApiError::internal)??)
}
