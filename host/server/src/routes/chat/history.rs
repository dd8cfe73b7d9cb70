//! `GET /v1/agents/{id}/chat/messages`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_service::{AgentId, SessionId};
use skillgate_store::{Role, Timestamp};

use crate::envelope::{List, Pagination};
use crate::extract::{Caller, Id, Query};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListMessagesQuery {
    session_id: Option<String>,
    limit: Option<i64>,
    since: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct MessageView {
    role: Role,
    content: String,
    timestamp: Timestamp,
}

/// What was said, oldest first.
pub(crate) async fn history(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
    Query(params): Query<ListMessagesQuery>,
) -> Result<List<MessageView>, ApiError> {
    let limit = params.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(ApiError::validation("limit: must be 1 to 200."));
    }
    let since = params.since.map(|text| {
        text.parse()
            .map_err(|error| ApiError::validation(format!("since: {error}.")))
    });
    let session: Option<SessionId> = params.session_id.map(|id| id.parse()).transpose()?;
    let page = app
        .chat
        .read(&caller, &id, session.as_ref(), since.transpose()?, limit)
        .await?;
    let view = |said: skillgate_store::Said| MessageView {
        role: said.role,
        content: said.content,
        timestamp: said.created_at,
    };
    let pagination = Pagination {
        total: page.total.unsigned_abs(),
        limit: limit.unsigned_abs(),
        offset: 0,
    };
    Ok(List {
        data: page.items.into_iter().map(view).collect(),
        pagination,
    })
}
