//! Skills: what versions, installations and assignments are of.

use serde::Serialize;

use crate::db::{Tx, args};
use crate::json_column::{JsonText, words};
use crate::{Store, StoreError, Timestamp};

words! {
    /// What a skill is made of.
    SkillKind {
        /// A signed component.
        Wasm = "wasm",
        /// Instructions only.
        Prompt = "prompt",
    }
}

words! {
    /// Who may see and install a skill.
    Access {
        /// Its owner.
        Private = "private",
        /// Everybody.
        Public = "public",
    }
}

/// A skill of an account.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Skill {
    /// UUID.
    pub id: String,
    /// Who published it.
    pub account_id: String,
    /// Its slug, unique within the account.
    pub name: String,
    /// Shown to people.
    pub title: String,
    /// What it does.
    pub description: String,
    /// What it is made of.
    #[sqlx(try_from = "String")]
    pub kind: SkillKind,
    /// `active` or `archived`.
    pub status: String,
    /// Who may see and install it.
    #[sqlx(try_from = "String")]
    pub access: Access,
    /// Who wrote it, as the manifest says.
    pub author: Option<String>,
    /// As the manifest says.
    pub category: Option<String>,
    /// Words to find it by.
    #[sqlx(try_from = "JsonText")]
    pub tags: Vec<String>,
    /// The highest published version; `None` for a draft.
    pub latest_version: Option<String>,
    /// On how many agents it is, of all accounts.
    pub install_count: i64,
    /// When its first version was published.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Selects [`Skill`]s.
macro_rules! skills {
    () => {
        "SELECT skill.id, skill.account_id, skill.name, skill.title, skill.description, skill.kind, skill.status, \
         skill.access, skill.author, skill.category, skill.tags, skill.latest_version, \
         (SELECT COUNT(*) FROM assignment WHERE assignment.skill_id = skill.id) AS install_count, \
         skill.created_at, skill.updated_at FROM "
    };
}

/// Each branch has its index: the look-up must not grow with what other accounts publish.
const FIND_SKILL: &str = concat!(
    skills!(),
    "(SELECT id, 0 AS place FROM skill WHERE id = $2 \
    UNION ALL SELECT id, 0 FROM skill WHERE account_id = $1 AND name = $2 AND status = 'active' \
    UNION ALL SELECT skill_id, 1 FROM installation WHERE account_id = $1 AND alias = $2 \
    UNION ALL SELECT skill.id, 1 FROM skill JOIN installation \
    ON installation.skill_id = skill.id AND installation.account_id = $1 \
    WHERE skill.name = $2 AND installation.alias IS NULL \
    UNION ALL SELECT id, 2 FROM skill WHERE name = $2 AND access = 'public' AND EXISTS (SELECT 1 FROM skill_version \
    WHERE skill_version.skill_id = skill.id AND skill_version.trust_level = 'verified')) AS found \
    JOIN skill ON skill.id = found.id \
    WHERE skill.status = 'active' AND (skill.account_id = $1 OR skill.access = 'public') \
    ORDER BY CASE WHEN skill.account_id = $1 THEN 0 ELSE found.place END, skill.created_at, skill.id LIMIT 1"
);

impl Store {
    /// The skill with this name or UUID, if the account may see it. A name is that of its own skill, else of one in its
    /// pool (by its alias there, where it has one), else of a public one with a verified version: never of whatever
    /// somebody published under it first.
    pub async fn get_skill(
        &self,
        account: &str,
        name_or_id: &str,
    ) -> Result<Option<Skill>, StoreError> {
        self.db
            .optional(FIND_SKILL, args![account, name_or_id])
            .await
    }

    /// The account's own skills that have a published version, by name. How many there may be is bounded where versions are published.
    pub async fn list_skills(&self, account: &str) -> Result<Vec<Skill>, StoreError> {
        let sql = concat!(
            skills!(),
            "skill WHERE account_id = $1 AND status = 'active' AND latest_version IS NOT NULL \
             ORDER BY name"
        );
        self.db.all(sql, args![account]).await
    }

    /// Deletes one of the account's own skills, named by its UUID: it is not found any more, its name is free, and nobody
    /// installs it. An agent that has it keeps its version, and the skill is archived until the last one gives it up;
    /// without one it goes with its packages. Whether there was such a skill.
    pub async fn delete_skill(&self, account: &str, skill_id: &str) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        tx.lock_skill_for_deletion(skill_id).await?;
        let archived = tx
            .execute(
                "UPDATE skill SET status = 'archived', updated_at = $3, deleted_at = $3 \
                 WHERE id = $2 AND account_id = $1 AND status = 'active'",
                args![account, skill_id, self.now()],
            )
            .await?;
        if archived == 0 {
            return Ok(false);
        }
        delete_unused_skills(&mut tx, account).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Deletes those of an account's archived skills that no agent, and no other account's pool, has any more, with their
/// packages. Nothing new can come to refer to one of them: what is archived is not installed.
pub(crate) async fn delete_unused_skills(tx: &mut Tx, account: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM skill WHERE account_id = $1 AND status = 'archived' \
         AND NOT EXISTS (SELECT 1 FROM assignment WHERE assignment.skill_id = skill.id) \
         AND NOT EXISTS (SELECT 1 FROM installation \
         WHERE installation.skill_id = skill.id AND installation.account_id <> $1)",
        args![account],
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, SqliteConnection};

    use super::FIND_SKILL;

    #[tokio::test]
    async fn a_skill_is_found_by_indexes_alone() {
        let mut database = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let schema = include_str!("../migrations/0001_domain.sql");
        sqlx::raw_sql(schema).execute(&mut database).await.unwrap();
        let plan = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {FIND_SKILL}"));
        let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(plan)
            .bind("account")
            .bind("name")
            .fetch_all(&mut database)
            .await
            .unwrap();
        let walks =
            |step: &&(i64, i64, i64, String)| step.3.starts_with("SCAN") && step.3 != "SCAN found";
        assert!(!plan.is_empty());
        assert_eq!(plan.iter().find(walks), None);
    }
}
