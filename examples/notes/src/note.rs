//! What a note is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_sdk::ToolError;

/// The longest title, in characters.
pub(crate) const TITLE: usize = 200;
/// The longest text, in characters.
pub(crate) const TEXT: usize = 50_000;

/// A note without its text.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// Its number; never used again for another note.
    pub id: u32,
    /// What it is about.
    pub title: String,
    /// When it was added: date and time in UTC, such as `2026-03-01 12:30`.
    pub created: String,
}

/// Some notes, in the order in which they were added.
#[derive(Serialize, JsonSchema)]
pub struct Notes {
    /// The notes, oldest first.
    pub notes: Vec<Note>,
}

/// A given text without the space around it, when it is there and not too long.
pub(crate) fn given<'a>(name: &str, text: &'a str, most: usize) -> Result<&'a str, ToolError> {
    let text = text.trim();
    let length = text.chars().count();
    let wrong = match length {
        0 => format!("`{name}` is empty"),
        _ if length > most => {
            format!("`{name}` has {length} characters; at most {most} are allowed")
        }
        _ => return Ok(text),
    };
    Err(ToolError::InvalidArguments(wrong))
}
