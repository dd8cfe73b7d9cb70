//! `GET /v1/agents/{id}/logs/stream`

use axum::extract::State;
use axum::response::sse::Event;
use futures::StreamExt;
use http::HeaderMap;

use super::tail::ReadLogQuery;
use skillgate_service::AgentId;
use skillgate_service::logs::{FollowFrom, Followed, format_line};

use crate::event_stream::{EventStream, event_stream};
use crate::extract::{Caller, Id, Query};
use crate::{ApiError, App};

/// The last lines of an agent's log, then every further one as it comes, while the agent lives. The id of an event is the
/// line's number; with it in the header Last-Event-ID the stream goes on behind that line.
pub(crate) async fn stream(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
    Query(params): Query<ReadLogQuery>,
    headers: HeaderMap,
) -> Result<EventStream<String>, ApiError> {
    let from = match last_event_id(&headers)? {
        Some(number) => FollowFrom::After(number),
        None => FollowFrom::Last(params.count(200)?),
    };
    let agent = app.agents.get(&caller, &id).await?;
    let followed = app.logs.follow(&agent, from).await?;
    let events = followed.map(|followed| match followed {
        Followed::Line(line) => Event::default()
            .id(line.seq.to_string())
            .data(format_line(&line)),
        Followed::Gone { first_kept } => Event::default().data(format!(
            "The lines before number {first_kept} that were not read yet are not kept any more."
        )),
    });
    Ok(event_stream(events))
}

/// The number of the last line that the caller has.
fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let Some(id) = headers.get("last-event-id") else {
        return Ok(None);
    };
    let number = id.to_str().ok().and_then(|text| text.parse().ok());
    let number = number.filter(|number: &i64| *number >= 0);
    number.map(Some).ok_or_else(|| {
        ApiError::validation("Last-Event-ID: must be the id of an event of this stream, a number.")
    })
}
