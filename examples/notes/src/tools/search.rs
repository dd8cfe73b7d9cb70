//! `search`.

use schemars::JsonSchema;
use serde::Serialize;
use skillgate_sdk::prelude::*;

use crate::note::{self, Note};
use crate::store;

/// How many notes are found at most.
const MOST: usize = 50;
/// How many characters are shown on either side of the first word found.
const AROUND: usize = 80;

/// The notes found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    /// Oldest first; at most 50.
    notes: Vec<Hit>,
}

/// A note found.
#[derive(Serialize, JsonSchema)]
struct Hit {
    #[serde(flatten)]
    note: Note,
    /// The text around the first word found.
    excerpt: String,
}

/// Finds notes in which all the words occur, in title or text.
#[tool(read_only, idempotent, title = "Search the notes")]
pub(crate) fn search(
    /// One or more words; upper and lower case are the same.
    #[schemars(length(min = 1, max = 200))]
    query: String,
) -> Result<Json<Found>, ToolError> {
    let query = note::given("query", &query, note::TITLE)?.to_lowercase();
    let words: Vec<&str> = query.split_whitespace().collect();
    let mut notes = Vec::new();
    for note in store::all()? {
        let text = store::text(&note)?;
        let searched = format!("{}\n{text}", note.title).to_lowercase();
        if words.iter().all(|word| searched.contains(word)) {
            notes.push(Hit {
                excerpt: excerpt(&text, words[0]),
                note,
            });
        }
        if notes.len() == MOST {
            break;
        }
    }
    Ok(Json(Found { notes }))
}

/// The text around the first place of `word`, which is in lower case; the text's beginning when
/// the word is in the title only.
fn excerpt(text: &str, word: &str) -> String {
    let lower = text.to_lowercase();
    // Lower-casing keeps the number of characters but for a few letters, and then the excerpt
    // is a little off.
    let place = lower
        .find(word)
        .map_or(0, |byte| lower[..byte].chars().count());
    let from = place.saturating_sub(AROUND);
    let shown: String = text.chars().skip(from).take(2 * AROUND).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if text.chars().nth(from + 2 * AROUND).is_some() {
        "…"
    } else {
        ""
    };
    format!("{before}{shown}{after}")
}
