//! Search by words and by vectors, fused into one ranking.

use std::collections::HashMap;
use std::sync::Arc;

use skillgate_agent::embedding::words;
use skillgate_store::{KnowledgeEntry, KnowledgeOwner, KnowledgeQuery, MAX_KNOWLEDGE_FOUND};
use tokio::task::spawn_blocking;

use super::cache::Snapshot;
use super::chunks::check_text;
use super::fuse::fuse;
use super::vectors::quantise;
use super::{Knowledge, KnowledgeTarget};
use crate::config::{MAX_QUERY_CHARS, MAX_SEARCH_RESULTS};
use crate::{Actor, ServiceError};

/// Entries that each of the two rankings gives.
const RANKED: usize = MAX_KNOWLEDGE_FOUND;

/// An entry that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundKnowledge {
    /// The entry.
    pub entry: KnowledgeEntry,
    /// From 0 to 1: 1 for what is first by its words and by its vector.
    pub score: f64,
}

impl Knowledge {
    /// The entries of an agent or swarm that fit a query, at most `limit`, the best first.
    ///
    /// # Errors
    /// `Invalid` for a query or limit that is not acceptable, `NotFound`.
    pub async fn search(
        &self,
        actor: &Actor,
        target: &KnowledgeTarget,
        query: &str,
        limit: usize,
    ) -> Result<Vec<FoundKnowledge>, ServiceError> {
        check_text("query", query, MAX_QUERY_CHARS)?;
        if !(1..=MAX_SEARCH_RESULTS).contains(&limit) {
            return Err(ServiceError::invalid(format!(
                "limit: must be 1 to {MAX_SEARCH_RESULTS}."
            )));
        }
        let owner = self.owner(actor, target).await?;
        self.search_owner(actor, &owner, query, limit).await
    }

    async fn search_owner(
        &self,
        actor: &Actor,
        owner: &KnowledgeOwner,
        query: &str,
        limit: usize,
    ) -> Result<Vec<FoundKnowledge>, ServiceError> {
        let vector = self.embed_query(actor, query).await;
        let _place = self.work_place(actor).await?;
        let Some(snapshot) = self.snapshot(actor, owner).await? else {
            return Ok(Vec::new());
        };
        let scope = snapshot.scope;
        let asked = by_words(owner.clone(), query.to_owned()).await?;
        let by_words = self
            .store
            .search_knowledge_text(&asked, scope.entries, RANKED as i64);
        let (by_words, by_vector) = tokio::join!(by_words, nearest(snapshot, vector));
        let fused = fuse(&[by_words?, by_vector?], limit);
        let seqs: Vec<i64> = fused.iter().map(|(seq, _)| *seq).collect();
        let found = self
            .store
            .knowledge_by_seq(&actor.account, scope.number, &seqs)
            .await?;
        let mut found: HashMap<i64, KnowledgeEntry> =
            found.into_iter().map(|entry| (entry.seq, entry)).collect();
        let ranked = fused.into_iter().filter_map(|(seq, score)| {
            let entry = found.remove(&seq)?;
            Some(FoundKnowledge { entry, score })
        });
        Ok(ranked.collect())
    }

    /// The query's vector; `None` when the embedding provider fails, or takes too long: words alone find something, too.
    async fn embed_query(&self, actor: &Actor, query: &str) -> Option<Vec<u8>> {
        let texts = [query.to_owned()];
        let embedded = self.embed(actor, &texts);
        let error = match tokio::time::timeout(self.limits.query_patience, embedded).await {
            Ok(Ok(vectors)) => return vectors.first().map(|vector| quantise(vector)),
            Ok(Err(error)) => error.chain(),
            Err(_) => "the embedding provider takes too long".to_owned(),
        };
        tracing::warn!(error, "knowledge is searched by words alone");
        None
    }
}

/// What the full text is asked for. Taking a long query apart takes milliseconds.
async fn by_words(owner: KnowledgeOwner, query: String) -> Result<KnowledgeQuery, ServiceError> {
    let work = spawn_blocking(move || KnowledgeQuery::new(&owner, &words(&query)));
    work.await.map_err(ServiceError::internal)
}

async fn nearest(
    snapshot: Arc<Snapshot>,
    query: Option<Vec<u8>>,
) -> Result<Vec<i64>, ServiceError> {
    let Some(query) = query else {
        return Ok(Vec::new());
    };
    let work = spawn_blocking(move || snapshot.vectors.nearest(&query, RANKED));
    work.await.map_err(ServiceError::internal)
}
