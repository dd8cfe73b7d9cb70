//! `read`.

use skillgate_sdk::prelude::*;

use crate::store;

/// Gives one note in full.
#[tool(read_only, idempotent, title = "Read a note")]
pub(crate) fn read(
    /// The note's number, as `list` and `search` give it.
    id: u32,
) -> Result<String, ToolError> {
    let note = store::get(id)?;
    let text = store::text(&note)?;
    Ok(format!(
        "{} (note {id}, {})\n\n{text}",
        note.title, note.created
    ))
}
