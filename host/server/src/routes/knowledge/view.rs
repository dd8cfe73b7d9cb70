//! An entry of knowledge as the API shows it.

use schemars::JsonSchema;
use serde::Serialize;
use skillgate_store::{KnowledgeEntry, Timestamp};

/// An entry of knowledge.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KnowledgeEntryView {
    id: String,
    text: String,
    source: String,
    /// `type` of the metadata that it was stored with.
    r#type: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<KnowledgeEntry> for KnowledgeEntryView {
    fn from(entry: KnowledgeEntry) -> Self {
        Self {
            id: entry.id,
            text: entry.text,
            source: entry.source,
            r#type: entry.kind,
            created_at: entry.created_at,
            updated_at: entry.updated_at,
        }
    }
}
