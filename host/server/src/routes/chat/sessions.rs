//! `GET /v1/agents/{id}/chat/sessions`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::AgentId;
use skillgate_service::config::MAX_LISTED_SESSIONS;
use skillgate_store::{Session, Timestamp};

use crate::envelope::{List, Pagination};
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionView {
    id: String,
    name: Option<String>,
    channel: String,
    started_at: Timestamp,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            name: session.name,
            channel: session.channel,
            started_at: session.started_at,
        }
    }
}

/// The latest sessions, newest first.
pub(crate) async fn sessions(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Result<List<SessionView>, ApiError> {
    let page = app.chat.sessions(&caller, &id).await?;
    let limit = MAX_LISTED_SESSIONS.unsigned_abs();
    let pagination = Pagination {
        total: page.total.unsigned_abs(),
        limit,
        offset: 0,
    };
    Ok(List {
        data: page.items.into_iter().map(SessionView::from).collect(),
        pagination,
    })
}
