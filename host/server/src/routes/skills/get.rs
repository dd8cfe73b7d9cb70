//! `GET /v1/skills/{id}`

use axum::extract::State;
use serde_json::{Value, json};

use crate::answer::Data;
use crate::extract::{Caller, Id};
use crate::service::skills;
use crate::{ApiError, App};

/// One skill, by name or UUID, in its latest version.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
) -> Result<Data<Value>, ApiError> {
    let (skill, version) = skills::get(&app, caller.account(), &id).await?;
    Ok(Data {
        data: json!({
            "id": skill.name,
            "uuid": skill.id,
            "name": skill.title,
            "description": skill.description,
            "enhancedDescription": version.manifest["body"],
            "author": skill.author,
            "category": skill.category,
            "tags": skill.tags,
            "installCount": skill.install_count,
            "latestVersion": skill.latest_version,
            "securityScore": null,
            "useCases": [],
            "toolCount": version.tools.as_array().map_or(0, Vec::len),
            "tools": version.tools,
            "permissions": version.permissions,
            "trustLevel": version.trust_level,
            "digest": version.digest,
            "keyId": version.publisher_key_id,
        }),
    })
}
