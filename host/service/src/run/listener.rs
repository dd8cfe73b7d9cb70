//! Listening to a run: what its journal has behind a position, then what happens, as the listener takes it.

use std::collections::VecDeque;
use std::time::Duration;

use skillgate_agent::Failure;
use skillgate_runtime::Place;
use skillgate_store::{Run, Step as Row, Store, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::RunDriver;
use super::event::{EventId, Following, Position, RunEvent, StepEvents};
use super::hub::{Listening, Next};

/// How long a listener waits after the journal could not be read.
const PAUSE: Duration = Duration::from_secs(1);

/// A listener of one run. It holds a page of the journal at most, whatever it has still to read, and never makes the run
/// wait.
pub struct RunListener {
    store: Store,
    account: String,
    run: String,
    live: Listening,
    news: watch::Receiver<()>,
    closing: CancellationToken,
    position: Position,
    page: VecDeque<StepEvents>,
    page_bytes: i64,
    /// Whether the journal has no more than was read of it, but for what the hub tells.
    is_read: bool,
    /// Whether the run had ended before: then the journal is all there is.
    had_ended: bool,
    is_over: bool,
    _place: Place,
}

impl RunDriver {
    /// Listens to a run from a position on. `place` is given up when the listener is dropped.
    pub(crate) fn listen(&self, run: &Run, from: Position, place: Place) -> RunListener {
        let live = self.hub.run(&run.id);
        RunListener {
            store: self.store.clone(),
            account: run.account_id.clone(),
            run: run.id.clone(),
            news: live.news(),
            live: live.listen(),
            closing: self.background.closing().clone(),
            position: from,
            page: VecDeque::new(),
            page_bytes: self.event_page_bytes,
            is_read: false,
            had_ended: run.ended_at.is_some(),
            is_over: false,
            _place: place,
        }
    }
}

impl RunListener {
    /// Waits for the next event; `None` when there are no more: the run has ended, or cannot be followed here.
    pub async fn next(&mut self) -> Option<(EventId, RunEvent)> {
        while !self.is_over {
            self.news.borrow_and_update();
            match self.following() {
                Next::Event(position, event) => {
                    self.position = position;
                    return Some((self.id(), event));
                }
                Next::Lost => return self.reset().await,
                Next::Interrupted(why) => return Some(self.end_with(why)),
                Next::Ended => self.is_over = true,
                Next::Behind => self.read().await,
                Next::Nothing if !self.is_read => self.read().await,
                Next::Nothing if self.had_ended => self.is_over = true,
                Next::Nothing => {
                    if let Some(why) = self.wait().await {
                        return Some(self.end_with(why));
                    }
                }
            }
        }
        None
    }

    /// What follows: of the page first, then of what the hub keeps.
    fn following(&mut self) -> Next {
        while let Some(events) = self.page.front() {
            self.position = self.position.max(Position::before(events.step));
            match events.after(self.position) {
                Following::Event(position, event) => return Next::Event(position, event),
                Following::Lost => return Next::Lost,
                Following::Nothing if events.ends_run => return Next::Ended,
                Following::Nothing => {
                    self.position = Position::before(events.step.saturating_add(1));
                    self.page.pop_front();
                }
            }
        }
        self.live.run().following(&mut self.position)
    }

    /// Reads on in the journal. What can't be read now is read again after a pause.
    async fn read(&mut self) {
        let behind = self.position.step.saturating_sub(1);
        let page = self
            .store
            .steps_after(&self.account, &self.run, behind, self.page_bytes);
        match page.await {
            // The run is no more.
            Ok(page) if page.steps.is_empty() && self.is_read => self.is_over = true,
            Ok(page) => {
                self.is_read = !page.truncated;
                let events = page.steps.into_iter().map(|row| events_of(&self.run, row));
                self.page = events.collect();
            }
            Err(error) => self.pause(&error).await,
        }
    }

    /// Takes back what came after the last event that holds.
    async fn reset(&mut self) -> Option<(EventId, RunEvent)> {
        self.position = Position::before(self.position.step);
        loop {
            match self.last_event().await {
                Ok(to_event) => return Some((self.id(), RunEvent::Reset { to_event })),
                Err(error) => self.pause(&error).await,
            }
            if self.closing.is_cancelled() {
                self.is_over = true;
                return None;
            }
        }
    }

    /// The last event before the position.
    async fn last_event(&self) -> Result<Option<EventId>, StoreError> {
        let mut before = self.position.step;
        loop {
            let step = self
                .store
                .step_before(&self.account, &self.run, before)
                .await?;
            let Some(row) = step else {
                return Ok(None);
            };
            before = row.seq;
            if let Some(position) = events_of(&self.run, row).last() {
                let run = self.run.clone();
                return Ok(Some(EventId { run, position }));
            }
        }
    }

    async fn pause(&self, error: &StoreError) {
        tracing::error!(%error, run = self.run, "the journal of a run could not be read");
        let pause = tokio::time::sleep(PAUSE);
        self.closing.run_until_cancelled(pause).await;
    }

    /// Waits until there is something new. A run that nobody drives here does not go on once the server is closing.
    async fn wait(&mut self) -> Option<Failure> {
        let is_driven = self.live.run().is_driven();
        tokio::select! {
            _ = self.news.changed() => None,
            () = self.closing.cancelled(), if !is_driven => Some(closing()),
        }
    }

    fn end_with(&mut self, why: Failure) -> (EventId, RunEvent) {
        self.is_over = true;
        (self.id(), why.into())
    }

    fn id(&self) -> EventId {
        EventId {
            run: self.run.clone(),
            position: self.position,
        }
    }
}

/// Why a run that has not ended cannot be followed any further here.
pub(super) fn closing() -> Failure {
    Failure {
        code: "unavailable".to_owned(),
        message: "The server is shutting down. The run goes on after its restart; its answer will be in the history."
            .to_owned(),
    }
}

fn events_of(run: &str, row: Row) -> StepEvents {
    match serde_json::from_value(row.body) {
        Ok(step) => StepEvents::of(run, row.seq, &step),
        Err(_) => StepEvents::unreadable(row.seq),
    }
}
