//! Where the events of a run wait for whoever reads them: bounded, and the run never waits.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::Notify;

use super::Event;

/// The most bytes that wait for one reader. A page of text for each second of a long answer; with a thousand
/// streams that nobody reads a gigabyte, and streams are limited apart from that.
const MAX_WAITING_BYTES: usize = 1 << 20;
/// What an event takes beside its texts (bytes).
const EVENT_BYTES: usize = 128;

/// Makes a queue for the events of one run.
///
/// Texts that wait are joined, so that a slow reader gets fewer and larger ones. When more than 1 MiB waits, what
/// waits is still given, then an [`Event::Error`] with the code `stream_lagged`, and then nothing: the run goes on
/// and its journal has the rest.
pub fn event_queue() -> (EventSender, EventReceiver) {
    let shared = Arc::new(Shared::default());
    let receiver = EventReceiver(Arc::clone(&shared));
    (EventSender(shared), receiver)
}

/// The run's end of the queue. Events end when it is dropped.
#[derive(Debug)]
pub struct EventSender(Arc<Shared>);

/// The reader's end of the queue. Dropping it does not disturb the run.
#[derive(Debug)]
pub struct EventReceiver(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Event>,
    bytes: usize,
    /// The reader fell behind: nothing more is taken in.
    lagged: bool,
    /// One of the two ends is gone.
    closed: bool,
}

impl EventSender {
    /// Adds an event; never waits. Nobody may be there to read it.
    pub fn send(&self, event: Event) {
        self.0.lock().add(event);
        self.0.changed.notify_one();
    }
}

impl Drop for EventSender {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_one();
    }
}

impl EventReceiver {
    /// Waits for the next event; `None` when there are no more.
    pub async fn recv(&mut self) -> Option<Event> {
        loop {
            {
                let mut state = self.0.lock();
                if let Some(event) = state.take() {
                    return Some(event);
                }
                if state.closed {
                    return None;
                }
            }
            self.0.changed.notified().await;
        }
    }

    /// The next event, if one waits.
    pub fn try_recv(&mut self) -> Option<Event> {
        self.0.lock().take()
    }

    /// How many events wait.
    pub fn waiting(&self) -> usize {
        self.0.lock().waiting.len()
    }
}

impl Drop for EventReceiver {
    fn drop(&mut self) {
        *self.0.lock() = State {
            closed: true,
            ..State::default()
        };
    }
}

impl Shared {
    /// A panic elsewhere leaves the state whole: nothing in between can panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, event: Event) {
        if self.closed || self.lagged {
            return;
        }
        let bytes = bytes_of(&event);
        // One event is always taken: only what piles up is too much.
        if !self.waiting.is_empty() && self.bytes + bytes > MAX_WAITING_BYTES {
            self.lagged = true;
            self.waiting.push_back(lagged());
            return;
        }
        self.bytes += bytes;
        match (self.waiting.back_mut(), event) {
            (Some(Event::Text { content }), Event::Text { content: more }) => {
                content.push_str(&more);
            }
            (_, event) => self.waiting.push_back(event),
        }
    }

    fn take(&mut self) -> Option<Event> {
        let event = self.waiting.pop_front()?;
        if self.waiting.is_empty() {
            self.bytes = 0;
            self.closed |= self.lagged;
        }
        Some(event)
    }
}

fn lagged() -> Event {
    Event::Error {
        code: "stream_lagged".to_owned(),
        message: "This stream was read too slowly and ends here. The run goes on: its answer will be in the history, \
                  and its steps in the run."
            .to_owned(),
    }
}

/// About what an event takes in memory.
fn bytes_of(event: &Event) -> usize {
    let texts = match event {
        Event::Text { content } => content.len(),
        Event::ToolCall {
            id,
            name,
            arguments,
            origin,
        } => id.len() + name.len() + bytes_of_json(arguments) + origin.bytes(),
        Event::ToolResult {
            id,
            name,
            content,
            origin,
            ..
        } => id.len() + name.len() + content.len() + origin.bytes(),
        Event::Error { code, message } => code.len() + message.len(),
        Event::Waiting { run_id, task_id } => run_id.len() + task_id.len(),
        Event::Usage { .. } | Event::Done { .. } => 0,
    };
    EVENT_BYTES + texts
}

fn bytes_of_json(value: &Value) -> usize {
    let inside = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(bytes_of_json).sum(),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| name.len() + bytes_of_json(value);
            fields.iter().map(field).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    inside + size_of::<Value>()
}

#[cfg(test)]
mod tests {
    use super::{Event, event_queue};

    fn text(length: usize) -> Event {
        let content = "x".repeat(length);
        Event::Text { content }
    }

    #[tokio::test]
    async fn waiting_texts_become_one_and_the_order_stays() {
        let (sender, mut receiver) = event_queue();
        let usage = Event::Usage {
            input_tokens: 1,
            output_tokens: 2,
        };
        for event in [text(1), text(2), usage.clone(), text(3)] {
            sender.send(event);
        }
        drop(sender);
        assert_eq!(receiver.waiting(), 3);
        assert_eq!(receiver.recv().await, Some(text(3)));
        assert_eq!(receiver.recv().await, Some(usage));
        assert_eq!(receiver.recv().await, Some(text(3)));
        assert_eq!(receiver.recv().await, None);
    }

    #[tokio::test]
    async fn a_reader_that_lags_is_told_and_gets_no_more() {
        let (sender, mut receiver) = event_queue();
        for _ in 0..10_000 {
            sender.send(text(1_000));
        }
        let waited = receiver.recv().await;
        assert!(
            matches!(&waited, Some(Event::Text { content }) if content.len() <= 1 << 20),
            "at most a mebibyte waited"
        );
        let last = receiver.recv().await;
        assert!(matches!(last, Some(Event::Error { code, .. }) if code == "stream_lagged"));
        sender.send(text(1));
        assert_eq!(receiver.recv().await, None);
    }

    #[tokio::test]
    async fn one_large_event_is_no_lag_and_nothing_is_kept_for_nobody() {
        let (sender, mut receiver) = event_queue();
        sender.send(text(5 << 20));
        assert_eq!(receiver.recv().await, Some(text(5 << 20)));
        sender.send(text(1));
        assert_eq!(receiver.recv().await, Some(text(1)));
        drop(receiver);
        sender.send(text(1));
        assert!(sender.0.lock().waiting.is_empty());
    }
}
