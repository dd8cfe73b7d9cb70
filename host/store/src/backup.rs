//! All rows of the database, out and in again: a backup of either database is restored into either.
//!
//! Rows travel as JSON arrays, one a line, in chunks of one table. They are read in one snapshot, so that a backup that is taken
//! while a server works is what the database was at one moment.

mod columns;
mod export;
mod full_text;
mod import;

pub use self::export::TableChunk;
pub use self::import::Import;

use std::error::Error;

use crate::StoreError;

/// The tables whose rows are in no backup: they are of the moment, and a restoration would bring back what has ended since.
#[cfg(test)]
const LEFT_OUT: &[&str] = &[
    // Sessions that were logged out would be open again.
    "console_session",
    // Answers would be given that are older than what was restored, and kept for longer than a day.
    "idempotency_key",
];

/// Every other table of the schema, parents before children: the order in which rows are put back. The full text of
/// knowledge is not among them: the databases keep it in different forms, and [`Import::commit`] makes it anew.
pub(crate) const TABLES: &[&str] = &[
    "store_fact",
    "account",
    "api_key",
    "publisher_key",
    "publisher_key_challenge",
    "swarm",
    "agent",
    "personality_version",
    "agent_rule",
    "secret",
    "session",
    "run",
    "step",
    "message",
    "skill",
    "skill_version",
    "skill_package",
    "installation",
    "assignment",
    "permission_grant",
    "task",
    "agent_log",
    "agent_log_head",
    "knowledge_scope",
    "knowledge_entry",
    "knowledge_vector",
    "usage_day",
];

/// What stops a backup or a restoration.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database failed, or refused a row.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rows could not be given on.
    #[error("the backup could not be written")]
    Sink(#[source] std::io::Error),
    /// The rows that came are not rows of this schema.
    #[error("the backup does not fit this program: {0}")]
    Malformed(String),
    /// There is something in the database that would be mixed with what is restored.
    #[error("the database holds accounts already: a backup is restored into an empty one")]
    NotEmpty,
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

fn malformed(why: impl Into<Box<dyn Error + Send + Sync>>) -> BackupError {
    BackupError::Malformed(why.into().to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{LEFT_OUT, TABLES};
    use crate::connect::connect;
    use crate::db::args;
    use crate::migrations::migrate;

    #[tokio::test]
    async fn every_table_is_in_a_backup_or_left_out_for_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        let db = connect(&format!("sqlite://{}", file.display()))
            .await
            .unwrap();
        migrate(&db).await.unwrap();
        // The tables of the full text are made anew by a restoration.
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_version' \
             AND name NOT LIKE 'knowledge\\_text%' ESCAPE '\\'";
        let there: Vec<(String,)> = db.all(sql, args![]).await.unwrap();
        let there: BTreeSet<_> = there.iter().map(|(name,)| name.as_str()).collect();
        assert_eq!(there, TABLES.iter().chain(LEFT_OUT).copied().collect());
        db.close().await;
    }
}
