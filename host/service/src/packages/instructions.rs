//! Skills of instructions alone, made of a SKILL.md that nobody signed. They hold no code and are for the account itself: what
//! others can install is signed.

use std::collections::BTreeMap;

use skillgate_skill::{MANIFEST, Package, PackageError};
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
        let version = package.manifest.version.clone();
        let version = version.map_or(VersionNumber::Next, VersionNumber::Named);
        let mut new = new_version(package, version, digest, serde_json::json!([]), &actor.key);
        new.package = bytes;
        new.most = self.quota();
        Ok(self.store.publish_version(account, new).await?)
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
