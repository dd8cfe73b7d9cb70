//! The vectors of scopes, kept in memory as long as there is room.

use std::collections::HashSet;
use std::sync::Arc;

use moka::future::Cache;
use moka::ops::compute::Op;
use skillgate_store::{KnowledgeOwner, KnowledgeScope, Store, VectorRange};
use tokio::task::spawn_blocking;

use super::vectors::Vectors;
use crate::ServiceError;
use crate::config::KnowledgeLimits;

/// Vectors that are read from the database at once: some hundred kilobytes.
const READ_AT_ONCE: usize = 1_000;

/// The vectors of scopes that one embedder made. A scope's are read whole the first time, and afterwards only what changed.
pub(super) struct VectorCache {
    store: Store,
    embedder: String,
    dimension: usize,
    scopes: Cache<KnowledgeOwner, Arc<Snapshot>>,
}

/// All vectors of a scope at one revision.
pub(super) struct Snapshot {
    /// The scope as it was then.
    pub(super) scope: KnowledgeScope,
    /// Its vectors.
    pub(super) vectors: Vectors,
}

impl VectorCache {
    pub(super) fn new(
        store: Store,
        embedder: &str,
        dimension: usize,
        limits: KnowledgeLimits,
    ) -> Self {
        let weigh = |_: &KnowledgeOwner, snapshot: &Arc<Snapshot>| {
            u32::try_from(snapshot.vectors.bytes() >> 10).unwrap_or(u32::MAX)
        };
        Self {
            store,
            embedder: embedder.to_owned(),
            dimension,
            // Weighed in KiB, because a weight has 32 bits.
            scopes: Cache::builder()
                .weigher(weigh)
                .max_capacity(limits.memory >> 10)
                .time_to_idle(limits.idle)
                .build(),
        }
    }

    /// The owner's vectors, as they are in `scope` or newer. Those who want the same at the same time wait for one reader.
    pub(super) async fn at_least(
        &self,
        owner: &KnowledgeOwner,
        scope: KnowledgeScope,
    ) -> Result<Arc<Snapshot>, ServiceError> {
        if let Some(snapshot) = self.scopes.get(owner).await
            && snapshot.is_as_new_as(scope)
        {
            return Ok(snapshot);
        }
        let entry = self.scopes.entry_by_ref(owner);
        let computed = entry.and_try_compute_with(|known| async move {
            let known = known.map(moka::Entry::into_value);
            match known {
                Some(known) if known.is_as_new_as(scope) => Ok(Op::Nop),
                known => self
                    .read(known, scope)
                    .await
                    .map(|new| Op::Put(Arc::new(new))),
            }
        });
        let entry = computed.await?.into_entry();
        let entry = entry.ok_or_else(|| ServiceError::internal("no vectors were read"))?;
        Ok(entry.into_value())
    }

    /// Reads what changed since `known`; all where nothing is known.
    async fn read(
        &self,
        known: Option<Arc<Snapshot>>,
        scope: KnowledgeScope,
    ) -> Result<Snapshot, ServiceError> {
        let known = known.filter(|known| known.scope.number == scope.number);
        let after = known.as_ref().map_or(0, |known| known.scope.revision);
        let added = self.read_after(after, scope).await?;
        let Some(known) = known else {
            return Ok(Snapshot {
                scope,
                vectors: added,
            });
        };
        let has_fewer = known.scope.deletions != scope.deletions;
        let kept = match has_fewer {
            true => Some(
                self.store
                    .knowledge_vector_seqs(scope.number, &self.embedder)
                    .await?,
            ),
            false => None,
        };
        let merge = spawn_blocking(move || merge(&known.vectors, added, kept));
        let vectors = merge.await.map_err(ServiceError::internal)?;
        Ok(Snapshot { scope, vectors })
    }

    async fn read_after(
        &self,
        revision: i64,
        scope: KnowledgeScope,
    ) -> Result<Vectors, ServiceError> {
        let mut vectors = Vectors::new(self.dimension);
        let mut range = VectorRange {
            after: (revision, i64::MAX),
            upto_revision: scope.revision,
            limit: READ_AT_ONCE as i64,
        };
        loop {
            let read = self
                .store
                .knowledge_vectors(scope.number, &self.embedder, range)
                .await?;
            for one in &read {
                vectors.push(one.seq, &one.vector);
            }
            match read.last() {
                Some(last) if read.len() == READ_AT_ONCE => range.after = (last.revision, last.seq),
                _ => return Ok(vectors),
            }
        }
    }
}

impl Snapshot {
    fn is_as_new_as(&self, scope: KnowledgeScope) -> bool {
        self.scope.number == scope.number
            && self.scope.revision >= scope.revision
            && self.scope.deletions >= scope.deletions
    }
}

/// The vectors known before and those that were added; of the first only those in `kept`, where some were deleted or replaced.
fn merge(known: &Vectors, added: Vectors, kept: Option<Vec<i64>>) -> Vectors {
    let mut merged = known.clone();
    if let Some(kept) = kept {
        let mut kept: HashSet<i64> = kept.into_iter().collect();
        added.seqs().for_each(|seq| {
            kept.remove(&seq);
        });
        merged.retain(|seq| kept.contains(&seq));
    }
    merged.append(added);
    merged
}
