//! Writes a published version and its skill.

use serde_json::Value;

use super::NewVersion;
use crate::db::{Arg, Insert, Tx, args};
use crate::installation::{Source, insert_installation};
use crate::skill::Access;
use crate::{Conflict, Store, StoreError, id};

/// A skill whose row this transaction has locked.
#[derive(sqlx::FromRow)]
pub(super) struct LockedSkill {
    pub(super) id: String,
    /// The highest version published before; `None` when there is no version yet.
    pub(super) latest_version: Option<String>,
}

/// The account's skill, made when it is the first time, and put in the account's pool. Those who publish the same skill
/// at the same time wait for each other here.
pub(super) async fn lock_skill(
    store: &Store,
    tx: &mut Tx,
    account: &str,
    new: &NewVersion,
) -> Result<LockedSkill, StoreError> {
    let (id, now) = (id::new(), store.now());
    let row = Insert::into_table("skill")
        .set("id", &id)
        .set("account_id", account)
        .set("name", &new.name)
        .set("title", &new.title)
        .set("description", &new.description)
        .set("kind", new.kind)
        .set("status", "active")
        .set("access", Access::Private)
        .set("author", &new.author)
        .set("category", &new.category)
        .set("tags", &new.tags)
        .set("created_at", now)
        .set("updated_at", now)
        .on_conflict(
            "(account_id, name) WHERE status = 'active' DO UPDATE SET name = excluded.name",
        );
    let skill: Option<LockedSkill> = tx.insert_returning(row, "id, latest_version").await?;
    let skill = skill.ok_or(Conflict::Changed("skill"))?;
    insert_installation(store, tx, account, &skill.id, Source::Own).await?;
    Ok(skill)
}

pub(super) async fn insert_version(
    store: &Store,
    tx: &mut Tx,
    skill: &str,
    version: &str,
    new: &NewVersion,
) -> Result<(), StoreError> {
    let id = id::new();
    let names = tool_names(&new.tools);
    // The skill's row is locked: no other version gets this number.
    let newest = "SELECT COALESCE(MAX(number), 0) FROM skill_version WHERE skill_id = $1";
    let number = 1 + tx.count(newest, args![skill]).await?;
    let row = Insert::into_table("skill_version")
        .set("id", &id)
        .set("skill_id", skill)
        .set("number", number)
        .set("version", version)
        .set("digest", &new.digest)
        .set("size", new.package.len() as i64)
        .set("manifest", &new.manifest)
        .set("tools", &new.tools)
        .set("tool_names", &names)
        .set("permissions", Arg::json(&new.permissions)?)
        .set("publisher_key_id", &new.publisher_key_id)
        .set("trust_level", new.trust_level)
        .set("published_by", &new.published_by)
        .set("yanked", false)
        .set("created_at", store.now());
    tx.insert(row).await?;
    let package = Insert::into_table("skill_package")
        .set("version_id", &id)
        .set("bytes", &new.package);
    tx.insert(package).await.map(drop)
}

/// The names of a list of tools, in its order.
fn tool_names(tools: &Value) -> Vec<String> {
    let tools = tools.as_array().into_iter().flatten();
    let names = tools.filter_map(|tool| tool.get("name")?.as_str());
    names.map(str::to_owned).collect()
}

/// The skill says of itself what its highest version says.
pub(super) async fn describe_skill(
    store: &Store,
    tx: &mut Tx,
    skill: &str,
    version: &str,
    new: &NewVersion,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE skill SET title = $2, description = $3, kind = $4, author = $5, category = $6, tags = $7, \
         latest_version = $8, updated_at = $9 WHERE id = $1",
        args![
            skill,
            &new.title,
            &new.description,
            new.kind,
            &new.author,
            &new.category,
            &new.tags,
            version,
            store.now()
        ],
    )
    .await
    .map(drop)
}
