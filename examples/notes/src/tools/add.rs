//! `add`.

use skillgate_sdk::prelude::*;

use crate::note::{self, Note};
use crate::store;

/// Keeps a note and gives its number.
#[tool(title = "Add a note")]
pub(crate) fn add(
    /// What the note is about, in a few words.
    #[schemars(length(min = 1, max = 200))]
    title: String,
    /// The note itself; Markdown is welcome.
    #[schemars(length(min = 1, max = 50000))]
    text: String,
) -> Result<Json<Note>, ToolError> {
    let title = note::given("title", &title, note::TITLE)?;
    let text = note::given("text", &text, note::TEXT)?;
    Ok(Json(store::add(title, text)?))
}
