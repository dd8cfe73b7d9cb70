//! Secrets of the agent, found in what leaves and taken out: as they are, and in the forms in which a tool or a
//! model may spell them (base64 at any offset, hex, percent-encoding, JSON escapes), also over the borders of chunks.
//!
//! All spellings are looked for at once, by one automaton: the time grows with the text and, where many secrets
//! end with one another, with their number; never with the text times the length of a secret. Texts of more than
//! [`INLINE_BYTES`] are worked on off the threads that serve requests.

mod json;
mod needles;
mod spellings;
mod stream;

use std::fmt;
use std::sync::Arc;

use needles::Needles;
use spellings::spellings;
pub(crate) use stream::RedactedStream;

use crate::Message;

/// What stands in a secret's place.
const MARK: &str = "[redacted]";
/// A shorter value can't be told from ordinary text, and is not looked for (bytes).
const SHORTEST: usize = 6;
/// The longest text that is worked on in place (bytes): some tens of microseconds, a millisecond at the very worst.
const INLINE_BYTES: usize = 16 << 10;

/// Knows the values of an agent's secrets. Cheap to clone.
#[derive(Clone, Default)]
pub struct Redactor(Known);

#[derive(Clone, Default)]
enum Known {
    /// There is nothing to look for.
    #[default]
    Nothing,
    Values(Arc<Needles>),
    /// There are too many values to look for: whatever is said may be one.
    TooMuch,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Known::Nothing => f.write_str("Redactor(0 forms)"),
            Known::Values(needles) => write!(f, "Redactor({} forms)", needles.count()),
            Known::TooMuch => f.write_str("Redactor(everything)"),
        }
    }
}

impl Redactor {
    /// Makes a redactor for these values. Values of fewer than six bytes are left out: they would turn
    /// ordinary text into holes.
    ///
    /// Takes about a millisecond for each KiB of values, and up to 1 KiB of memory for each of their bytes: more
    /// than a few belong off the threads that serve requests. Values beyond what an automaton can hold (gigabytes)
    /// make a redactor that takes out everything.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let long = values.into_iter().filter(|value| value.len() >= SHORTEST);
        let mut found: Vec<String> = long.flat_map(spellings).collect();
        found.sort_unstable();
        found.dedup();
        if found.is_empty() {
            return Self(Known::Nothing);
        }
        Self(
            Needles::new(&found).map_or(Known::TooMuch, |needles| Known::Values(Arc::new(needles))),
        )
    }

    /// `text` with every known value replaced by `[redacted]`.
    pub fn redact(&self, text: &str) -> String {
        let mut stream = self.stream();
        let mut clean = stream.push(text);
        clean.push_str(&stream.finish());
        clean
    }

    /// The beginning of a text of foreign length: at most `most` bytes of it, clean, for a text that goes on
    /// behind them. A value that is cut there is not in it, not even its first bytes.
    pub(crate) fn redact_beginning(&self, text: &str, most: usize) -> String {
        let window = most.saturating_add(self.longest());
        let mut clean = if text.len() <= window {
            self.redact(text)
        } else {
            let window = text.get(..text.floor_char_boundary(window));
            // Not finished: what is held back may be the beginning of a value.
            self.stream().push(window.unwrap_or_default())
        };
        clean.truncate(clean.floor_char_boundary(most));
        clean
    }

    /// As [`Redactor::redact_beginning`], for `most` bytes that may be many.
    pub(crate) async fn redact_long_beginning(&self, mut text: String, most: usize) -> String {
        if text.len() <= INLINE_BYTES {
            return self.redact_beginning(&text, most);
        }
        // One more than is looked at, so that it still counts as a text that goes on.
        let window = most.saturating_add(self.longest()).saturating_add(4);
        text.truncate(text.floor_char_boundary(window));
        let redactor = self.clone();
        let work = tokio::task::spawn_blocking(move || redactor.redact_beginning(&text, most));
        work.await.unwrap_or_else(|_| MARK.to_owned())
    }

    /// Cleans everything in a message that came from outside: every string of it, names of fields too.
    pub(crate) async fn redact_message(&self, mut message: Message) -> Message {
        if matches!(self.0, Known::Nothing) {
            return message;
        }
        if json::bytes_of(&message) <= INLINE_BYTES {
            json::redact_message(self, &mut message);
            return message;
        }
        let (redactor, role) = (self.clone(), message.role);
        let work = tokio::task::spawn_blocking(move || {
            json::redact_message(&redactor, &mut message);
            message
        });
        let parts = Vec::new();
        work.await.unwrap_or(Message { role, parts })
    }

    /// For text that comes in pieces.
    pub(crate) fn stream(&self) -> RedactedStream<'_> {
        RedactedStream::new(self)
    }

    /// The length of the longest spelling, in bytes.
    fn longest(&self) -> usize {
        match &self.0 {
            Known::Values(needles) => needles.longest(),
            Known::Nothing | Known::TooMuch => 0,
        }
    }
}

#[cfg(test)]
mod tests;
