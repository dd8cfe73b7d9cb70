//! `POST /v1/agents/{id}/chat/messages`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use skillgate_service::{AgentId, SendMessage};

use crate::event_stream::EventStream;
use crate::extract::{Caller, Id, Json};
use crate::run_events::{RunEventView, run_events};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SendMessageRequest {
    message: String,
    session_id: Option<String>,
    peer_id: Option<String>,
    context: Option<Value>,
}

/// Says something to an agent and streams what happens. Each event has an id, with which `GET /v1/runs/{id}/events` goes on
/// behind it.
pub(crate) async fn send(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
    Json(body): Json<SendMessageRequest>,
) -> Result<EventStream<RunEventView>, ApiError> {
    let ask = SendMessage {
        message: body.message,
        session: body.session_id.map(|id| id.parse()).transpose()?,
        peer: body.peer_id,
        context: body.context,
    };
    Ok(run_events(app.chat.send(&caller, &id, ask).await?))
}
