//! `GET /v1/skills/{id}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use skillgate_service::SkillRef;
use skillgate_skill::Permissions;
use skillgate_store::{Skill, TrustLevel, Version};

use crate::envelope::Data;
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// A skill in one of its versions, as every answer about a single skill shows it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SkillView {
    id: String,
    uuid: String,
    name: String,
    description: String,
    enhanced_description: Value,
    author: Option<String>,
    category: Option<String>,
    tags: Vec<String>,
    install_count: i64,
    latest_version: String,
    /// No skill is scored yet.
    security_score: Option<u8>,
    use_cases: Value,
    tool_count: usize,
    tools: Value,
    #[schemars(with = "Value")]
    permissions: Permissions,
    trust_level: TrustLevel,
    digest: String,
    key_id: Option<String>,
}

impl SkillView {
    pub(crate) fn new(skill: Skill, mut version: Version) -> Self {
        let mut of_manifest = |key: &str| version.manifest.get_mut(key).map(Value::take);
        let (body, use_cases) = (of_manifest("body"), of_manifest("useCases"));
        Self {
            id: skill.name,
            uuid: skill.id,
            name: skill.title,
            description: skill.description,
            enhanced_description: body.unwrap_or_default(),
            author: skill.author,
            category: skill.category,
            tags: skill.tags,
            install_count: skill.install_count,
            latest_version: skill.latest_version.unwrap_or_default(),
            security_score: None,
            use_cases: use_cases.unwrap_or_else(|| Value::Array(Vec::new())),
            tool_count: version.tools.as_array().map_or(0, Vec::len),
            tools: version.tools,
            permissions: version.permissions,
            trust_level: version.trust_level,
            digest: version.digest,
            key_id: version.publisher_key_id,
        }
    }
}

/// One skill, by name or UUID, in its latest version.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SkillRef>,
) -> Result<Data<SkillView>, ApiError> {
    let (skill, version) = app.skills.get(&caller, &id).await?;
    Ok(Data {
        data: SkillView::new(skill, version),
    })
}
