//! `delete`.

use skillgate_sdk::prelude::*;

use crate::store;

/// Deletes a note for good.
#[tool(destructive, idempotent, title = "Delete a note")]
pub(crate) fn delete(
    /// The note's number, as `list` and `search` give it.
    id: u32,
) -> Result<String, ToolError> {
    let note = store::get(id)?;
    store::delete(&note)?;
    Ok(format!("Deleted note {id}, \"{}\".", note.title))
}
