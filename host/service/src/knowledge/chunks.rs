//! Chunks of text that come in, checked.

use serde_json::{Map, Value};
use skillgate_agent::nests_deeper_than;

use crate::ServiceError;
use crate::config::{
    MAX_CHUNK_CHARS, MAX_CHUNKS, MAX_METADATA_BYTES, MAX_METADATA_DEPTH, MAX_SENT_METADATA_BYTES,
    MAX_SOURCE_CHARS,
};

/// A chunk of text to be ingested.
#[derive(Debug, Clone)]
pub struct KnowledgeChunk {
    /// 1 to 4,000 characters.
    pub text: String,
    /// Where it is from, such as the name of a file: 1 to 2,000 characters.
    pub source: String,
    /// A JSON object of keys and values, at most 8 KiB without spaces, as it was sent: parsed, a few bytes may take hundreds of memory.
    /// Its `type`, when it is a text, is shown with the entry.
    pub metadata: Option<String>,
}

/// A chunk that is acceptable.
pub(super) struct Checked {
    pub(super) text: String,
    pub(super) source: String,
    /// `type` of the metadata.
    pub(super) kind: Option<String>,
    /// A JSON object.
    pub(super) metadata: String,
}

/// Checks all chunks of a request. Their metadata is parsed one after the other, which takes milliseconds.
///
/// # Errors
/// `Invalid` naming the first field that is not acceptable.
pub(super) fn check(chunks: Vec<KnowledgeChunk>) -> Result<Vec<Checked>, ServiceError> {
    if !(1..=MAX_CHUNKS).contains(&chunks.len()) {
        return Err(ServiceError::invalid(format!(
            "chunks: must have 1 to {MAX_CHUNKS} chunks, not {}.",
            chunks.len()
        )));
    }
    let numbered = chunks.into_iter().enumerate();
    numbered.map(|(at, chunk)| check_chunk(at, chunk)).collect()
}

fn check_chunk(at: usize, chunk: KnowledgeChunk) -> Result<Checked, ServiceError> {
    let KnowledgeChunk {
        text,
        source,
        metadata,
    } = chunk;
    check_text(&format!("chunks[{at}].text"), &text, MAX_CHUNK_CHARS)?;
    check_text(&format!("chunks[{at}].source"), &source, MAX_SOURCE_CHARS)?;
    let metadata = metadata.as_deref().unwrap_or("{}");
    let (kind, metadata) = check_metadata(metadata)
        .map_err(|why| ServiceError::invalid(format!("chunks[{at}].metadata: {why}")))?;
    Ok(Checked {
        text,
        source,
        kind,
        metadata,
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

/// The `type` of metadata, and the metadata without spaces; or what is wrong with it.
fn check_metadata(sent: &str) -> Result<(Option<String>, String), String> {
    let too_large = |bytes| format!("must have at most {MAX_METADATA_BYTES} bytes, not {bytes}.");
    if sent.len() > MAX_SENT_METADATA_BYTES {
        return Err(too_large(sent.len()));
    }
    let metadata: Map<String, Value> =
        serde_json::from_str(sent).map_err(|error| format!("must be an object: {error}."))?;
    let is_too_deep = metadata
        .values()
        .any(|value| nests_deeper_than(value, MAX_METADATA_DEPTH - 1));
    if is_too_deep {
        return Err(format!(
            "must not be nested more than {MAX_METADATA_DEPTH} deep."
        ));
    }
    let kind = metadata.get("type").and_then(Value::as_str);
    let kind = kind.map(str::to_owned);
    let text = Value::Object(metadata).to_string();
    match text.len() > MAX_METADATA_BYTES {
        true => Err(too_large(text.len())),
        false => Ok((kind, text)),
    }
}
