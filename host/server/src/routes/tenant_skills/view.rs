//! What several answers of `/api/skills` show.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use skillgate_store::{PoolSkill, Source, Timestamp};

/// A skill of the account's pool.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantSkill {
    /// UUID.
    id: String,
    name: String,
    slug: String,
    description: String,
    category: Option<String>,
    /// The names under which agents are offered its tools.
    tool_ids: Vec<String>,
    /// Always empty: what a skill is configured with belongs to its assignments.
    config: Map<String, Value>,
    /// The skill's UUID on the marketplace; null for the account's own.
    listing_ref: Option<String>,
    /// Its latest version there; null for the account's own.
    listing_version: Option<String>,
    /// Whether the operator manages it.
    locked: bool,
    current_version: String,
    /// `active` or `archived`.
    status: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    source: SkillSource,
}

/// Where a skill of the pool comes from.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SkillSource {
    /// The account made it.
    Custom,
    /// Another account made it, and this one installed it.
    Store,
}

impl From<PoolSkill> for TenantSkill {
    fn from(skill: PoolSkill) -> Self {
        let source = match skill.source {
            Source::Own => SkillSource::Custom,
            Source::Grant => SkillSource::Store,
        };
        let is_listed = matches!(source, SkillSource::Store);
        Self {
            listing_ref: is_listed.then(|| skill.id.clone()),
            listing_version: is_listed.then(|| skill.latest_version.clone()),
            id: skill.id,
            slug: skill.name.clone(),
            name: skill.name,
            description: skill.description,
            category: skill.category,
            tool_ids: skill.tool_names,
            config: Map::new(),
            locked: skill.locked,
            current_version: skill.latest_version,
            status: skill.status,
            created_at: skill.created_at,
            updated_at: skill.updated_at,
            source,
        }
    }
}

/// Confirms that what was asked for is done.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Success {
    /// Always true.
    success: bool,
}

impl Success {
    pub(super) const fn new() -> Self {
        Self { success: true }
    }
}
