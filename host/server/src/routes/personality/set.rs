//! `PUT /v1/agents/{id}/personality`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_service::{AgentId, SetPersonality};
use skillgate_store::Timestamp;

use crate::envelope::Data;
use crate::extract::{Caller, Id, Json};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetPersonalityRequest {
    soul_md: String,
    /// SHA-256, in hexadecimal, of the SOUL.md that this is to replace; any when absent.
    expected_hash: Option<String>,
}

/// SOUL.md after a change.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetPersonalityView {
    soul_md: String,
    /// SHA-256 of SOUL.md in hexadecimal.
    soul_md_hash: String,
    soul_md_updated_at: Timestamp,
    needs_restart: bool,
}

/// Replaces SOUL.md.
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
    Json(body): Json<SetPersonalityRequest>,
) -> Result<Data<SetPersonalityView>, ApiError> {
    let set = SetPersonality {
        soul_md: body.soul_md,
        expected_hash: body.expected_hash,
    };
    let written = app.agents.set_personality(&caller, &id, &set).await?;
    Ok(Data {
        data: SetPersonalityView {
            soul_md: set.soul_md,
            soul_md_hash: written.sha256,
            soul_md_updated_at: written.updated_at,
            needs_restart: written.runs,
        },
    })
}
