//! Published versions of skills, with their packages.

use serde::Serialize;
use serde_json::Value;

use crate::db::args;
use crate::text::{JsonText, words};
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

impl Store {
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
