//! Publishing: a verified package becomes a version that never changes.

use serde_json::Value;

use crate::db::{Tx, args};
use crate::installation::{Source, insert_installation};
use crate::skill::SkillKind;
use crate::version::{TrustLevel, Version, VersionHead};
use crate::version_number::{VersionNumber, next_patch_version, parse_version};
use crate::{Skill, Store, StoreError, id};

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
    pub permissions: Value,
    /// Key id of who signed it. Without one it is refused for a skill that has a signed version.
    pub publisher_key_id: Option<String>,
    /// Who vouches for it.
    pub trust_level: TrustLevel,
    /// The API key that publishes it.
    pub published_by: String,
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

#[derive(sqlx::FromRow)]
struct SkillHead {
    id: String,
    latest_version: String,
}

impl Store {
    /// Publishes a version, making the skill with its first one, all in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when this version is there with other contents, or when it is unsigned and another of the
    /// skill is signed; [`StoreError::Invalid`] when the version is no semantic version.
    pub async fn publish_version(
        &self,
        account: &str,
        new: NewVersion,
    ) -> Result<Published, StoreError> {
        parse_version(new.version.first())?;
        let _turn = self.turn_to_write(new.package.len()).await?;
        let mut tx = self.db.begin().await?;
        let skill = lock_skill(self, &mut tx, account, &new).await?;
        if new.publisher_key_id.is_none() {
            refuse_beside_signed(&mut tx, &skill, &new.name).await?;
        }
        let number = number_of(&mut tx, &skill, &new).await?;
        let is_new = match find_digest(&mut tx, &skill.id, &number).await? {
            Some(same) if same == new.digest => false,
            Some(_) => return Err(other_contents(&new.name, &number)),
            None => {
                insert_version(self, &mut tx, &skill.id, &number, &new).await?;
                if parse_version(&number)? >= parse_version(&skill.latest_version)? {
                    describe_skill(self, &mut tx, &skill.id, &number, &new).await?;
                }
                true
            }
        };
        tx.commit().await?;
        drop(new.package);
        let published = self.get_version(account, &new.name, Some(&number)).await?;
        let (skill, version) = published
            .ok_or_else(|| StoreError::Conflict("the skill was deleted meanwhile".into()))?;
        Ok(Published {
            skill,
            version,
            is_new,
        })
    }

    /// Puts another signature of the same contents in the place of the one that is there: the package as that key signed
    /// it, in one transaction. Agents that have the version keep what they granted it, as its contents are the same.
    ///
    /// Whether that is right, because the old key was revoked, is the caller's to judge; that the version still has the
    /// contents `digest` signed by `old_key` is looked up here. Whether it was replaced.
    pub async fn replace_signature(
        &self,
        account: &str,
        version: &VersionHead,
        new_key: &str,
        package: &Vec<u8>,
    ) -> Result<bool, StoreError> {
        let _turn = self.turn_to_write(package.len()).await?;
        let old_key = version.publisher_key_id.as_deref();
        let mut tx = self.db.begin().await?;
        let replaced = tx
            .execute(
                "UPDATE skill_version SET publisher_key_id = $4, size = $6 \
                 WHERE id = $1 AND digest = $2 AND publisher_key_id IS NOT DISTINCT FROM $3 \
                 AND skill_id IN (SELECT id FROM skill WHERE account_id = $5)",
                args![
                    &version.id,
                    &version.digest,
                    old_key,
                    new_key,
                    account,
                    package.len() as i64
                ],
            )
            .await?;
        if replaced == 0 {
            return Ok(false);
        }
        tx.execute(
            "UPDATE skill_package SET bytes = $2 WHERE version_id = $1",
            args![&version.id, package],
        )
        .await?;
        tx.execute(
            "UPDATE permission_grant SET publisher_key_id = $3 WHERE skill_id = $1 \
             AND publisher_key_id IS NOT DISTINCT FROM $2 AND revoked_at IS NULL \
             AND agent_id IN (SELECT agent_id FROM assignment WHERE version_id = $4)",
            args![&version.skill_id, old_key, new_key, &version.id],
        )
        .await?;
        tx.commit().await?;
        Ok(true)
    }
}

fn other_contents(name: &str, version: &str) -> StoreError {
    StoreError::Conflict(format!(
        "version {version} of {name} is published with other contents; raise metadata.version"
    ))
}

/// Once a skill has a signed version, its users may rely on the signature: none without one follows.
async fn refuse_beside_signed(
    tx: &mut Tx,
    skill: &SkillHead,
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
        Some(_) => Err(StoreError::Conflict(format!(
            "The skill {name} is published in signed packages. Sign this version, too, and publish its package."
        ))),
    }
}

/// The number that the new version gets, in a skill that is locked.
async fn number_of(tx: &mut Tx, skill: &SkillHead, new: &NewVersion) -> Result<String, StoreError> {
    if let VersionNumber::Named(version) = &new.version {
        return Ok(version.clone());
    }
    let latest = find_digest(tx, &skill.id, &skill.latest_version).await?;
    match latest {
        Some(digest) if digest != new.digest => next_patch_version(&skill.latest_version),
        _ => Ok(skill.latest_version.clone()),
    }
}

/// The account's skill, made when it is the first time, and put in the account's pool. Those who publish the same skill
/// at the same time wait for each other here.
async fn lock_skill(
    store: &Store,
    tx: &mut Tx,
    account: &str,
    new: &NewVersion,
) -> Result<SkillHead, StoreError> {
    let now = store.now();
    let row: Option<SkillHead> = tx
        .optional(
            "INSERT INTO skill (id, account_id, name, title, description, kind, status, access, author, category, tags, \
             latest_version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, 'active', 'private', $7, $8, $9, $10, $11, $11) \
             ON CONFLICT (account_id, name) WHERE status = 'active' DO UPDATE SET name = excluded.name RETURNING id, latest_version",
            args![
                &id::new(),
                account,
                &new.name,
                &new.title,
                &new.description,
                new.kind.as_str(),
                &new.author,
                &new.category,
                &new.tags,
                new.version.first(),
                now
            ],
        )
        .await?;
    let skill =
        row.ok_or_else(|| StoreError::Conflict("the skill could not be made; try again".into()))?;
    insert_installation(store, tx, account, &skill.id, Source::Own).await?;
    Ok(skill)
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

async fn insert_version(
    store: &Store,
    tx: &mut Tx,
    skill: &str,
    number: &str,
    new: &NewVersion,
) -> Result<(), StoreError> {
    let version_id = id::new();
    tx.execute(
        "INSERT INTO skill_version (id, skill_id, version, digest, size, manifest, tools, permissions, \
         publisher_key_id, trust_level, published_by, yanked, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, FALSE, $12)",
        args![
            &version_id,
            skill,
            number,
            &new.digest,
            new.package.len() as i64,
            &new.manifest,
            &new.tools,
            &new.permissions,
            &new.publisher_key_id,
            new.trust_level.as_str(),
            &new.published_by,
            store.now()
        ],
    )
    .await?;
    tx.execute(
        "INSERT INTO skill_package (version_id, bytes) VALUES ($1, $2)",
        args![&version_id, &new.package],
    )
    .await?;
    Ok(())
}

/// The skill says of itself what its highest version says.
async fn describe_skill(
    store: &Store,
    tx: &mut Tx,
    skill: &str,
    number: &str,
    new: &NewVersion,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE skill SET title = $2, description = $3, kind = $4, author = $5, category = $6, tags = $7, \
         latest_version = $8, updated_at = $9 WHERE id = $1",
        args![
            skill,
            &new.title,
            &new.description,
            new.kind.as_str(),
            &new.author,
            &new.category,
            &new.tags,
            number,
            store.now()
        ],
    )
    .await?;
    Ok(())
}
