//! Decides, in a skill that is locked, what becomes of a version that is to be published.

use super::write::LockedSkill;
use super::{NewVersion, PackageLimits};
use crate::db::{Tx, args};
use crate::error::{Limit, Limited};
use crate::version::{PACKAGE_USAGE, PackageUsage};
use crate::version_number::{FIRST_VERSION, VersionNumber, next_patch_version, parse_version};
use crate::{Conflict, Store, StoreError};

/// The version's number, and whether it is new: the same contents under the same number are published once.
pub(super) async fn decide(
    tx: &mut Tx,
    skill: &LockedSkill,
    new: &NewVersion,
) -> Result<(String, bool), StoreError> {
    if new.publisher_key_id.is_none() {
        refuse_beside_signed(tx, skill, &new.name).await?;
    }
    let number = number_of(tx, skill, new).await?;
    match find_digest(tx, &skill.id, &number).await? {
        None => Ok((number, true)),
        Some(same) if same == new.digest => Ok((number, false)),
        Some(_) => Err(Conflict::OtherContents {
            skill: new.name.clone(),
            version: number,
        }
        .into()),
    }
}

/// Refuses an unsigned version of a skill that has a signed one: its users may rely on the signature.
async fn refuse_beside_signed(
    tx: &mut Tx,
    skill: &LockedSkill,
    name: &str,
) -> Result<(), StoreError> {
    let signed: Option<(String,)> = tx
        .optional(
            "SELECT id FROM skill_version WHERE skill_id = $1 AND publisher_key_id IS NOT NULL LIMIT 1",
            args![&skill.id],
        )
        .await?;
    match signed {
        None => Ok(()),
        Some(_) => Err(Conflict::UnsignedBesideSigned(name.to_owned()).into()),
    }
}

/// The semantic version that the new version gets.
async fn number_of(
    tx: &mut Tx,
    skill: &LockedSkill,
    new: &NewVersion,
) -> Result<String, StoreError> {
    if let VersionNumber::Named(version) = &new.version {
        return Ok(version.clone());
    }
    let Some(latest) = &skill.latest_version else {
        return Ok(FIRST_VERSION.to_owned());
    };
    match find_digest(tx, &skill.id, latest).await? {
        Some(digest) if digest != new.digest => next_patch_version(latest),
        _ => Ok(latest.clone()),
    }
}

/// The digest of a version's contents, where there is such a version.
async fn find_digest(
    tx: &mut Tx,
    skill: &str,
    version: &str,
) -> Result<Option<String>, StoreError> {
    let found: Option<(String,)> = tx
        .optional(
            "SELECT digest FROM skill_version WHERE skill_id = $1 AND version = $2",
            args![skill, version],
        )
        .await?;
    Ok(found.map(|(digest,)| digest))
}

/// Refuses one more version than the account may have, or more bytes. Those who publish for the account at the same time
/// wait for each other, because they [hold](Tx::hold_account) it.
pub(super) async fn refuse_beyond(
    tx: &mut Tx,
    account: &str,
    new: &NewVersion,
) -> Result<(), StoreError> {
    let used: Option<PackageUsage> = tx.optional(PACKAGE_USAGE, args![account]).await?;
    refuse_one_more(used, new.package.len() as i64, new.most)
}

fn refuse_one_more(
    used: Option<PackageUsage>,
    size: i64,
    most: PackageLimits,
) -> Result<(), StoreError> {
    let (versions, bytes) = used.map_or((0, 0), |used| (used.versions, used.bytes));
    Limit::check(Limited::Versions, versions + 1, most.versions)?;
    Limit::check(
        Limited::PackageBytes,
        bytes.saturating_add(size),
        most.bytes,
    )
}

impl Store {
    /// Tells early whether the account has room for one more version of `size` bytes, before work is done for it that
    /// [`Store::publish_version`] might refuse.
    ///
    /// # Errors
    /// [`StoreError::LimitReached`].
    pub async fn check_package_quota(
        &self,
        account: &str,
        size: i64,
        most: PackageLimits,
    ) -> Result<(), StoreError> {
        let used = self.db.optional(PACKAGE_USAGE, args![account]).await?;
        refuse_one_more(used, size, most)
    }
}

impl LockedSkill {
    /// Whether the skill describes itself as this version does from now on: it has no higher one.
    pub(super) fn precedes(&self, number: &str) -> Result<bool, StoreError> {
        match &self.latest_version {
            None => Ok(true),
            Some(latest) => Ok(parse_version(latest)? <= parse_version(number)?),
        }
    }
}
