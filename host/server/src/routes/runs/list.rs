//! `GET /v1/agents/{id}/runs`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_service::config::MAX_LISTED_RUNS;
use skillgate_service::{AgentId, RunId};
use skillgate_store::{RunStatus, RunSummary, Timestamp};

use super::get::RunErrorView;
use crate::envelope::{List, Pagination};
use crate::extract::{Caller, Id, Query};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct ListRunsQuery {
    /// 1 to 200; 50 when absent.
    limit: Option<i64>,
    /// The id of a run of this agent: only older ones are listed.
    before: Option<String>,
}

/// A run without its steps.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunListItem {
    id: String,
    agent_id: String,
    session_id: String,
    status: RunStatus,
    stop_reason: Option<String>,
    error: Option<RunErrorView>,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl From<RunSummary> for RunListItem {
    fn from(run: RunSummary) -> Self {
        Self {
            id: run.id,
            agent_id: run.agent_id,
            session_id: run.session_id,
            status: run.status,
            stop_reason: run.stop_reason,
            error: RunErrorView::of(run.error_code, run.error_message),
            created_at: run.created_at,
            ended_at: run.ended_at,
        }
    }
}

/// The runs of an agent, newest first.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
    Query(params): Query<ListRunsQuery>,
) -> Result<List<RunListItem>, ApiError> {
    let limit = params.limit.unwrap_or(50);
    if !(1..=MAX_LISTED_RUNS).contains(&limit) {
        return Err(ApiError::validation(format!(
            "limit: must be 1 to {MAX_LISTED_RUNS}."
        )));
    }
    let before: Option<RunId> = params.before.map(|id| id.parse()).transpose()?;
    let page = app.runs.list(&caller, &id, before.as_ref(), limit).await?;
    Ok(List {
        data: page.items.into_iter().map(RunListItem::from).collect(),
        pagination: Pagination {
            total: page.total.unsigned_abs(),
            limit: limit.unsigned_abs(),
            offset: page.offset.unsigned_abs(),
        },
    })
}
