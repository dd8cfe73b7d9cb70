//! Knowledge that comes in: embedded, compared with what is there, stored.

use std::sync::Arc;

use skillgate_agent::embedding::words;
use skillgate_store::{
    KnowledgeAdded, KnowledgeOwner, MostKnowledge, NewKnowledge, NewKnowledgeEntry, knowledge_terms,
};
use tokio::task::spawn_blocking;

use super::cache::Snapshot;
use super::chunks::{Checked, KnowledgeChunk, check};
use super::vectors::{Vectors, quantise};
use super::{Knowledge, KnowledgeTarget};
use crate::config::DUPLICATE_COSINE;
use crate::{Actor, ServiceError};

/// How often chunks are compared again because others changed the same knowledge meanwhile.
const ATTEMPTS: usize = 8;

/// What became of the chunks of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ingested {
    /// Stored as entries.
    pub stored: usize,
    /// Left out, because an entry says the same.
    pub skipped: usize,
}

impl Knowledge {
    /// Stores chunks as entries of an agent or a swarm; those that say what an entry, or an earlier chunk, says already are
    /// left out. All are stored, or none.
    ///
    /// # Errors
    /// `Invalid` for a chunk that is not acceptable, `NotFound`, `LimitReached`, `Provider` when the embedding provider fails.
    pub async fn ingest(
        &self,
        actor: &Actor,
        target: &KnowledgeTarget,
        chunks: Vec<KnowledgeChunk>,
    ) -> Result<Ingested, ServiceError> {
        let total = chunks.len();
        let checked = spawn_blocking(move || check(chunks)).await;
        let chunks = checked.map_err(ServiceError::internal)??;
        let owner = self.owner(actor, target).await?;
        let texts: Vec<String> = chunks.iter().map(|chunk| chunk.text.clone()).collect();
        let vectors = self.embed(actor, &texts).await?;
        let _place = self.work_place(actor).await?;
        let of_owner = owner.clone();
        let prepare = spawn_blocking(move || prepare(&of_owner, chunks, &vectors));
        let mut entries = Arc::new(prepare.await.map_err(ServiceError::internal)?);
        for _ in 0..ATTEMPTS {
            let snapshot = self.snapshot(actor, &owner).await?;
            let compared_with = snapshot.as_ref().map(|snapshot| snapshot.scope);
            entries = without_duplicates(entries, snapshot, self.embedder.dimension()).await?;
            let stored = entries.len();
            if stored == 0 {
                return Ok(Ingested {
                    stored,
                    skipped: total,
                });
            }
            let new = NewKnowledge {
                entries: &entries,
                embedder: self.embedder.name(),
                compared_with,
                most: MostKnowledge {
                    scope_entries: self.limits.scope_entries,
                    account_bytes: self.limits.account_bytes,
                },
            };
            match self
                .store
                .add_knowledge(&actor.account, &owner, new)
                .await?
            {
                KnowledgeAdded::Committed => {
                    return Ok(Ingested {
                        stored,
                        skipped: total - stored,
                    });
                }
                KnowledgeAdded::Stale => {}
                KnowledgeAdded::NoOwner => return Err(super::missing(&owner)),
            }
        }
        Err(ServiceError::unavailable(
            "Others keep changing this knowledge base. Try again in a moment.",
        ))
    }
}

/// Entries of chunks and their vectors.
fn prepare(
    owner: &KnowledgeOwner,
    chunks: Vec<Checked>,
    vectors: &[Vec<f32>],
) -> Vec<NewKnowledgeEntry> {
    let entry = |(chunk, vector): (Checked, &Vec<f32>)| NewKnowledgeEntry {
        kind: chunk.kind,
        terms: knowledge_terms(owner, &words(&chunk.text)),
        text: chunk.text,
        source: chunk.source,
        metadata: chunk.metadata,
        vector: quantise(vector),
    };
    chunks.into_iter().zip(vectors).map(entry).collect()
}

/// The entries that say what nothing else does. What was left out once stays out: it was a duplicate when it was compared.
async fn without_duplicates(
    entries: Arc<Vec<NewKnowledgeEntry>>,
    snapshot: Option<Arc<Snapshot>>,
    dimension: usize,
) -> Result<Arc<Vec<NewKnowledgeEntry>>, ServiceError> {
    let compare = spawn_blocking(move || {
        let new: Vec<Vec<u8>> = entries.iter().map(|entry| entry.vector.clone()).collect();
        let nothing = Vectors::new(dimension);
        let known = snapshot
            .as_ref()
            .map_or(&nothing, |snapshot| &snapshot.vectors);
        let duplicates = known.duplicates(&new, DUPLICATE_COSINE);
        let compared = entries.iter().zip(duplicates);
        let kept = compared.filter(|(_, is_duplicate)| !is_duplicate);
        Arc::new(kept.map(|(entry, _)| entry.clone()).collect())
    });
    compare.await.map_err(ServiceError::internal)
}
