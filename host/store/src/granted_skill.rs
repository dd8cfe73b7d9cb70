//! What an agent may run: versions with what they are granted, read at once.

use skillgate_skill::Permissions;

use crate::db::args;
use crate::grant::GrantMode;
use crate::json_column::JsonText;
use crate::{Store, StoreError, Timestamp};

/// Where a version comes from: what is needed to open and load its package.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct VersionSource {
    /// The skill's UUID.
    pub skill_id: String,
    /// The skill's slug.
    pub skill_name: String,
    /// The account that published it.
    pub owner: String,
    /// UUID.
    pub version_id: String,
    /// Semantic version.
    pub version: String,
    /// Length of the package in bytes.
    pub size: i64,
    /// Key id of who signed it; `None` for unsigned instructions of the account itself.
    pub publisher_key_id: Option<String>,
    /// When it was published.
    pub created_at: Timestamp,
}

/// An enabled skill on an agent, with the grant in effect.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct GrantedSkill {
    /// The version that is on the agent.
    #[sqlx(flatten)]
    pub source: VersionSource,
    /// UUID of the grant; `None` when there is none, and the skill may do nothing that needs one.
    pub grant_id: Option<String>,
    /// What is allowed; nothing without a grant.
    #[sqlx(try_from = "JsonText")]
    pub permissions: Permissions,
    /// Whether calls wait for a person; `allow` without a grant.
    #[sqlx(try_from = "String")]
    pub mode: GrantMode,
    /// Until when the grant holds.
    pub expires_at: Option<Timestamp>,
}

/// Selects the columns of a [`VersionSource`].
macro_rules! sources {
    () => {
        "SELECT skill.id AS skill_id, skill.name AS skill_name, skill.account_id AS owner, \
         skill_version.id AS version_id, skill_version.version, skill_version.size, skill_version.publisher_key_id, \
         skill_version.created_at"
    };
}

/// Of several grants in effect, one for the agent goes before one for the account, and a newer before an older; as
/// [`Store::effective_grant`] has it.
const GRANTED_SKILLS: &str = concat!(
    sources!(),
    ", permission_grant.id AS grant_id, COALESCE(permission_grant.permissions, '{}') AS permissions, \
     COALESCE(permission_grant.mode, 'allow') AS mode, permission_grant.expires_at \
     FROM assignment JOIN skill ON skill.id = assignment.skill_id \
     JOIN skill_version ON skill_version.id = assignment.version_id \
     LEFT JOIN permission_grant ON permission_grant.id = (SELECT one.id FROM permission_grant AS one \
     WHERE one.account_id = $1 AND (one.agent_id = $2 OR one.agent_id IS NULL) AND one.skill_id = assignment.skill_id \
     AND one.publisher_key_id IS NOT DISTINCT FROM skill_version.publisher_key_id AND one.revoked_at IS NULL \
     AND (one.expires_at IS NULL OR one.expires_at > $3) ORDER BY one.agent_id IS NULL, one.id DESC LIMIT 1) \
     WHERE assignment.account_id = $1 AND assignment.agent_id = $2 AND assignment.is_enabled \
     ORDER BY assignment.priority DESC, assignment.installed_at, assignment.id"
);

impl Store {
    /// The enabled skills on an agent with what they are granted; also those that were deleted since. Those of the highest
    /// priority come first, as a model takes what it is shown first more often, then those that were installed first.
    pub async fn granted_skills(
        &self,
        account: &str,
        agent: &str,
    ) -> Result<Vec<GrantedSkill>, StoreError> {
        let args = args![account, agent, self.now()];
        self.db.all(GRANTED_SKILLS, args).await
    }

    /// Where a version comes from that the account may see, by the version's UUID.
    pub async fn version_source(
        &self,
        account: &str,
        version_id: &str,
    ) -> Result<Option<VersionSource>, StoreError> {
        let sql = concat!(
            sources!(),
            " FROM skill_version JOIN skill ON skill.id = skill_version.skill_id \
             WHERE skill_version.id = $2 AND (skill.account_id = $1 OR skill.access = 'public')"
        );
        self.db.optional(sql, args![account, version_id]).await
    }
}
