//! Text that comes in pieces, cleaned as it comes.

use aho_corasick::automaton::StateID;

use super::needles::Needles;
use super::{Known, MARK, Redactor};

/// Text of which the end may still turn out to be part of a secret.
///
/// Of several values in one place the one that begins first is replaced, of those the longest, and the search goes
/// on behind it: the same whatever the pieces are.
pub(crate) struct RedactedStream<'a>(Reading<'a>);

enum Reading<'a> {
    Nothing,
    Values(Search<'a>),
    TooMuch { told: bool },
}

impl<'a> RedactedStream<'a> {
    pub(super) fn new(redactor: &'a Redactor) -> Self {
        Self(match &redactor.0 {
            Known::Nothing => Reading::Nothing,
            Known::Values(needles) => Reading::Values(Search::new(needles)),
            Known::TooMuch => Reading::TooMuch { told: false },
        })
    }

    /// What may be shown now.
    pub(crate) fn push(&mut self, more: &str) -> String {
        match &mut self.0 {
            Reading::Nothing => more.to_owned(),
            Reading::Values(search) => search.push(more),
            Reading::TooMuch { told } if *told || more.is_empty() => String::new(),
            Reading::TooMuch { told } => {
                *told = true;
                MARK.to_owned()
            }
        }
    }

    /// The rest, once nothing follows.
    pub(crate) fn finish(self) -> String {
        match self.0 {
            Reading::Values(mut search) => search.finish(),
            Reading::Nothing | Reading::TooMuch { .. } => String::new(),
        }
    }
}

struct Search<'a> {
    needles: &'a Needles,
    state: StateID,
    /// What was read and not thrown away yet.
    text: String,
    /// For each byte of `text`: the length of the longest value that begins there and has ended; 0 for none.
    values: Vec<u32>,
    /// How much of `text` was given out, or replaced.
    given: usize,
}

impl<'a> Search<'a> {
    fn new(needles: &'a Needles) -> Self {
        Self {
            needles,
            state: needles.start(),
            text: String::new(),
            values: Vec::new(),
            given: 0,
        }
    }

    fn push(&mut self, more: &str) -> String {
        self.text.push_str(more);
        for byte in more.bytes() {
            self.read(byte);
        }
        let begun = self.needles.begun(self.state);
        self.give(self.text.len().saturating_sub(begun))
    }

    fn finish(&mut self) -> String {
        self.give(self.text.len())
    }

    fn read(&mut self, byte: u8) {
        self.state = self.needles.next(self.state, byte);
        self.values.push(0);
        let end = self.values.len();
        for length in self.needles.ending(self.state) {
            // One that began in what was replaced already is none.
            let start = end.checked_sub(length);
            if let Some(value) = start.and_then(|start| self.values.get_mut(start)) {
                // Those that end later are longer.
                *value = u32::try_from(length).unwrap_or(u32::MAX);
            }
        }
    }

    /// Cleans and gives out what lies before `end`; a value that begins before it is replaced as a whole. No value
    /// that has not ended yet begins before it.
    fn give(&mut self, end: usize) -> String {
        let mut clean = String::new();
        let mut plain = self.given;
        while self.given < end {
            match self.values.get(self.given) {
                Some(&length) if length > 0 => {
                    clean.push_str(self.text.get(plain..self.given).unwrap_or_default());
                    clean.push_str(MARK);
                    self.given += length as usize;
                    plain = self.given;
                }
                _ => self.given += 1,
            }
        }
        clean.push_str(self.text.get(plain..self.given).unwrap_or_default());
        self.forget();
        clean
    }

    /// Throws away what was given out, once it is the larger part: so each byte is moved at most once.
    fn forget(&mut self) {
        if self.given * 2 > self.text.len() {
            self.text.drain(..self.given);
            self.values.drain(..self.given);
            self.given = 0;
        }
    }
}
