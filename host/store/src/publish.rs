//! Publishing: a verified package becomes a version that never changes.

mod decide;
mod signature;
mod write;

use serde_json::Value;
use skillgate_skill::Permissions;

use self::decide::{decide, refuse_beyond};
use self::write::{describe_skill, insert_version, lock_skill};
use crate::db::Tx;
use crate::skill::SkillKind;
use crate::version::{TrustLevel, Version};
use crate::version_number::{VersionNumber, parse_version};
use crate::{Conflict, Skill, Store, StoreError};

/// A version to be published; the caller has verified the package.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// The skill's slug.
    pub name: String,
    /// Shown to people.
    pub title: String,
    /// What it does.
    pub description: String,
    /// What it is made of.
    pub kind: SkillKind,
    /// Who wrote it, as the manifest says.
    pub author: Option<String>,
    /// As the manifest says.
    pub category: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Its number.
    pub version: VersionNumber,
    /// SHA-256 of the package's contents, hexadecimal.
    pub digest: String,
    /// The package as it was uploaded.
    pub package: Vec<u8>,
    /// The manifest.
    pub manifest: Value,
    /// Its tools, with their schemas.
    pub tools: Value,
    /// The permissions that it asks for.
    pub permissions: Permissions,
    /// Key id of who signed it. Without one it is refused for a skill that has a signed version.
    pub publisher_key_id: Option<String>,
    /// Who vouches for it.
    pub trust_level: TrustLevel,
    /// The API key that publishes it.
    pub published_by: String,
    /// What the account may have published afterwards.
    pub most: PackageLimits,
}

/// The most that one account may publish.
#[derive(Clone, Copy, Debug)]
pub struct PackageLimits {
    /// How many versions.
    pub versions: i64,
    /// How many bytes their packages have together.
    pub bytes: i64,
}

/// No limit.
impl Default for PackageLimits {
    fn default() -> Self {
        Self {
            versions: i64::MAX,
            bytes: i64::MAX,
        }
    }
}

/// What publishing came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The skill as it is now.
    pub skill: Skill,
    /// The version.
    pub version: Version,
    /// Whether it is new; publishing the same again changes nothing.
    pub is_new: bool,
}

impl Store {
    /// Publishes a version, making the skill with its first one, all in one transaction. Whether its contents are published
    /// already, which number it gets, and whether the account has room for it is decided within that transaction.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when this version is there with other contents, or when it is unsigned and another of the
    /// skill is signed; [`StoreError::LimitReached`] when the account may not have one more; [`StoreError::Invalid`] when
    /// the version is no semantic version.
    pub async fn publish_version(
        &self,
        account: &str,
        new: NewVersion,
    ) -> Result<Published, StoreError> {
        parse_version(new.version.first())?;
        let _turn = self.turn_to_write(new.package.len()).await?;
        let mut tx = self.begin().await?;
        let (number, is_new) = self.publish_in(&mut tx, account, &new).await?;
        tx.commit().await?;
        drop(new.package);
        let published = self.get_version(account, &new.name, Some(&number)).await?;
        let (skill, version) = published.ok_or(Conflict::Changed("skill"))?;
        Ok(Published {
            skill,
            version,
            is_new,
        })
    }

    /// Publishes within a transaction: the version's number, and whether it is new.
    async fn publish_in(
        &self,
        tx: &mut Tx,
        account: &str,
        new: &NewVersion,
    ) -> Result<(String, bool), StoreError> {
        // Before the skill: those who publish for one account count one after the other.
        tx.hold_account(account).await?;
        let skill = lock_skill(self, tx, account, new).await?;
        let (number, is_new) = decide(tx, &skill, new).await?;
        if is_new {
            refuse_beyond(tx, account, new).await?;
            insert_version(self, tx, &skill.id, &number, new).await?;
            if skill.precedes(&number)? {
                describe_skill(self, tx, &skill.id, &number, new).await?;
            }
        }
        Ok((number, is_new))
    }
}
