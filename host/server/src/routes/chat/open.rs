//! `POST /v1/agents/{id}/chat/sessions`

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Created;
use crate::extract::{Caller, Id, OptionalJson};
use crate::service::chat;
use crate::{ApiError, App};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Body {
    peer_id: Option<String>,
}

/// Begins a session: the context starts afresh for the peer, or for the caller's key.
pub(crate) async fn open(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
    OptionalJson(body): OptionalJson<Body>,
) -> Result<Created<Value>, ApiError> {
    let session = chat::open(&app, caller.account(), caller.key(), &id, body.peer_id).await?;
    Ok(Created(
        json!({ "id": session.id, "startedAt": session.started_at }),
    ))
}
