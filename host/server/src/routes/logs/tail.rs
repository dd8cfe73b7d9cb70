//! `GET /v1/agents/{id}/logs`

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Data;
use crate::extract::{Caller, Id, Query};
use crate::service::{agents, logs};
use crate::{ApiError, App};

#[derive(Deserialize)]
pub(crate) struct Params {
    tail: Option<i64>,
}

impl Params {
    /// How many lines; `default` when the query does not say.
    pub(crate) fn count(&self, default: i64) -> Result<i64, ApiError> {
        let count = self.tail.unwrap_or(default);
        let message = format!("tail: must be 0 to {}.", logs::MOST);
        if (0..=logs::MOST).contains(&count) {
            Ok(count)
        } else {
            Err(ApiError::validation(message))
        }
    }
}

/// The last lines of an agent's log, as one text.
pub(crate) async fn tail(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
    Query(params): Query<Params>,
) -> Result<Data<Value>, ApiError> {
    let agent = agents::get(&app, caller.account(), &id).await?;
    let logs = logs::tail(&app, &agent, params.count(100)?).await?;
    Ok(Data {
        data: json!({ "logs": logs }),
    })
}
