//! Reads a stream of server-sent events, line by line, as RFC-minded clients do.

use futures::StreamExt;
use futures::stream::BoxStream;
use serde_json::Value;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its `id:` line.
    pub id: Option<String>,
    /// Its `data:` lines.
    pub data: String,
}

impl Event {
    /// Its data as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data)
            .unwrap_or_else(|error| panic!("{:?} is no JSON: {error}", self.data))
    }
}

/// A stream of events that is being read.
pub struct Events {
    bytes: BoxStream<'static, Vec<u8>>,
    buffer: String,
}

impl Events {
    /// Reads the body of an answer.
    pub fn of(response: reqwest::Response) -> Self {
        let kind = response.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            kind.starts_with("text/event-stream"),
            "not a stream of events: {kind}"
        );
        let bytes = response
            .bytes_stream()
            .map(|chunk| chunk.unwrap_or_default().to_vec())
            .boxed();
        Self {
            bytes,
            buffer: String::new(),
        }
    }

    /// The next event; `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let event = parse(block);
                self.buffer = rest.to_owned();
                if event.is_some() {
                    return event;
                }
            }
            let chunk = self.bytes.next().await?;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event of this `type`.
    ///
    /// # Panics
    /// When the stream ends without one.
    pub async fn until(&mut self, kind: &str) -> Value {
        while let Some(event) = self.next().await {
            if event.json()["type"] == kind {
                return event.json();
            }
        }
        panic!("the stream ended without an event of type {kind}");
    }

    /// All that is left.
    pub async fn all(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

/// An event; `None` for a comment.
fn parse(block: &str) -> Option<Event> {
    let field = |name: &str| {
        let lines = block
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let lines: Vec<&str> = lines
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    };
    Some(Event {
        id: field("id"),
        data: field("data")?,
    })
}
