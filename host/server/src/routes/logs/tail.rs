//! `GET /v1/agents/{id}/logs`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_service::AgentId;
use skillgate_service::logs::MAX_TAIL_LINES;

use crate::envelope::Data;
use crate::extract::{Caller, Id, Query};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct ReadLogQuery {
    tail: Option<i64>,
}

impl ReadLogQuery {
    /// How many lines; `default` when the query does not say.
    pub(crate) fn count(&self, default: i64) -> Result<i64, ApiError> {
        let count = self.tail.unwrap_or(default);
        let message = format!("tail: must be 0 to {}.", MAX_TAIL_LINES);
        if (0..=MAX_TAIL_LINES).contains(&count) {
            Ok(count)
        } else {
            Err(ApiError::validation(message))
        }
    }
}

/// The lines of a log, as one text.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LogText {
    logs: String,
}

/// The last lines of an agent's log, as one text.
pub(crate) async fn tail(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
    Query(params): Query<ReadLogQuery>,
) -> Result<Data<LogText>, ApiError> {
    let agent = app.agents.get(&caller, &id).await?;
    let logs = app.logs.tail(&agent, params.count(100)?).await?;
    Ok(Data {
        data: LogText { logs },
    })
}
