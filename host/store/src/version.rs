//! Published versions of skills, with their packages.

use serde::Serialize;
use serde_json::Value;
use skillgate_skill::Permissions;

use crate::db::args;
use crate::json_column::{JsonText, words};
use crate::{Skill, Store, StoreError, Timestamp};

words! {
    /// Who vouches for a version.
    TrustLevel {
        /// The marketplace, after a review.
        Verified = "verified",
        /// Its publisher alone. The API's word for the community.
        Community = "clawhub",
    }
}

/// A published version of a skill. Never changes.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// UUID.
    pub id: String,
    /// The skill.
    pub skill_id: String,
    /// Its place in the order in which the skill's versions were published, from 1.
    pub number: i64,
    /// Semantic version.
    pub version: String,
    /// SHA-256 of the package's contents, hexadecimal.
    pub digest: String,
    /// Length of the package in bytes.
    pub size: i64,
    /// The manifest.
    #[sqlx(try_from = "JsonText")]
    pub manifest: Value,
    /// Its tools, with their schemas.
    #[sqlx(try_from = "JsonText")]
    pub tools: Value,
    /// The permissions that it asks for.
    #[sqlx(try_from = "JsonText")]
    pub permissions: Permissions,
    /// Key id of who signed it; `None` for unsigned instructions of the account itself.
    pub publisher_key_id: Option<String>,
    /// Who vouches for it.
    #[sqlx(try_from = "String")]
    pub trust_level: TrustLevel,
    /// The API key that published it.
    pub published_by: String,
    /// Whether it was taken back: no new installs.
    pub yanked: bool,
    /// When it was published.
    pub created_at: Timestamp,
}

/// A version without its manifest and its tools, which may have megabytes.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct VersionHead {
    /// UUID.
    pub id: String,
    /// The skill.
    pub skill_id: String,
    /// Semantic version.
    pub version: String,
    /// SHA-256 of the package's contents, hexadecimal.
    pub digest: String,
    /// Length of the package in bytes.
    pub size: i64,
    /// Length of the list of tools in bytes, as JSON.
    pub tool_bytes: i64,
    /// Key id of who signed it.
    pub publisher_key_id: Option<String>,
    /// Who vouches for it.
    #[sqlx(try_from = "String")]
    pub trust_level: TrustLevel,
    /// When it was published.
    pub created_at: Timestamp,
}

/// What an account's own versions take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PackageUsage {
    /// How many there are.
    pub versions: i64,
    /// Bytes of all packages.
    pub bytes: i64,
}

/// How many versions an account published, and the bytes of their packages.
pub(crate) const PACKAGE_USAGE: &str = "SELECT COUNT(*) AS versions, \
     CAST(COALESCE(SUM(skill_version.size), 0) AS BIGINT) AS bytes \
     FROM skill_version JOIN skill ON skill.id = skill_version.skill_id WHERE skill.account_id = $1";

/// Selects [`Version`]s.
macro_rules! versions {
    () => {
        "SELECT skill_version.id, skill_version.skill_id, skill_version.number, skill_version.version, \
         skill_version.digest, skill_version.size, skill_version.manifest, skill_version.tools, \
         skill_version.permissions, skill_version.publisher_key_id, skill_version.trust_level, \
         skill_version.published_by, skill_version.yanked, skill_version.created_at FROM skill_version"
    };
}

impl Store {
    /// As [`Store::get_version`], without what may be large.
    pub async fn get_version_head(
        &self,
        account: &str,
        skill: &str,
        version: Option<&str>,
    ) -> Result<Option<(Skill, VersionHead)>, StoreError> {
        let Some(skill) = self.get_skill(account, skill).await? else {
            return Ok(None);
        };
        let Some(version) = version.or(skill.latest_version.as_deref()) else {
            return Ok(None);
        };
        let found: Option<VersionHead> = self
            .db
            .optional(
                "SELECT id, skill_id, version, digest, size, CAST(OCTET_LENGTH(tools) AS BIGINT) AS tool_bytes, \
                 publisher_key_id, trust_level, created_at FROM skill_version WHERE skill_id = $1 AND version = $2",
                args![&skill.id, version],
            )
            .await?;
        Ok(found.map(|version| (skill, version)))
    }

    /// What the versions take that the account published.
    pub async fn package_usage(&self, account: &str) -> Result<PackageUsage, StoreError> {
        let usage = self.db.optional(PACKAGE_USAGE, args![account]).await?;
        Ok(usage.unwrap_or(PackageUsage {
            versions: 0,
            bytes: 0,
        }))
    }

    /// A version of a skill that the account may see, named by the skill's name or UUID; the latest when none is named.
    pub async fn get_version(
        &self,
        account: &str,
        skill: &str,
        version: Option<&str>,
    ) -> Result<Option<(Skill, Version)>, StoreError> {
        let Some(skill) = self.get_skill(account, skill).await? else {
            return Ok(None);
        };
        let Some(version) = version.or(skill.latest_version.as_deref()) else {
            return Ok(None);
        };
        let found: Option<Version> = self
            .db
            .optional(
                concat!(
                    versions!(),
                    " WHERE skill_version.skill_id = $1 AND skill_version.version = $2"
                ),
                args![&skill.id, version],
            )
            .await?;
        Ok(found.map(|version| (skill, version)))
    }

    /// The versions of a skill that the account may see, newest first.
    pub async fn list_versions(
        &self,
        account: &str,
        skill_id: &str,
    ) -> Result<Vec<Version>, StoreError> {
        self.db
            .all(
                concat!(
                    versions!(),
                    " JOIN skill ON skill.id = skill_version.skill_id \
                     WHERE skill.id = $2 AND (skill.account_id = $1 OR skill.access = 'public') \
                     ORDER BY skill_version.number DESC"
                ),
                args![account, skill_id],
            )
            .await
    }

    /// The package of a version that the account may see, as it was uploaded.
    pub async fn package_bytes(
        &self,
        account: &str,
        version_id: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let row: Option<(Vec<u8>,)> = self
            .db
            .optional(
                "SELECT skill_package.bytes FROM skill_package \
                 JOIN skill_version ON skill_version.id = skill_package.version_id \
                 JOIN skill ON skill.id = skill_version.skill_id \
                 WHERE skill_package.version_id = $2 AND (skill.account_id = $1 OR skill.access = 'public')",
                args![account, version_id],
            )
            .await?;
        Ok(row.map(|(bytes,)| bytes))
    }
}
