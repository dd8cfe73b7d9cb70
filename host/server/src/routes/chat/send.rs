//! `POST /v1/agents/{id}/chat/messages`

use axum::extract::State;
use axum::response::sse::Event;
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use skillgate_service::{AgentId, SendMessage};

use super::event::ChatEvent;
use crate::event_stream::{EventStream, event_stream};
use crate::extract::{Caller, Id, Json};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SendMessageRequest {
    message: String,
    session_id: Option<String>,
    peer_id: Option<String>,
    context: Option<Value>,
}

/// Says something to an agent and streams what happens. Each event has an id, `<runId>:<n>`.
pub(crate) async fn send(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
    Json(body): Json<SendMessageRequest>,
) -> Result<EventStream<ChatEvent>, ApiError> {
    let ask = SendMessage {
        message: body.message,
        session: body.session_id.map(|id| id.parse()).transpose()?,
        peer: body.peer_id,
        context: body.context,
    };
    let running = app.chat.send(&caller, &id, ask).await?;
    let (run, listener) = (running.run, running.listener);
    let events = stream::unfold(running.events, |mut events| async move {
        let event = events.recv().await?;
        Some((event, events))
    });
    let events = events.enumerate().map(move |(number, event)| {
        let _place_until_all_is_sent = &listener;
        let data = serde_json::to_string(&event).unwrap_or_default();
        Event::default()
            .id(format!("{run}:{}", number + 1))
            .data(data)
    });
    Ok(event_stream(events))
}
