//! `GET /v1/agents/{id}/personality/versions`, and one of them.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::{AgentId, PersonalityVersionNumber};
use skillgate_store::{PersonalityHead, PersonalityVersion, Timestamp};

use crate::envelope::{Data, List};
use crate::extract::{Caller, Id, Ids};
use crate::{ApiError, App};

/// An earlier version of SOUL.md, without its text.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonalityVersionItem {
    /// From 1, in the order in which they were written.
    version: i64,
    /// SHA-256 of the text in hexadecimal.
    soul_md_hash: String,
    /// When it was written.
    soul_md_updated_at: Timestamp,
    /// Bytes of the text.
    size: i64,
}

/// An earlier version of SOUL.md.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonalityVersionView {
    /// From 1, in the order in which they were written.
    version: i64,
    soul_md: String,
    /// SHA-256 of the text in hexadecimal.
    soul_md_hash: String,
    /// When it was written.
    soul_md_updated_at: Timestamp,
}

impl From<PersonalityHead> for PersonalityVersionItem {
    fn from(head: PersonalityHead) -> Self {
        Self {
            version: head.number,
            soul_md_hash: head.soul_md_sha256,
            soul_md_updated_at: head.written_at,
            size: head.size,
        }
    }
}

impl From<PersonalityVersion> for PersonalityVersionView {
    fn from(version: PersonalityVersion) -> Self {
        Self {
            version: version.number,
            soul_md: version.soul_md,
            soul_md_hash: version.soul_md_sha256,
            soul_md_updated_at: version.written_at,
        }
    }
}

/// Lists the earlier versions of SOUL.md that are kept, newest first.
pub(crate) async fn versions(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Result<List<PersonalityVersionItem>, ApiError> {
    let versions = app.agents.personality_versions(&caller, &id).await?;
    let items = versions.into_iter().map(PersonalityVersionItem::from);
    Ok(List::whole(items.collect()))
}

/// Reads an earlier version of SOUL.md.
pub(crate) async fn version(
    State(app): State<App>,
    caller: Caller,
    Ids(id, number): Ids<AgentId, PersonalityVersionNumber>,
) -> Result<Data<PersonalityVersionView>, ApiError> {
    let version = app.agents.personality_version(&caller, &id, number).await?;
    Ok(Data {
        data: version.into(),
    })
}
