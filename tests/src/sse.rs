//! Reads a stream of server-sent events, line by line, as RFC-minded clients do.

use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
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
    /// What came and is no whole event yet; a chunk may end inside a character.
    buffer: Vec<u8>,
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
        let chunks = response.bytes_stream();
        Self::of_chunks(chunks.map(|chunk| chunk.unwrap_or_default().to_vec()))
    }

    fn of_chunks(chunks: impl Stream<Item = Vec<u8>> + Send + 'static) -> Self {
        Self {
            bytes: chunks.boxed(),
            buffer: Vec::new(),
        }
    }

    /// The next event; `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                let event = parse(str::from_utf8(&block).unwrap());
                if event.is_some() {
                    return event;
                }
            }
            let chunk = self.bytes.next().await?;
            self.buffer.extend(chunk);
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

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::Events;

    #[tokio::test]
    async fn a_character_may_come_in_two_chunks() {
        let text = ": waits\n\nid: 1\ndata: é 東 \u{1f600}\n\ndata: b\n\n";
        for size in 1..text.len() {
            let chunks: Vec<Vec<u8>> = text.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
            let events = Events::of_chunks(stream::iter(chunks)).all().await;
            let data: Vec<&str> = events.iter().map(|event| event.data.as_str()).collect();
            assert_eq!(data, ["é 東 \u{1f600}", "b"], "chunks of {size} bytes");
        }
    }
}
