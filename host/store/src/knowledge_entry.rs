//! Entries of knowledge, as they are read.

use std::sync::LazyLock;

use crate::db::{Arg, args};
use crate::{KnowledgeOwner, Store, StoreError, Timestamp};

/// An entry of knowledge.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct KnowledgeEntry {
    /// Its number in its scope.
    pub seq: i64,
    /// UUID, later ones after earlier ones.
    pub id: String,
    /// What it says.
    pub text: String,
    /// Where it is from, such as the name of a file.
    pub source: String,
    /// `type` of its metadata.
    #[sqlx(rename = "type")]
    pub kind: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The most entries that are read by their numbers at once.
pub const MAX_KNOWLEDGE_FOUND: usize = 50;

const LIST: &str = "SELECT seq, id, text, source, type, created_at, updated_at FROM knowledge_entry \
     WHERE scope = $1 AND account_id = $2 AND id >= $3 ORDER BY id LIMIT $4";

const LIST_OF_SOURCE: &str = "SELECT seq, id, text, source, type, created_at, updated_at FROM knowledge_entry \
     WHERE scope = $1 AND account_id = $2 AND id >= $3 AND source = $5 ORDER BY id LIMIT $4";

/// Statements live as long as the process, as those that are written out do.
static BY_SEQ: LazyLock<&str> = LazyLock::new(|| {
    let numbers: Vec<String> = (3..3 + MAX_KNOWLEDGE_FOUND)
        .map(|place| format!("${place}"))
        .collect();
    let sql = format!(
        "SELECT seq, id, text, source, type, created_at, updated_at FROM knowledge_entry \
         WHERE scope = $1 AND account_id = $2 AND seq IN ({})",
        numbers.join(", ")
    );
    sql.leak()
});

impl Store {
    /// Entries of an owner in the order in which they were added, at most `limit`, those of `source` alone when it is given,
    /// beginning with the entry `from`, which need not be there any more.
    pub async fn list_knowledge(
        &self,
        account: &str,
        owner: &KnowledgeOwner,
        source: Option<&str>,
        from: &str,
        limit: i64,
    ) -> Result<Vec<KnowledgeEntry>, StoreError> {
        let Some(scope) = self.knowledge_scope(account, owner).await? else {
            return Ok(Vec::new());
        };
        let scope = scope.number;
        match source {
            None => self.db.all(LIST, args![scope, account, from, limit]).await,
            Some(source) => {
                let args = args![scope, account, from, limit, source];
                self.db.all(LIST_OF_SOURCE, args).await
            }
        }
    }

    /// Entries of a scope by their numbers, in any order; those that are gone are left out. Only the first
    /// [`MAX_KNOWLEDGE_FOUND`] numbers are looked at.
    pub async fn knowledge_by_seq(
        &self,
        account: &str,
        scope: i64,
        seqs: &[i64],
    ) -> Result<Vec<KnowledgeEntry>, StoreError> {
        // No entry has the number 0.
        let numbers = seqs.iter().copied().chain(std::iter::repeat(0));
        let mut values = vec![Arg::from(scope), Arg::from(account)];
        values.extend(numbers.take(MAX_KNOWLEDGE_FOUND).map(Arg::from));
        self.db.all(*BY_SEQ, &values).await
    }
}
