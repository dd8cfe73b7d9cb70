//! `GET /v1/agents/{id}/logs/stream`

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt};

use super::tail::Params;
use crate::extract::{Caller, Id, Query};
use crate::routes::chat::KEEP_ALIVE;
use crate::service::{agents, logs};
use crate::{ApiError, App};

/// The last lines of an agent's log, then every further one as it comes, while the agent lives.
pub(crate) async fn stream(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
    Query(params): Query<Params>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let agent = agents::get(&app, caller.account(), &id).await?;
    let place = app.streams().take(caller.account()).await.map_err(|_| {
        ApiError::unavailable("Too many logs of this account are followed. Close one of them.")
    })?;
    let lines = logs::follow(&app, &agent, params.count(200)?).await?;
    let events = lines.map(move |line| {
        let _place_while_it_is_followed = &place;
        Ok(Event::default().data(logs::show(&line)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}
