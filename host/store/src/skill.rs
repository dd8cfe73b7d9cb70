//! Skills: what versions, installations and assignments are of.

use serde::Serialize;

use crate::db::args;
use crate::text::{JsonText, words};
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
    /// The highest published version.
    pub latest_version: String,
    /// On how many agents it is, of all accounts.
    pub install_count: i64,
    /// When its first version was published.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

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
            .optional(
                "SELECT skill.*, (SELECT COUNT(*) FROM assignment WHERE assignment.skill_id = skill.id) AS install_count \
                 FROM skill LEFT JOIN installation \
                 ON installation.skill_id = skill.id AND installation.account_id = $1 \
                 WHERE (skill.account_id = $1 OR skill.access = 'public') AND (skill.id = $2 \
                 OR (skill.name = $2 AND skill.account_id = $1) \
                 OR (installation.id IS NOT NULL AND COALESCE(installation.alias, skill.name) = $2) \
                 OR (skill.name = $2 AND EXISTS (SELECT 1 FROM skill_version \
                 WHERE skill_version.skill_id = skill.id AND skill_version.trust_level = 'verified'))) \
                 ORDER BY CASE WHEN skill.account_id = $1 THEN 0 WHEN installation.id IS NOT NULL THEN 1 ELSE 2 END, \
                 skill.created_at, skill.id LIMIT 1",
                args![account, name_or_id],
            )
            .await
    }

    /// The account's own skills, by name. How many there may be is bounded where versions are published.
    pub async fn list_skills(&self, account: &str) -> Result<Vec<Skill>, StoreError> {
        self.db
            .all(
                "SELECT skill.*, (SELECT COUNT(*) FROM assignment WHERE assignment.skill_id = skill.id) AS install_count \
                 FROM skill WHERE account_id = $1 ORDER BY name",
                args![account],
            )
            .await
    }
}
