//! `POST /v1/agents/{id}/chat/sessions`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_service::AgentId;
use skillgate_store::Timestamp;

use crate::envelope::Created;
use crate::extract::{Caller, Id, OptionalJson};
use crate::{ApiError, App};

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OpenSessionRequest {
    peer_id: Option<String>,
}

/// A session that was opened.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OpenedSession {
    id: String,
    started_at: Timestamp,
}

/// Begins a session: the context starts afresh for the peer, or for the caller's key.
pub(crate) async fn open(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
    OptionalJson(body): OptionalJson<OpenSessionRequest>,
) -> Result<Created<OpenedSession>, ApiError> {
    let session = app.chat.open(&caller, &id, body.peer_id).await?;
    Ok(Created(OpenedSession {
        id: session.id,
        started_at: session.started_at,
    }))
}
