//! Server-sent events, as every stream of the API is sent.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use http::{HeaderName, HeaderValue};

/// How long a stream is silent at most: a comment keeps it open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Tells nginx, and others that read it, to pass events on as they come (nginx, `proxy_buffering`).
const UNBUFFERED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);

/// An answer that is a stream of events, each with an `E` as its data.
pub(crate) struct EventStream<E>(Response, PhantomData<fn() -> E>);

impl<E> IntoResponse for EventStream<E> {
    fn into_response(self) -> Response {
        self.0
    }
}

/// Answers 200 with `events`, until they end.
pub(crate) fn event_stream<E>(
    events: impl Stream<Item = Event> + Send + 'static,
) -> EventStream<E> {
    let sse = Sse::new(events.map(Ok::<_, Infallible>));
    let sse = sse.keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    EventStream(([UNBUFFERED], sse).into_response(), PhantomData)
}
