//! `POST /v1/runs/{id}/cancel`

use axum::extract::State;
use skillgate_service::RunId;

use super::get::{RunView, run_view};
use crate::envelope::Data;
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// Ends a run, also one that waits for its turn. What it said is kept. One that has ended is left as it is.
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<RunId>,
) -> Result<Data<RunView>, ApiError> {
    let run = app.runs.cancel(&caller, &id).await?;
    let page = app.runs.steps(&caller, &id, -1).await?;
    Ok(Data {
        data: run_view(run, page),
    })
}
