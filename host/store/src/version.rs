//! Published versions of skills, with their packages.

use serde::Serialize;
use serde_json::Value;

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
    pub permissions: Value,
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
        let version = version.unwrap_or(&skill.latest_version);
        let found: Option<VersionHead> = self
            .db
            .optional(
                "SELECT id, skill_id, version, digest, size, CAST(OCTET_LENGTH(tools) AS BIGINT) AS tool_bytes,                  publisher_key_id, trust_level, created_at FROM skill_version WHERE skill_id = $1 AND version = $2",
                args![&skill.id, version],
            )
            .await?;
        Ok(found.map(|version| (skill, version)))
    }

    /// The version of a skill that is on an agent, and the skill, also when it was deleted since.
    pub async fn assigned_version_head(
        &self,
        account: &str,
        agent: &str,
        skill_id: &str,
    ) -> Result<Option<(Skill, VersionHead)>, StoreError> {
        let skill: Option<Skill> = self
            .db
            .optional(
                "SELECT skill.*, (SELECT COUNT(*) FROM assignment WHERE assignment.skill_id = skill.id) AS install_count \
                 FROM assignment JOIN skill ON skill.id = assignment.skill_id \
                 WHERE assignment.account_id = $1 AND assignment.agent_id = $2 AND assignment.skill_id = $3",
                args![account, agent, skill_id],
            )
            .await?;
        let version: Option<VersionHead> = self
            .db
            .optional(
                "SELECT skill_version.id, skill_version.skill_id, version, digest, size, \
                 CAST(OCTET_LENGTH(tools) AS BIGINT) AS tool_bytes, publisher_key_id, \
                 skill_version.trust_level, skill_version.created_at \
                 FROM assignment JOIN skill_version ON skill_version.id = assignment.version_id \
                 WHERE assignment.account_id = $1 AND assignment.agent_id = $2 AND assignment.skill_id = $3",
                args![account, agent, skill_id],
            )
            .await?;
        Ok(skill.zip(version))
    }

    /// What the versions take that the account published.
    pub async fn package_usage(&self, account: &str) -> Result<PackageUsage, StoreError> {
        let usage = self
            .db
            .optional(
                "SELECT COUNT(*) AS versions, CAST(COALESCE(SUM(skill_version.size), 0) AS BIGINT) AS bytes                  FROM skill_version JOIN skill ON skill.id = skill_version.skill_id WHERE skill.account_id = $1",
                args![account],
            )
            .await?;
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
        let version = version.unwrap_or(&skill.latest_version);
        let found: Option<Version> = self
            .db
            .optional(
                "SELECT * FROM skill_version WHERE skill_id = $1 AND version = $2",
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
                "SELECT skill_version.* FROM skill_version JOIN skill ON skill.id = skill_version.skill_id \
                 WHERE skill.id = $2 AND (skill.account_id = $1 OR skill.access = 'public') \
                 ORDER BY skill_version.created_at DESC, skill_version.id DESC",
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
