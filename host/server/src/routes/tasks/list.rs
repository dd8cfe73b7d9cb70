//! `GET /v1/tasks`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use skillgate_service::ListTasks;
use skillgate_store::TaskStatus;

use super::get::TaskView;
use crate::envelope::List;
use crate::extract::{Caller, PageRange, Query};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListTasksQuery {
    /// `pending`, `approved`, `denied` or `expired`.
    status: Option<String>,
    agent_id: Option<String>,
    limit: Option<i64>,
    offset: Option<i64>,
}

/// Lists tasks, newest first.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<ListTasksQuery>,
) -> Result<List<TaskView>, ApiError> {
    let range = PageRange::of(params.limit, params.offset)?;
    let status = params.status.map(|status| status.parse::<TaskStatus>());
    let status = status
        .transpose()
        .map_err(|error| ApiError::validation(format!("status: {error}.")))?;
    let wanted = ListTasks {
        status,
        agent: params.agent_id.map(|id| id.parse()).transpose()?,
        limit: range.limit,
        offset: range.offset,
    };
    let page = app.tasks.list(&caller, &wanted).await?;
    let tasks = page.items.into_iter().map(TaskView::from).collect();
    Ok(range.page(tasks, page.total))
}
