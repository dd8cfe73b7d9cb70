//! Skills of instructions alone, made of a SKILL.md that nobody signed. They hold no code and are for the account itself: what
//! others can install is signed.

use std::collections::BTreeMap;

use skillgate_skill::{MANIFEST, Manifest, Package, PackageError};
use skillgate_store::{Published, VersionNumber};
use tokio::task::spawn_blocking;

use super::{Packages, check_name, new_version};
use crate::{Actor, ServiceError};

/// The most bytes of a SKILL.md that is sent by itself.
pub const MAX_SKILL_MD: usize = 256 << 10;

impl Packages {
    /// Publishes a SKILL.md. The same content is the same version; other content is a new one: that which the file names, or the
    /// latest with its patch number raised. Where `name` is given, the file must be of the skill of this name.
    ///
    /// # Errors
    /// `Invalid` saying what is wrong with the file; `LimitReached`; `Conflict` when the version that it names is there with other
    /// contents, or the skill is published in signed packages.
    pub async fn publish_instructions(
        &self,
        actor: &Actor,
        text: String,
        name: Option<&str>,
    ) -> Result<Published, ServiceError> {
        let account = &*actor.account;
        let (package, bytes) = packed(text).await?;
        check_name(name, &package.manifest.name)?;
        let digest = package.digest().to_string();
        if !self.is_published(account, &package, &digest).await? {
            self.check_quota(account, bytes.len() as u64).await?;
        }
        let version = package.manifest.version.clone();
        let version = version.map_or(VersionNumber::Next, VersionNumber::Named);
        let mut new = new_version(package, version, digest, serde_json::json!([]), &actor.key)?;
        new.package = bytes;
        Ok(self.store.publish_version(account, new).await?)
    }

    /// Tells whether the version that the file names, or the latest, has these contents: publishing it again takes no room.
    async fn is_published(
        &self,
        account: &str,
        package: &Package,
        digest: &str,
    ) -> Result<bool, ServiceError> {
        let Manifest { name, version, .. } = &package.manifest;
        let found = self
            .store
            .get_version_head(account, name, version.as_deref())
            .await?;
        Ok(found.is_some_and(|(skill, head)| skill.account_id == account && head.digest == digest))
    }
}

/// A SKILL.md as a package, and its bytes. What others wrote is read, too.
async fn packed(text: String) -> Result<(Package, Vec<u8>), ServiceError> {
    let pack = move || -> Result<_, PackageError> {
        let files = BTreeMap::from([(MANIFEST.to_owned(), text.into_bytes())]);
        let package = Package::from_files_lenient(files)?;
        let bytes = package.write()?;
        Ok((package, bytes))
    };
    Ok(spawn_blocking(pack)
        .await
        .map_err(ServiceError::internal)??)
}
