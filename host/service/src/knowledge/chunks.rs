//! Chunks of text that come in, checked.

use serde_json::{Map, Value};
use skillgate_agent::nests_deeper_than;

use crate::ServiceError;
use crate::config::{
    MAX_CHUNK_CHARS, MAX_CHUNKS, MAX_METADATA_BYTES, MAX_METADATA_DEPTH, MAX_SOURCE_CHARS,
};

/// A chunk of text to be ingested.
#[derive(Debug, Clone)]
pub struct KnowledgeChunk {
    /// 1 to 4,000 characters.
    pub text: String,
    /// Where it is from, such as the name of a file: 1 to 2,000 characters.
    pub source: String,
    /// Keys and values, at most 8 KiB; `type`, when it is a text, is shown with the entry.
    pub metadata: Map<String, Value>,
}

impl KnowledgeChunk {
    /// `type` of the metadata.
    pub(super) fn kind(&self) -> Option<String> {
        let kind = self.metadata.get("type")?;
        kind.as_str().map(str::to_owned)
    }
}

/// Checks all chunks of a request.
///
/// # Errors
/// `Invalid` naming the first field that is not acceptable.
pub(super) fn check(chunks: &[KnowledgeChunk]) -> Result<(), ServiceError> {
    if !(1..=MAX_CHUNKS).contains(&chunks.len()) {
        return Err(ServiceError::invalid(format!(
            "chunks: must have 1 to {MAX_CHUNKS} chunks, not {}.",
            chunks.len()
        )));
    }
    chunks.iter().enumerate().try_for_each(|(at, chunk)| {
        check_text(&format!("chunks[{at}].text"), &chunk.text, MAX_CHUNK_CHARS)?;
        check_text(
            &format!("chunks[{at}].source"),
            &chunk.source,
            MAX_SOURCE_CHARS,
        )?;
        check_metadata(at, &chunk.metadata)
    })
}

/// A text is kept as it was sent, space around it too.
pub(super) fn check_text(field: &str, text: &str, most: usize) -> Result<(), ServiceError> {
    if text.trim().is_empty() || text.chars().nth(most).is_some() {
        return Err(ServiceError::invalid(format!(
            "{field}: must have 1 to {most} characters, not only space."
        )));
    }
    Ok(())
}

fn check_metadata(at: usize, metadata: &Map<String, Value>) -> Result<(), ServiceError> {
    let is_too_deep = metadata
        .values()
        .any(|value| nests_deeper_than(value, MAX_METADATA_DEPTH - 1));
    if is_too_deep {
        return Err(ServiceError::invalid(format!(
            "chunks[{at}].metadata: must not be nested more than {MAX_METADATA_DEPTH} deep."
        )));
    }
    let bytes = serde_json::to_string(metadata)
        .map_err(ServiceError::internal)?
        .len();
    if bytes > MAX_METADATA_BYTES {
        return Err(ServiceError::invalid(format!(
            "chunks[{at}].metadata: must have at most {MAX_METADATA_BYTES} bytes, not {bytes}."
        )));
    }
    Ok(())
}
