//! `GET /v1/runs/{id}/events`

use axum::extract::State;
use http::HeaderMap;
use skillgate_service::{EventId, RunId};

use crate::event_stream::EventStream;
use crate::extract::{Caller, Id};
use crate::run_events::{RunEventView, run_events};
use crate::{ApiError, App};

/// The events of a run from its beginning, or behind the one that the header Last-Event-ID names, and every further one as
/// it comes, until the run ends.
pub(crate) async fn events(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<RunId>,
    headers: HeaderMap,
) -> Result<EventStream<RunEventView>, ApiError> {
    let after = last_event_id(&headers)?;
    Ok(run_events(app.runs.listen(&caller, &id, after).await?))
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<EventId>, ApiError> {
    let id = headers.get("last-event-id");
    // What is no text is no id either, and says so.
    let id = id.map(|id| id.to_str().unwrap_or("?").parse());
    Ok(id.transpose()?)
}
