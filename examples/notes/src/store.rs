//! Where notes are kept: `note/<id>` in the key-value store, and `<id>.txt` in the folder `notes`.
//!
//! The record is written after the text and removed before it, so that a call that is cut short
//! may leave a text that nobody sees, and never a note without its text.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use skillgate_sdk::{ToolError, files, kv};

use crate::date;
use crate::note::Note;

/// The number given out last.
const LAST: &str = "last";
const PREFIX: &str = "note/";

/// Keeps a new note.
pub(crate) fn add(title: &str, text: &str) -> Result<Note, ToolError> {
    let (id, mut file) = new_file()?;
    if let Err(error) = file.write_all(text.as_bytes()) {
        drop(file);
        fs::remove_file(path(id))?;
        return Err(error.into());
    }
    let note = Note {
        id,
        title: title.to_owned(),
        created: date::now(),
    };
    kv::set_json(LAST, &id)?;
    kv::set_json(&key(id), &note)?;
    Ok(note)
}

/// The next number and its file. Two calls at once can't get the same: the file decides.
fn new_file() -> Result<(u32, File), ToolError> {
    let mut id = kv::get_json::<u32>(LAST)?.unwrap_or(0) + 1;
    loop {
        match File::create_new(path(id)) {
            Ok(file) => return Ok((id, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => id += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// All notes, oldest first.
pub(crate) fn all() -> Result<Vec<Note>, ToolError> {
    let mut notes = Vec::new();
    for key in kv::keys()?.iter().filter(|key| key.starts_with(PREFIX)) {
        // A note that another call deletes meanwhile is simply not there any more.
        notes.extend(kv::get_json::<Note>(key)?);
    }
    notes.sort_by_key(|note| note.id);
    Ok(notes)
}

/// One note.
pub(crate) fn get(id: u32) -> Result<Note, ToolError> {
    kv::get_json(&key(id))?.ok_or_else(|| {
        let message = format!("there is no note {id}; `list` gives the notes there are");
        ToolError::InvalidArguments(message)
    })
}

/// The text of a note.
pub(crate) fn text(note: &Note) -> Result<String, ToolError> {
    fs::read_to_string(path(note.id)).map_err(|error| {
        ToolError::Failed(format!(
            "the text of note {} can't be read: {error}",
            note.id
        ))
    })
}

/// Removes a note for good.
pub(crate) fn delete(note: &Note) -> Result<(), ToolError> {
    kv::delete(&key(note.id))?;
    Ok(fs::remove_file(path(note.id))?)
}

fn key(id: u32) -> String {
    format!("{PREFIX}{id}")
}

fn path(id: u32) -> PathBuf {
    files::folder("notes").join(format!("{id}.txt"))
}
