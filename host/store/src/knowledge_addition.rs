//! Entries of knowledge, as they are added.

use crate::db::{Tx, args};
use crate::error::{Limit, Limited};
use crate::knowledge_scope::{find_or_make_scope, hold_owner};
use crate::knowledge_text::insert_terms;
use crate::{KnowledgeOwner, KnowledgeScope, Store, StoreError, Timestamp, id};

/// An entry to be added.
#[derive(Clone, Debug)]
pub struct NewKnowledgeEntry {
    /// What it says.
    pub text: String,
    /// Where it is from, such as the name of a file.
    pub source: String,
    /// `type` of its metadata.
    pub kind: Option<String>,
    /// A JSON object, as text.
    pub metadata: String,
    /// The terms under which it is found, from [`knowledge_terms`](crate::knowledge_terms).
    pub terms: String,
    /// Its vector.
    pub vector: Vec<u8>,
}

/// Entries to be added together.
#[derive(Clone, Debug)]
pub struct NewKnowledge<'a> {
    /// The entries.
    pub entries: &'a [NewKnowledgeEntry],
    /// The name of what made their vectors.
    pub embedder: &'a str,
    /// The scope that the entries were compared with; `None` where there was none.
    pub compared_with: Option<KnowledgeScope>,
    /// What there may be afterwards.
    pub most: MostKnowledge,
}

/// The most knowledge that there may be.
#[derive(Clone, Copy, Debug)]
pub struct MostKnowledge {
    /// Entries of one scope.
    pub scope_entries: i64,
    /// Bytes of one account, with what makes its entries be found: vectors and terms.
    pub account_bytes: i64,
}

/// What became of entries to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnowledgeAdded {
    /// They were committed.
    Committed,
    /// Nothing was added: the scope changed since the entries were compared with it. Compare again.
    Stale,
    /// Nothing was added: the account has no such owner.
    NoOwner,
}

/// The numbers that a scope gave out.
#[derive(sqlx::FromRow)]
struct Numbers {
    last_seq: i64,
    revision: i64,
}

/// What a scope and its account have.
#[derive(sqlx::FromRow)]
struct Amount {
    entries: i64,
    bytes: i64,
}

impl Store {
    /// Adds entries in one transaction.
    ///
    /// # Errors
    /// [`StoreError::LimitReached`] when there would be more than there may be; nothing is added then.
    pub async fn add_knowledge(
        &self,
        account: &str,
        owner: &KnowledgeOwner,
        new: NewKnowledge<'_>,
    ) -> Result<KnowledgeAdded, StoreError> {
        let bytes: i64 = new.entries.iter().map(size).sum();
        let _turn = self.turn_to_write(bytes.unsigned_abs() as usize).await?;
        let mut tx = self.db.begin().await?;
        hold_owner(&mut tx, owner).await?;
        // Those who add to the same account wait for each other: they count.
        tx.hold_account(account).await?;
        let Some(scope) = find_or_make_scope(&mut tx, account, owner).await? else {
            return Ok(KnowledgeAdded::NoOwner);
        };
        let Some(numbers) = take_numbers(&mut tx, scope.number, &new, bytes).await? else {
            return Ok(KnowledgeAdded::Stale);
        };
        refuse_too_much(&mut tx, account, scope.number, new.most).await?;
        let first = numbers.last_seq - new.entries.len() as i64 + 1;
        let now = self.now();
        for (seq, entry) in (first..).zip(new.entries) {
            insert(&mut tx, account, (scope.number, seq), entry, now).await?;
            tx.execute(
                "INSERT INTO knowledge_vector (scope, seq, embedder, revision, vector) VALUES ($1, $2, $3, $4, $5)",
                args![scope.number, seq, new.embedder, numbers.revision, &entry.vector],
            )
            .await?;
            insert_terms(&mut tx, scope.number, seq, &entry.terms).await?;
        }
        tx.commit().await?;
        Ok(KnowledgeAdded::Committed)
    }
}

/// Counts entries in and reserves their numbers; `None` when the scope is not any more what they were compared with. Those who
/// add to the same scope wait for each other here.
async fn take_numbers(
    tx: &mut Tx,
    scope: i64,
    new: &NewKnowledge<'_>,
    bytes: i64,
) -> Result<Option<Numbers>, StoreError> {
    let seen = new.compared_with;
    let (revision, deletions) = seen.map_or((0, 0), |seen| (seen.revision, seen.deletions));
    tx.optional(
        "UPDATE knowledge_scope SET entries = entries + $2, bytes = bytes + $3, last_seq = last_seq + $2, \
         revision = revision + 1 WHERE number = $1 AND revision = $4 AND deletions = $5 RETURNING last_seq, revision",
        args![scope, new.entries.len() as i64, bytes, revision, deletions],
    )
    .await
}

async fn refuse_too_much(
    tx: &mut Tx,
    account: &str,
    scope: i64,
    most: MostKnowledge,
) -> Result<(), StoreError> {
    let amount: Option<Amount> = tx
        .optional(
            "SELECT CAST(SUM(CASE WHEN number = $2 THEN entries ELSE 0 END) AS BIGINT) AS entries, \
             CAST(SUM(bytes) AS BIGINT) AS bytes FROM knowledge_scope WHERE account_id = $1",
            args![account, scope],
        )
        .await?;
    let has = amount.unwrap_or(Amount {
        entries: 0,
        bytes: 0,
    });
    Limit::check(Limited::KnowledgeEntries, has.entries, most.scope_entries)?;
    Limit::check(Limited::KnowledgeBytes, has.bytes, most.account_bytes)
}

async fn insert(
    tx: &mut Tx,
    account: &str,
    (scope, seq): (i64, i64),
    entry: &NewKnowledgeEntry,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO knowledge_entry (scope, seq, id, account_id, text, source, type, metadata, size, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        args![
            scope,
            seq,
            &id::new(),
            account,
            &entry.text,
            &entry.source,
            &entry.kind,
            &entry.metadata,
            size(entry),
            now
        ],
    )
    .await?;
    Ok(())
}

/// The bytes that an entry counts. Of short texts, vector and terms are by far the most.
fn size(entry: &NewKnowledgeEntry) -> i64 {
    let written = entry.text.len() + entry.source.len() + entry.metadata.len();
    let made = entry.vector.len() + entry.terms.len();
    i64::try_from(written + made).unwrap_or(i64::MAX)
}
