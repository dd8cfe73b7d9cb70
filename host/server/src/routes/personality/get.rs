//! `GET /v1/agents/{id}/personality`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::{AgentId, Personality};
use skillgate_store::Timestamp;

use crate::envelope::Data;
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// Who an agent is.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonalityView {
    soul_md: String,
    /// Made from the agent's name.
    identity_md: String,
    /// SHA-256 of SOUL.md in hexadecimal.
    soul_md_hash: String,
    soul_md_updated_at: Timestamp,
}

impl From<Personality> for PersonalityView {
    fn from(personality: Personality) -> Self {
        Self {
            soul_md: personality.soul_md,
            identity_md: personality.identity_md,
            soul_md_hash: personality.soul_md_sha256,
            soul_md_updated_at: personality.soul_md_updated_at,
        }
    }
}

/// Reads SOUL.md and IDENTITY.md.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Result<Data<PersonalityView>, ApiError> {
    let personality = app.agents.personality(&caller, &id).await?;
    Ok(Data {
        data: personality.into(),
    })
}
