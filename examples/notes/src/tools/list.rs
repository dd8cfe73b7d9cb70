//! `list`.

use skillgate_sdk::prelude::*;

use crate::note::Notes;
use crate::store;

/// Lists all notes with their numbers and titles, oldest first.
#[tool(read_only, idempotent, title = "List the notes")]
pub(crate) fn list() -> Result<Json<Notes>, ToolError> {
    Ok(Json(Notes {
        notes: store::all()?,
    }))
}
