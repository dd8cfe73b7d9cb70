//! The full text of knowledge after a restoration: the two databases keep it in different forms, so that it is made anew.

use crate::db::{Tx, args};
use crate::knowledge_text::insert_terms;
use crate::{KnowledgeOwner, StoreError, knowledge_terms};

/// Entries whose terms are made anew at once: at most some megabytes of text.
const INDEXED_AT_ONCE: i64 = 500;

/// Entries in the order of their keys. `$1`, `$2`: the key after which it begins, `$3`: how many.
const ENTRIES: &str = "SELECT entry.scope, entry.seq, entry.text, made.agent_id, made.swarm_id FROM knowledge_entry AS entry \
     JOIN knowledge_scope AS made ON made.number = entry.scope WHERE (entry.scope, entry.seq) > ($1, $2) \
     ORDER BY entry.scope, entry.seq LIMIT $3";

/// An entry whose terms are to be made.
#[derive(sqlx::FromRow)]
struct Unindexed {
    scope: i64,
    seq: i64,
    text: String,
    agent_id: Option<String>,
    swarm_id: Option<String>,
}

/// Makes the full text of all entries, where there is none yet; `words` takes a text apart.
pub(super) async fn index_knowledge(
    tx: &mut Tx,
    words: impl Fn(&str) -> Vec<String>,
) -> Result<(), StoreError> {
    let mut after = (i64::MIN, i64::MIN);
    loop {
        let args = args![after.0, after.1, INDEXED_AT_ONCE];
        let entries: Vec<Unindexed> = tx.all(ENTRIES, args).await?;
        let Some(last) = entries.last() else {
            return Ok(());
        };
        after = (last.scope, last.seq);
        for entry in entries {
            let owner = KnowledgeOwner::of(entry.agent_id, entry.swarm_id).ok_or_else(|| {
                StoreError::Invalid(format!("knowledge {} has no owner", entry.scope))
            })?;
            let terms = knowledge_terms(&owner, &words(&entry.text));
            insert_terms(tx, entry.scope, entry.seq, &terms).await?;
        }
    }
}
