//! Vectors of knowledge: read as they come, and replaced when another embedder is used.

use crate::db::args;
use crate::knowledge_scope::hold_owner;
use crate::{KnowledgeOwner, Store, StoreError};

/// The vector of an entry.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct KnowledgeVector {
    /// The entry's number in its scope.
    pub seq: i64,
    /// The scope's revision when the vector was made.
    pub revision: i64,
    /// The vector.
    pub vector: Vec<u8>,
}

/// A part of a scope's vectors, in the order of revision and number.
#[derive(Clone, Copy, Debug)]
pub struct VectorRange {
    /// The revision and number after which it begins.
    pub after: (i64, i64),
    /// The last revision in it.
    pub upto_revision: i64,
    /// The most vectors in it.
    pub limit: i64,
}

/// An entry whose vector another embedder made.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OutdatedKnowledge {
    /// The number of its scope.
    pub scope: i64,
    /// Its number in the scope.
    pub seq: i64,
    /// What it says.
    pub text: String,
}

#[derive(sqlx::FromRow)]
struct Owner {
    agent_id: Option<String>,
    swarm_id: Option<String>,
}

impl Store {
    /// Vectors of a scope that `embedder` made.
    pub async fn knowledge_vectors(
        &self,
        scope: i64,
        embedder: &str,
        range: VectorRange,
    ) -> Result<Vec<KnowledgeVector>, StoreError> {
        let (revision, seq) = range.after;
        self.db
            .all(
                "SELECT seq, revision, vector FROM knowledge_vector WHERE scope = $1 AND embedder = $2 \
                 AND (revision, seq) > ($3, $4) AND revision <= $5 ORDER BY revision, seq LIMIT $6",
                args![scope, embedder, revision, seq, range.upto_revision, range.limit],
            )
            .await
    }

    /// The numbers of all entries of a scope whose vectors `embedder` made.
    pub async fn knowledge_vector_seqs(
        &self,
        scope: i64,
        embedder: &str,
    ) -> Result<Vec<i64>, StoreError> {
        let sql = "SELECT seq FROM knowledge_vector WHERE scope = $1 AND embedder = $2";
        let seqs: Vec<(i64,)> = self.db.all(sql, args![scope, embedder]).await?;
        Ok(seqs.into_iter().map(|(seq,)| seq).collect())
    }

    /// How many entries, of all accounts, have vectors that another embedder made.
    pub async fn count_outdated_knowledge(&self, embedder: &str) -> Result<i64, StoreError> {
        let sql = "SELECT COUNT(*) FROM knowledge_vector WHERE embedder < $1 OR embedder > $1";
        self.db.count(sql, args![embedder]).await
    }

    /// Entries, of any account, whose vectors another embedder made: what the host embeds anew after a change.
    pub async fn outdated_knowledge(
        &self,
        embedder: &str,
        limit: i64,
    ) -> Result<Vec<OutdatedKnowledge>, StoreError> {
        self.db
            .all(
                "SELECT entry.scope, entry.seq, entry.text FROM knowledge_vector AS made \
                 JOIN knowledge_entry AS entry ON entry.scope = made.scope AND entry.seq = made.seq \
                 WHERE made.embedder < $1 OR made.embedder > $1 LIMIT $2",
                args![embedder, limit],
            )
            .await
    }

    /// Replaces vectors of a scope, by the numbers of their entries, in one transaction. Entries that are gone are left out.
    pub async fn replace_knowledge_vectors(
        &self,
        scope: i64,
        embedder: &str,
        vectors: &[(i64, Vec<u8>)],
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let owner = "SELECT agent_id, swarm_id FROM knowledge_scope WHERE number = $1";
        let owner: Option<Owner> = tx.optional(owner, args![scope]).await?;
        let owner = owner.and_then(|owner| KnowledgeOwner::of(owner.agent_id, owner.swarm_id));
        let Some(owner) = owner else {
            return Ok(());
        };
        hold_owner(&mut tx, &owner).await?;
        let revision: Option<(i64,)> = tx
            .optional(
                "UPDATE knowledge_scope SET revision = revision + 1, deletions = deletions + 1 WHERE number = $1 \
                 RETURNING revision",
                args![scope],
            )
            .await?;
        let Some((revision,)) = revision else {
            return Ok(());
        };
        for (seq, vector) in vectors {
            tx.execute(
                "UPDATE knowledge_vector SET embedder = $3, revision = $4, vector = $5 WHERE scope = $1 AND seq = $2",
                args![scope, *seq, embedder, revision, vector],
            )
            .await?;
        }
        tx.commit().await
    }
}
